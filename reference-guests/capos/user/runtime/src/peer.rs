//! What `peer`, the other side of benchmarks that need two processes, understands.

/// Bytes that a call to it may have at most.
pub const LARGEST: usize = 4096;

/// Method: answer with the parameters; capabilities that came are given up.
pub const ECHO: u16 = 0;
/// Method: answer with the parameters, and move the capabilities back.
pub const GIVE_BACK: u16 = 1;
/// Method: answer with the parameters, the first word replaced by the time at which the
/// call was in the receiver's hands.
pub const STAMP: u16 = 2;
/// Method: answer, and end.
pub const STOP: u16 = 3;
