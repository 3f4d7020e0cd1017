# What a benchmark result is, on disk: results.capnp holds one Results message.
#
# The JSON form (results.json) has the same shape, with two spellings of its own:
# hashes are lower-case hexadecimal, and the branch of `result` stands directly
# in the result object under its own name.
#
# Law: a value exists only in the `measurement` branch. `status` repeats the
# branch for readers that only filter; a reader must reject a mismatch. A
# `measurement` pointer that is null is a missing branch, never a zero.

@0xd1f7a3c25b9e4860;

enum BenchmarkStatus {
  passed        @0;
  failed        @1;
  unsupported   @2;
  invalid       @3;
  notApplicable @4;
}

struct Results {
  schema  @0 :Text;  # "capbench.results/1"
  run     @1 :Run;
  results @2 :List(BenchmarkResult);

  comparisons @3 :List(Comparison);
  context     @4 :List(ContextRow);
}

struct Run {
  id        @0 :Text;
  suite     @1 :Text;
  mode      @2 :Text;
  startedAt @3 :Text;  # RFC 3339, UTC
  tool      @4 :Text;
  commit    @5 :Text;
  dirty     @6 :Bool;
  boots     @7 :UInt32;
  envelope  @8 :Envelope;
  guests    @9 :List(Guest);  # of its rows
}

struct Guest {
  name    @0 :Text;
  title   @1 :Text;  # in headings
  caution @2 :Text;  # what a reader of its numbers must know; empty: nothing
}

struct Envelope {
  hash        @0 :Data;
  description @1 :Text;
}

struct BenchmarkResult {
  runId         @0 :Text;
  benchmarkName @1 :Text;
  tier          @2 :UInt16;
  status        @3 :BenchmarkStatus;
  correctnessId @4 :Text;
  configHash    @5 :Data;
  artifactHash  @6 :Data;  # empty when the run captured nothing for this result
  notes         @7 :Text;

  result :union {
    measurement   @8  :MeasurementSummary;
    failure       @9  :RunFailure;
    unsupported   @10 :RunFailure;
    invalid       @11 :RunFailure;
    notApplicable @12 :RunFailure;
  }

  guest            @13 :Text;
  mode             @14 :Text;
  authorityProfile @15 :Text;
  system           @16 :Text;  # what the guest booted: its programs and kernel parameters
  labels           @17 :List(Text);  # what sets its boots apart from those of the plain system
  attempts         @18 :UInt32;  # boots of its guest and system, repeated ones included, audits not; 0: not told

  # The parts of benchmarkName, which is benchmark and values with slashes between.
  benchmark  @19 :Text;  # null in older documents
  parameters @20 :List(Parameter);
}

struct Parameter {
  name  @0 :Text;
  value @1 :Text;
}

enum SampleKind {
  operations @0;  # one operation per sample: percentiles are latencies
  batchMeans @1;  # a sample is the mean of a batch: percentiles are of means
}

struct MeasurementSummary {
  unit          @0 :Text;
  lowerIsBetter @1 :Bool;
  median        @2 :Float64;        # median of the boots' medians
  p95           @3 :Float64 = nan;  # median of the boots' p95; nan: too few samples for one
  samples       @4 :List(Float64);  # per-operation value of every warm batch, boots in order

  sampleKind @5  :SampleKind;
  batch      @6  :UInt32;           # operations per sample
  n          @7  :UInt64;           # number of samples
  min        @8  :Float64;          # of all samples
  max        @9  :Float64;
  sd         @10 :Float64 = nan;    # of all samples, n - 1 in the divisor; nan: a single sample
  range      @11 :Range;            # of the boots' medians
  cold       @12 :Float64 = nan;    # median of the boots' first values; nan: not recorded
  boots      @13 :List(BootSummary);
  breakdown  @14 :Breakdown;        # null: no segment trace

  instruments   @15 :List(InstrumentAgreement);
  perturbations @16 :List(Perturbation);
  mispriced     @17 :List(Mispriced);
  interval      @18 :Interval;  # of the median, by bootstrap over boots; null: fewer than 8
  mean          @19 :Float64 = nan;  # mean of the boots' means; nan: an older document
  modes         @20 :List(ValueMode);  # the lower and the upper; empty: one mode
}

struct ValueMode {
  value @0 :Float64;  # middle of its samples
  share @1 :Float64;  # part of all samples that it holds
}

struct Interval {
  low        @0 :Float64;
  high       @1 :Float64;
  confidence @2 :Float64;  # how often such an interval is meant to hold the true median
}

