//! Counter readings. What an id means, and how readings of several CPUs add
//! up, is declared once by a control message.

use crate::frame::{FrameKind, read_u16, read_u64};
use crate::{FixedRecord, RecordError};

/// The value of a counter at a time, on the CPU of its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Counter {
    /// TSC ticks of the reading.
    pub time: u64,
    /// Value since the start of the stream.
    pub value: u64,
    /// Declared id.
    pub id: u16,
}

impl FixedRecord for Counter {
    const KIND: FrameKind = FrameKind::Counters;
    const LENGTH: usize = 20;

    fn time(&self) -> u64 {
        self.time
    }

    fn write(&self, bytes: &mut [u8]) {
        bytes[0..8].copy_from_slice(&self.time.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.value.to_le_bytes());
        bytes[16..18].copy_from_slice(&self.id.to_le_bytes());
        bytes[18..20].fill(0);
    }

    fn read(bytes: &[u8]) -> Result<Self, RecordError> {
        if read_u16(bytes, 18) != 0 {
            return Err(RecordError::Field);
        }
        Ok(Counter {
            time: read_u64(bytes, 0),
            value: read_u64(bytes, 8),
            id: read_u16(bytes, 16),
        })
    }
}
