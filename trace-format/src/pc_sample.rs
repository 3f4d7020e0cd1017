//! Sampled program counters, for flame graphs.

use crate::frame::{FrameKind, read_u32, read_u64};
use crate::{FixedRecord, RecordError};

/// Where a thread was when a sampling interrupt came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PcSample {
    /// TSC ticks.
    pub time: u64,
    /// Virtual address of the interrupted instruction.
    pub address: u64,
    /// The interrupted thread.
    pub tid: u32,
}

impl FixedRecord for PcSample {
    const KIND: FrameKind = FrameKind::PcSamples;
    const LENGTH: usize = 20;

    fn time(&self) -> u64 {
        self.time
    }

    fn write(&self, bytes: &mut [u8]) {
        bytes[0..8].copy_from_slice(&self.time.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.address.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.tid.to_le_bytes());
    }

    fn read(bytes: &[u8]) -> Result<Self, RecordError> {
        Ok(PcSample {
            time: read_u64(bytes, 0),
            address: read_u64(bytes, 8),
            tid: read_u32(bytes, 16),
        })
    }
}
