//! Instants: things that happen at a time and last no time worth measuring.

use crate::frame::{FrameKind, read_u16, read_u32, read_u64};
use crate::{FixedRecord, RecordError};

/// Something that happened, on the CPU and in the context of its frame.
///
/// A context switch is the instant [`Instant::SWITCH`] with the leaving
/// thread in `a` and the coming one in `b`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Instant {
    /// TSC ticks.
    pub time: u64,
    /// Declared id; 0 is [`Instant::SWITCH`].
    pub id: u16,
    /// First argument, meaning declared with the id.
    pub a: u32,
    /// Second argument, meaning declared with the id.
    pub b: u64,
}

impl Instant {
    /// The id every kernel uses for a context switch.
    pub const SWITCH: u16 = 0;
}

impl FixedRecord for Instant {
    const KIND: FrameKind = FrameKind::Instants;
    const LENGTH: usize = 24;

    fn time(&self) -> u64 {
        self.time
    }

    fn write(&self, bytes: &mut [u8]) {
        bytes[0..8].copy_from_slice(&self.time.to_le_bytes());
        bytes[8..10].copy_from_slice(&self.id.to_le_bytes());
        bytes[10..12].fill(0);
        bytes[12..16].copy_from_slice(&self.a.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.b.to_le_bytes());
    }

    fn read(bytes: &[u8]) -> Result<Self, RecordError> {
        if read_u16(bytes, 10) != 0 {
            return Err(RecordError::Field);
        }
        Ok(Instant {
            time: read_u64(bytes, 0),
            id: read_u16(bytes, 8),
            a: read_u32(bytes, 12),
            b: read_u64(bytes, 16),
        })
    }
}
