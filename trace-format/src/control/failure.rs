//! Failures in the guest.

use serde::{Deserialize, Serialize};

/// A process was ended by a fault of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessFaulted {
    /// The process.
    pub pid: u32,
    /// Exception vector.
    pub vector: u8,
    /// Error code, 0 where the exception has none.
    pub error_code: u64,
    /// Address of the instruction.
    pub instruction: u64,
    /// Address that was accessed; 0 where none applies.
    pub address: u64,
}

/// The kernel panicked; this stream ends without [`super::EndOfStream`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Panicked<'a> {
    /// TSC ticks.
    pub time: u64,
    /// The message.
    pub message: &'a str,
    /// Source file and line.
    pub location: &'a str,
    /// Spans that were open.
    pub open_spans: u64,
}
