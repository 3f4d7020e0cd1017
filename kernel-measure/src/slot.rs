//! How records lie in ring slots, and how the drain reads them back.
//!
//! ```text
//! span      start:48 segment:12 kind:4 | duration:48 zero:16
//! root      start:48 segment:12 kind:4 | duration:48 outcome:2 inside:12 …
//!           tid:32 flow:32             | result:32 opcode:8 interface:8 method:16
//! instant   time:64                    | id:16 a:32
//!           b:64                       | –
//! sample    start:64                   | ticks:64
//!           window:32 operations:32    | metric:16 flags:16
//! ```
//!
//! (high bits first where a field is named first of a word's two halves; see
//! the code.) A start loses its upper 16 bits on the hot path, by a shift that
//! is needed anyway, and the drain restores them from the time of draining.

use crate::ring;
use crate::sync::Slot;
use crate::{DispatchInfo, Outcome, Sample, SegmentId};
use trace_format::{Instant, Root, SPANS_INSIDE_MAX, SampleFlags, Span};

const SEGMENT_MASK: u64 = (1 << 12) - 1;
const OUTCOME_SHIFT: u32 = 12;
const TIME_SHIFT: u32 = 16;

#[inline(always)]
pub(crate) fn span(start: u64, end: u64, segment: SegmentId) -> Slot {
    Slot([
        start << TIME_SHIFT | u64::from(segment.get()),
        end.wrapping_sub(start) << TIME_SHIFT,
    ])
}

#[inline(always)]
pub(crate) fn root(
    start: u64,
    end: u64,
    segment: SegmentId,
    inside: u64,
    outcome: Outcome,
) -> Slot {
    let inside = inside.min(u64::from(SPANS_INSIDE_MAX));
    Slot([
        start << TIME_SHIFT | u64::from(segment.get()) | ring::PAIR,
        end.wrapping_sub(start) << TIME_SHIFT | (outcome as u64) << OUTCOME_SHIFT | inside,
    ])
}

#[inline(always)]
pub(crate) fn dispatch(info: DispatchInfo) -> Slot {
    Slot([
        u64::from(info.tid) | u64::from(info.flow) << 32,
        u64::from(info.result as u32)
            | u64::from(info.opcode) << 32
            | u64::from(info.interface) << 40
            | u64::from(info.method) << 48,
    ])
}

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

/// Restores the upper bits of a start, which lies less than half of the 48-bit
/// range (13 hours at 3 GHz) from `now`.
#[inline(always)]
fn widen(start: u64, now: u64) -> u64 {
    let distance = (now << TIME_SHIFT).wrapping_sub(start << TIME_SHIFT) as i64 >> TIME_SHIFT;
    now.wrapping_sub(distance as u64)
}

#[inline(always)]
pub(crate) fn read_span(slot: Slot, now: u64) -> Span {
    Span {
        start: widen(slot.0[0] >> TIME_SHIFT, now),
        duration: slot.0[1] >> TIME_SHIFT,
        segment: (slot.0[0] & SEGMENT_MASK) as u16,
    }
}

pub(crate) fn read_root(first: Slot, second: Slot, now: u64) -> Root {
    let Span {
        start,
        duration,
        segment,
    } = read_span(first, now);
    let flags = first.0[1] as u32;
    Root {
        start,
        duration,
        segment,
        outcome: Outcome::from_bits(flags >> OUTCOME_SHIFT & 3).unwrap_or_default(),
        spans_inside: flags as u16 & SPANS_INSIDE_MAX,
        dispatch: DispatchInfo {
            tid: second.0[0] as u32,
            flow: (second.0[0] >> 32) as u32,
            result: second.0[1] as i32,
            opcode: (second.0[1] >> 32) as u8,
            interface: (second.0[1] >> 40) as u8,
            method: (second.0[1] >> 48) as u16,
        },
    }
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
