//! How instants and samples lie in ring slots, two for each. (Spans and roots
//! lie there as [`packed`] has them.)
//!
//! An instant is marked as a root is, since its ring may overwrite and has to
//! know how long its records are. A ring of samples never does.

use crate::Sample;
use crate::sync::Slot;
use trace_format::span::packed;
use trace_format::{Instant, SampleFlags};

#[inline(always)]
pub(crate) fn instant(instant: Instant) -> [Slot; 2] {
    [
        Slot([
            packed::KIND_ROOT,
            u64::from(instant.id) | u64::from(instant.a) << 32,
        ]),
        Slot([instant.time, instant.b]),
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
        time: second.0[0],
        id: first.0[1] as u16,
        a: (first.0[1] >> 32) as u32,
        b: second.0[1],
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
