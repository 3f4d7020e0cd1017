//! Samples: what a benchmark program measured with its own clock.

use crate::frame::{FrameKind, read_u16, read_u32, read_u64};
use crate::{FixedRecord, RecordError};

bitflags::bitflags! {
    /// What a reader must know before it uses a sample.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct SampleFlags: u16 {
        /// The very first batch: caches, page tables and branch history cold.
        const COLD = 1 << 0;
        /// A declared warm-up batch, not part of the statistics.
        const WARM_UP = 1 << 1;
        /// The program was preempted inside the interval.
        const PREEMPTED = 1 << 2;
        /// The CPU idled inside the interval: virtual time, not instructions.
        const IDLED = 1 << 3;
    }
}

/// One timed batch of a benchmark window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sample {
    /// TSC ticks at the start of the batch.
    pub start: u64,
    /// TSC ticks from start to end of the batch.
    pub ticks: u64,
    /// Window the batch belongs to.
    pub window: u32,
    /// Operations in the batch.
    pub operations: u32,
    /// Which of the window's metrics this is; 0 where there is one.
    pub metric: u16,
    /// See [`SampleFlags`].
    pub flags: SampleFlags,
}

impl FixedRecord for Sample {
    const KIND: FrameKind = FrameKind::Samples;
    const LENGTH: usize = 28;

    fn time(&self) -> u64 {
        self.start
    }

    fn write(&self, bytes: &mut [u8]) {
        bytes[0..8].copy_from_slice(&self.start.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.ticks.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.window.to_le_bytes());
        bytes[20..24].copy_from_slice(&self.operations.to_le_bytes());
        bytes[24..26].copy_from_slice(&self.metric.to_le_bytes());
        bytes[26..28].copy_from_slice(&self.flags.bits().to_le_bytes());
    }

    fn read(bytes: &[u8]) -> Result<Self, RecordError> {
        Ok(Sample {
            start: read_u64(bytes, 0),
            ticks: read_u64(bytes, 8),
            window: read_u32(bytes, 16),
            operations: read_u32(bytes, 20),
            metric: read_u16(bytes, 24),
            flags: SampleFlags::from_bits(read_u16(bytes, 26)).ok_or(RecordError::Field)?,
        })
    }
}
