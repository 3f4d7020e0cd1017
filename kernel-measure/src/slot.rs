//! How instants and samples lie in ring slots, two for each. (Spans and roots
//! lie there as [`trace_format::span::packed`] has them.)

use crate::Sample;
use crate::sync::Slot;
use trace_format::{Instant, SampleFlags};

#[inline(always)]
pub(crate) fn instant(instant: Instant) -> [Slot; 2] {
    [
        Slot([
            instant.time,
            u64::from(instant.id) | u64::from(instant.a) << 32,
        ]),
        Slot([instant.b, 0]),
    ]
}

#[inline(always)]
pub(crate) fn sample(sample: Sample) -> [Slot; 2] {
    [
        Slot([sample.start, sample.ticks]),
        Slot([
            u64::from(sample.window) | u64::from(sample.operations) << 32,
            u64::from(sample.metric) | u64::from(sample.flags.bits()) << 16,
        ]),
    ]
}

pub(crate) fn read_instant(first: Slot, second: Slot) -> Instant {
    Instant {
        time: first.0[0],
        id: first.0[1] as u16,
        a: (first.0[1] >> 32) as u32,
        b: second.0[0],
    }
}

pub(crate) fn read_sample(first: Slot, second: Slot) -> Sample {
    Sample {
        start: first.0[0],
        ticks: first.0[1],
        window: second.0[0] as u32,
        operations: (second.0[0] >> 32) as u32,
        metric: second.0[1] as u16,
        flags: SampleFlags::from_bits_retain((second.0[1] >> 16) as u16),
    }
}