# What a second instrument said of the loop that the program timed, in the boots
# that carried it. All of it agrees; what does not, leaves no measurement.
struct InstrumentAgreement {
  pass       @0 :Text;
  instrument @1 :Text;
  unit       @2 :Text;
  agreed     @3 :UInt32;         # boots in which it was judged
  notJudged  @4 :UInt32;         # boots in which it could not be
  why        @5 :Text;           # why not; empty when it always was
  widest     @6 :InstrumentReading;  # of those judged; null: none was
}

struct InstrumentReading {
  trace    @0 :Text;
  program  @1 :Float64;  # what the program says
  observed @2 :Float64;  # what the instrument says, its own cost taken out
  allowed  @3 :Float64;  # most they may differ, in the same unit
}

# What a pass's instrument costs the benchmark.
struct Perturbation {
  pass   @0 :Text;
  median @1 :Float64;  # under this pass, from its own samples
  effect @2 :Float64;  # that minus the measurement's median
}

# Instructions in the window that exact mode counts as one and hardware does not.
struct Mispriced {
  kind         @0 :Text;
  perOperation @1 :Float64 = nan;  # executions per operation; nan: not counted
  countedBy    @2 :Text;           # empty: not counted
}

struct Comparison {
  numerator   @0 :RowName;
  denominator @1 :RowName;
  difference  @2 :Text;  # what the two do not have in common
  result :union {
    ratio @3 :Ratio;
    none  @4 :RunFailure;
  }
}

struct RowName {
  benchmarkName @0 :Text;
  guest         @1 :Text;
  system        @2 :Text;
  benchmark     @3 :Text;  # null in older documents
  parameters    @4 :List(Parameter);
}

struct Ratio {
  value       @0 :Float64;  # numerator / denominator
  unit        @1 :Text;     # of both
  numerator   @2 :Float64;  # headlines
  denominator @3 :Float64;
  numeratorHeadline   @4 :Text;  # which headline was divided; empty: the median
  denominatorHeadline @5 :Text;
}

# A number from outside the envelope: beside the matrix, never in a ratio.
struct ContextRow {
  column        @0 :Text;
  benchmarkName @1 :Text;
  source        @2 :Text;  # where it comes from
  status        @3 :BenchmarkStatus;
  result :union {
    value         @4 :ContextValue;
    failure       @5 :RunFailure;
    unsupported   @6 :RunFailure;
    invalid       @7 :RunFailure;
    notApplicable @8 :RunFailure;
  }

  benchmark  @9  :Text;  # null in older documents
  parameters @10 :List(Parameter);
}

struct ContextValue {
  unit   @0 :Text;
  median @1 :Float64;
  min    @2 :Float64;
  n      @3 :UInt64;
}

struct Range {
  low  @0 :Float64;
  high @1 :Float64;
}

struct BootSummary {
  trace  @0 :Text;           # the boot's trace, relative to the run directory
  n      @1 :UInt64;         # its share of `samples`
  median @2 :Float64;
  p95    @3 :Float64 = nan;  # nan: too few samples for one
  cold   @4 :Float64 = nan;  # nan: not recorded
}

# Where a dispatch spends itself, from the variant with all probes compiled in.
# Never a headline number.
struct Breakdown {
  traces       @0 :List(Text);
  dispatches   @1 :UInt64;         # complete trees
  incomplete   @2 :UInt64;         # trees left out of self times
  tracedMedian @3 :Float64 = nan;  # the benchmark's own median under full tracing
  selfBound    @4 :Float64 = nan;  # |corrected self - true self| per span is at most this
  segments     @5 :List(SegmentSummary);

  # tracedMedian minus the measurement's median: what full tracing adds to one
  # operation. nan: one of them is missing.
  tracingEffect @6 :Float64 = nan;
}

struct SegmentSummary {
  name          @0 :Text;
  parent        @1 :Text;           # empty: not inside another segment
  count         @2 :UInt64;
  median        @3 :Float64;
  p95           @4 :Float64 = nan;
  max           @5 :UInt64;
  share         @6 :Float64 = nan;  # self time / time of all dispatches; nan: outside a dispatch
  selfRaw       @7 :Float64 = nan;  # medians
  selfCorrected @8 :Float64 = nan;
  bucketed      @9 :Bool;           # median or p95 above 65535: known to 0.1 % only
}

struct RunFailure {
  reason   @0 :Text;
  detail   @1 :Text;
  evidence @2 :List(Evidence);
}

struct Evidence {
  source   @0 :Text;  # the boot or file it was seen in
  subject  @1 :Text;
  expected @2 :Text;
  observed @3 :Text;
}
