//! Dispatch roots: one on-CPU stretch of one submission's processing.

use crate::RecordError;
use crate::frame::{read_u16, read_u32};

/// Most spans a root can state. A root with this many or more states exactly
/// this number, and a reader cannot prove its tree complete.
pub const SPANS_INSIDE_MAX: u16 = (1 << 12) - 1;

/// Length of an encoded [`Dispatch`] in bytes.
pub const DISPATCH_LENGTH: usize = 16;

/// The dispatched work, its requester and its outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Dispatch {
    /// Thread on whose behalf the kernel worked.
    pub tid: u32,
    /// Flow: the dispatches of one submission, before and after it blocked,
    /// share this id.
    pub flow: u32,
    /// Result posted in the completion; 0 while the flow is pending.
    pub result: i32,
    /// Opcode of the submission.
    pub opcode: u8,
    /// Declared index of the capability's interface;
    /// [`Dispatch::NO_INTERFACE`] where none was looked up.
    pub interface: u8,
    /// Method of the interface.
    pub method: u16,
}

impl Dispatch {
    /// No capability was looked up, or its interface is not declared.
    pub const NO_INTERFACE: u8 = u8::MAX;

    pub(crate) fn write(&self, bytes: &mut [u8]) {
        bytes[0..4].copy_from_slice(&self.tid.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.flow.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.result.to_le_bytes());
        bytes[12] = self.opcode;
        bytes[13] = self.interface;
        bytes[14..16].copy_from_slice(&self.method.to_le_bytes());
    }

    #[cfg_attr(not(feature = "decode"), allow(dead_code))]
    pub(crate) fn read(bytes: &[u8]) -> Dispatch {
        Dispatch {
            tid: read_u32(bytes, 0),
            flow: read_u32(bytes, 4),
            result: read_u32(bytes, 8) as i32,
            opcode: bytes[12],
            interface: bytes[13],
            method: read_u16(bytes, 14),
        }
    }
}

/// How a stretch began and ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Outcome {
    /// From submission to completion without blocking.
    #[default]
    Complete = 0,
    /// From submission to the point where it blocked.
    Pending = 1,
    /// From wake-up to completion.
    Resumed = 2,
    /// From wake-up to the point where it blocked again.
    ResumedPending = 3,
}

impl Outcome {
    /// The outcome behind two bits.
    pub const fn from_bits(bits: u32) -> Option<Outcome> {
        Some(match bits {
            0 => Outcome::Complete,
            1 => Outcome::Pending,
            2 => Outcome::Resumed,
            3 => Outcome::ResumedPending,
            _ => return None,
        })
    }
}

/// A dispatch root: the span around a whole stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Root {
    /// TSC ticks at its start.
    pub start: u64,
    /// TSC ticks from start to end.
    pub duration: u64,
    /// Segment id of the root, below 4096.
    pub segment: u16,
    /// How the stretch began and ended.
    pub outcome: Outcome,
    /// Spans begun inside, at any depth, dropped ones included; see
    /// [`SPANS_INSIDE_MAX`].
    pub spans_inside: u16,
    /// The dispatched work.
    pub dispatch: Dispatch,
}

impl Root {
    /// TSC ticks at its end; `None` where that leaves 64 bits.
    pub fn end(&self) -> Result<u64, RecordError> {
        self.start
            .checked_add(self.duration)
            .ok_or(RecordError::Time)
    }
}
