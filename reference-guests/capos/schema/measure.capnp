# Measurement-only control of capbench windows. No part of capOS: the file id and
# the kernel source are this project's own.
#
# interface MeasureControl: begin @0, end @1, samples @2, drain @3, close @4,
# verdict @5, denied @6. `end` is `close` and `verdict` in one.
@0xf3c1a9d57e2b4860;

struct MeasureControlBeginParams {
  benchmark @0 :Text;
  recordBound @1 :UInt32;
  expectedOperations @2 :UInt64;
}
struct MeasureControlBeginResults { window @0 :UInt32; }

struct MeasureControlEndParams {
  window @0 :UInt32;
  submitted @1 :UInt64;
  completed @2 :UInt64;
  failures @3 :UInt32;
  detail @4 :Text;
}

struct MeasureControlCloseParams { window @0 :UInt32; }

# `verdict` takes the parameters of `end`.

# A call that the authority profile denies, and the program saw denied.
struct MeasureControlDeniedParams {
  name @0 :Text;
  interfaceId @1 :UInt64;
  observed @2 :Text;
}

# `data` is packed records of 24 bytes: start u64, ticks u64, operations u32,
# flags u16, metric u16, little endian.
struct MeasureControlSamplesParams { window @0 :UInt32; data @1 :Data; }
