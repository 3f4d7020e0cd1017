//! Spans and roots in the form a kernel's ring holds them, and their encoding
//! in runs.
//!
//! ```text
//!                 63 .. 16     15 .. 12    11 .. 0
//! first word      start        kind        segment
//! second word     duration     outcome     spans inside
//! ```
//!
//! Kind is 0 for a span, whose last 16 bits are 0, and 1 for a root, which has
//! a second slot with its [`Dispatch`] as it stands on the wire. Start and
//! duration are the lower 48 bits of theirs: shifting the upper ones out costs
//! a probe nothing, and a reader who knows the time restores them.
//!
//! Cost of encoding: a common span never leaves its two words: no fields are
//! taken apart and no upper bits restored, which halves the instructions of
//! [`SpanFrame::push_span`].

use super::{
    PLACE_MAX, RECORD_LENGTH_MAX, SEGMENT_LIMIT, SHORT_BITS, Span, SpanFrame, TAG_FULL, TIME_BITS,
    full,
};
use crate::{Dispatch, Outcome, Root, SPANS_INSIDE_MAX};

/// Two words of a ring.
pub type Slot = [u64; 2];

/// Bits below a start or a duration.
const TIME_SHIFT: u32 = 16;
const TIME_MASK: u64 = u64::MAX << TIME_SHIFT;

/// The kind of a root in a first word: a second slot follows.
pub const KIND_ROOT: u64 = 1 << 12;

const OUTCOME_SHIFT: u32 = 12;
const SEGMENT_MASK: u64 = SEGMENT_LIMIT as u64 - 1;

/// Bits of a first word that are 0 in a span whose segment the dictionary's
/// index covers.
const UNCOMMON: u64 = 0xFF00;

/// Packs the span of `segment`, which is below [`SEGMENT_LIMIT`].
#[inline(always)]
pub const fn span(start: u64, end: u64, segment: u16) -> Slot {
    [
        start << TIME_SHIFT | segment as u64,
        end.wrapping_sub(start) << TIME_SHIFT,
    ]
}

/// Packs a root; `inside` counts the spans in it.
#[inline(always)]
pub fn root(
    (start, end): (u64, u64),
    segment: u16,
    inside: u64,
    outcome: Outcome,
    dispatch: Dispatch,
) -> [Slot; 2] {
    let inside = inside.min(SPANS_INSIDE_MAX as u64);
    let [first, second] = span(start, end, segment);
    let flags = (outcome as u64) << OUTCOME_SHIFT | inside;
    [
        [first | KIND_ROOT, second | flags],
        self::dispatch(dispatch),
    ]
}

/// Packs the second slot of a root.
#[inline(always)]
pub(super) const fn dispatch(of: Dispatch) -> Slot {
    [
        of.tid as u64 | (of.flow as u64) << 32,
        of.result as u32 as u64
            | (of.opcode as u64) << 32
            | (of.interface as u64) << 40
            | (of.method as u64) << 48,
    ]
}

/// The dispatch that most often follows, packed: see [`Dispatch::next`].
#[inline(always)]
pub(super) const fn next([who, what]: Slot) -> Slot {
    [who.wrapping_add(1 << 32), what]
}

/// Whether a record has a second slot.
#[inline(always)]
pub const fn is_root(first: Slot) -> bool {
    first[0] & KIND_ROOT != 0
}

/// A time near those of records that were written after `since` and up to `now`, for
/// [`SpanFrame::push_packed`]; `None` where some could be of either of two ages: times
/// keep 48 bits, which is 26 hours at 3 GHz.
pub const fn near(since: u64, now: u64) -> Option<u64> {
    const HALF: u64 = 1 << (TIME_BITS - 1);
    if now.wrapping_sub(since) < HALF - SPAN_TICKS {
        Some(now)
    } else if now.wrapping_sub(since) < 2 * HALF - SPAN_TICKS {
        Some(since.wrapping_add(HALF - SPAN_TICKS))
    } else {
        None
    }
}

/// A record may have begun so long before its ring was emptied: minutes.
const SPAN_TICKS: u64 = 1 << 40;

/// Restores the upper bits of a start, which lies less than half of the 48-bit
/// range (13 hours at 3 GHz) from `now`.
#[inline]
const fn widen(first_word: u64, now: u64) -> u64 {
    let distance = (now << TIME_SHIFT).wrapping_sub(first_word & TIME_MASK);
    now.wrapping_sub((distance as i64 >> TIME_SHIFT) as u64)
}

/// Unpacks a span recorded not long before or after `now`.
pub const fn unpack_span(slot: Slot, now: u64) -> Span {
    Span {
        start: widen(slot[0], now),
        duration: slot[1] >> TIME_SHIFT,
        segment: (slot[0] & SEGMENT_MASK) as u16,
    }
}

/// Unpacks a root recorded not long before or after `now`.
pub fn unpack_root([first, second]: [Slot; 2], now: u64) -> Root {
    let Span {
        start,
        duration,
        segment,
    } = unpack_span(first, now);
    let outcome = Outcome::from_bits(first[1] as u32 >> OUTCOME_SHIFT & 3);
    Root {
        start,
        duration,
        segment,
        outcome: outcome.unwrap_or_default(),
        spans_inside: first[1] as u16 & SPANS_INSIDE_MAX,
        dispatch: Dispatch {
            tid: second[0] as u32,
            flow: (second[0] >> 32) as u32,
            result: second[1] as i32,
            opcode: (second[1] >> 32) as u8,
            interface: (second[1] >> 40) as u8,
            method: (second[1] >> 48) as u16,
        },
    }
}

impl SpanFrame<'_> {
    /// Appends records from the start of `slots`, in their order, until the
    /// frame [is full](SpanFrame::is_full), or `slots` are at their end or hold
    /// but the first half of a root. Returns how many slots were taken. `now`
    /// is a time near that of the records.
    pub fn push_packed(&mut self, slots: &[Slot], now: u64) -> usize {
        let mut taken = 0;
        loop {
            taken += self.push_common(&slots[taken..]);
            // What stopped the run: the end, or a record with a form of its own.
            let Some(&first) = slots.get(taken) else {
                return taken;
            };
            let pushed = if is_root(first) {
                let Some(&second) = slots.get(taken + 1) else {
                    return taken;
                };
                self.push_root(&unpack_root([first, second], now))
            } else {
                self.push_span(unpack_span(first, now))
            };
            if pushed.is_err() {
                return taken;
            }
            taken += if is_root(first) { 2 } else { 1 };
        }
    }

    /// Whether there is no room for another record, of whatever form.
    pub fn is_full(&self) -> bool {
        self.length + RECORD_LENGTH_MAX > self.buffer.len()
    }

    /// Appends the common records at the start of `slots`: spans of one short
    /// word, and roots that repeat the one before them. Returns how many slots
    /// were taken.
    fn push_common(&mut self, slots: &[Slot]) -> usize {
        if self.is_empty() {
            // The first record sets the frame's time base.
            return 0;
        }
        let base = self.last_end << TIME_SHIFT;
        let mut last_end = base;
        let mut next_dispatch = self.next_dispatch;
        let mut room = &mut self.buffer[self.length..];
        let mut left = slots;
        let mut roots = 0;
        while let Some((&[start, duration], after)) = left.split_first() {
            if start & UNCOMMON != 0 {
                let root = repeated_root(left, last_end, next_dispatch);
                let Some((record, next)) = root else { break };
                let Some((bytes, rest)) = room.split_first_chunk_mut() else {
                    break;
                };
                *bytes = record.to_le_bytes();
                next_dispatch = Some(next);
                (room, left) = (rest, &left[2..]);
                roots += 1;
                continue;
            }
            let end = (start & TIME_MASK).wrapping_add(duration);
            let delta = end.wrapping_sub(last_end);
            let place = self.places[usize::from(start as u8)];
            if (delta | duration) >> (SHORT_BITS + TIME_SHIFT) != 0 || place > PLACE_MAX {
                break;
            }
            let Some((bytes, rest)) = room.split_first_chunk_mut() else {
                break;
            };
            let word = u32::from(place) | (delta >> 12) as u32 | (duration << 2) as u32;
            *bytes = word.to_le_bytes();
            (room, left) = (rest, after);
            last_end = end;
        }
        let taken = slots.len() - left.len();
        // Four bytes for a span of one slot, eight for a root of two.
        self.length += 4 * taken;
        self.record_count += (taken - roots) as u32;
        self.last_end += last_end.wrapping_sub(base) >> TIME_SHIFT;
        self.next_dispatch = next_dispatch;
        taken
    }
}

/// The record of the root at the start of `slots`, if it is one that ends at
/// `last_end` and is of the dispatch that was expected; and the dispatch to
/// expect next.
#[inline(always)]
fn repeated_root(slots: &[Slot], last_end: u64, expected: Option<Slot>) -> Option<(u64, Slot)> {
    let &[[start, duration], dispatch] = slots.first_chunk()?;
    let end = (start & TIME_MASK).wrapping_add(duration & TIME_MASK);
    let ticks = u32::try_from(duration >> TIME_SHIFT).ok()?;
    if start & KIND_ROOT == 0 || end != last_end || expected != Some(dispatch) {
        return None;
    }
    let inside = duration & u64::from(SPANS_INSIDE_MAX);
    let outcome = duration >> OUTCOME_SHIFT & 3;
    let head = u64::from(TAG_FULL | full::ROOT_REPEATED << 4)
        | outcome << 6
        | inside << 8
        | (start & SEGMENT_MASK) << 20;
    Some((head | u64::from(ticks) << 32, next(dispatch)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::FRAME_LENGTH_MAX;
    use crate::{Context, Lost, Origin};
    use proptest::prelude::*;
    use std::vec;
    use std::vec::Vec;

    const ORIGIN: Origin = Origin {
        cpu: 0,
        context: Context::Thread,
        sequence: 0,
        lost: Lost {
            ring_full: 0,
            overwritten: 0,
            transport: 0,
        },
    };

    #[derive(Clone, Debug)]
    struct Record {
        /// Ticks from the end before it; negative where a clock went back.
        delta: i64,
        duration: u64,
        segment: u16,
        /// A root of this flow.
        flow: Option<u32>,
    }

    fn record() -> impl Strategy<Value = Record> {
        let delta = prop_oneof![
            4 => Just(0),
            8 => 0i64..(1 << 14) + 2,
            1 => 0i64..1 << 33,
            1 => -100i64..0
        ];
        let duration = prop_oneof![8 => 0u64..(1 << 14) + 2, 1 => 0u64..1 << 34];
        let segment = prop_oneof![8 => 0u16..20, 1 => 0..SEGMENT_LIMIT];
        let flow = prop_oneof![4 => Just(None), 2 => (0u32..3).prop_map(Some)];
        (delta, duration, segment, flow).prop_map(|(delta, duration, segment, flow)| Record {
            delta,
            duration,
            segment,
            flow,
        })
    }

    /// The slots of `records`, and the frames they are to become.
    fn expected(records: &[Record], mut end: u64, length: usize) -> (Vec<Slot>, Vec<Vec<u8>>) {
        let (mut slots, mut frames) = (Vec::new(), Vec::new());
        let mut buffer = vec![0; length];
        let mut frame = SpanFrame::new(&mut buffer);
        for record in records {
            end = end.wrapping_add_signed(record.delta);
            let times = (end - record.duration, end);
            let dispatch = Dispatch {
                flow: record.flow.unwrap_or_default(),
                ..Dispatch::default()
            };
            let packed = root(times, record.segment, 5, Outcome::Resumed, dispatch);
            let push = |frame: &mut SpanFrame<'_>| match record.flow {
                Some(_) => frame.push_root(&unpack_root(packed, end)),
                None => frame.push_span(Span {
                    start: times.0,
                    duration: record.duration,
                    segment: record.segment,
                }),
            };
            match record.flow {
                Some(_) => slots.extend(packed),
                None => slots.push(span(times.0, times.1, record.segment)),
            }
            if push(&mut frame).is_err() {
                frames.push(frame.finish(ORIGIN).to_vec());
                frame = SpanFrame::new(&mut buffer);
                push(&mut frame).unwrap();
            }
        }
        frames.push(frame.finish(ORIGIN).to_vec());
        (slots, frames)
    }

    #[test]
    fn records_keep_their_times_until_they_could_be_of_two_ages() {
        let hour = 3_000_000_000 * 3600_u64;
        let since = 10_000;
        for (age, kept) in [
            (1, true),
            (12, true),
            (14, true),
            (25, true),
            (27, false),
            (40, false),
        ] {
            let now = since + age * hour;
            let Some(near) = near(since, now) else {
                assert!(!kept, "{age} hours");
                continue;
            };
            assert!(kept, "{age} hours");
            for start in [since - 5_000, since, since + 1_000_000, now - 1_000, now] {
                let slot = span(start, start + 10, 2);
                assert_eq!(unpack_span(slot, near).start, start, "{age} hours");
            }
        }
    }

    #[test]
    fn a_record_that_ends_before_it_starts_moves_no_other() {
        let times = [
            (10_000, 10_100),
            (12_310, 12_305),
            (13_000, 13_100),
            (13_200, 13_250),
        ];
        let slots: Vec<Slot> = times
            .iter()
            .map(|&(start, end)| span(start, end, 2))
            .collect();
        let mut buffer = vec![0; FRAME_LENGTH_MAX];
        let mut frame = SpanFrame::new(&mut buffer);
        assert_eq!(frame.push_packed(&slots, 14_000), slots.len());
        let bytes = frame.finish(ORIGIN).to_vec();
        let mut frames = crate::decode::Frames::new(&bytes);
        let Some(crate::decode::Event::Frame(frame)) = frames.next() else {
            panic!("one frame");
        };
        let mut columns = crate::decode::SpanColumns::default();
        columns.read(&frame).unwrap();
        let starts: Vec<u64> = (0..columns.len())
            .map(|at| columns.span(at).start)
            .collect();
        assert_eq!(starts, [10_000, 12_310, 13_000, 13_200]);
        let reversed: Vec<bool> = (0..columns.len())
            .map(|at| columns.span(at).ends_before_it_starts())
            .collect();
        assert_eq!(reversed, [false, true, false, false]);
    }

    proptest! {
        #[test]
        fn packed_records_become_the_same_frame_as_unpacked_ones(
            records in proptest::collection::vec(record(), 1..200),
        ) {
            let end = (1 << 62) + 12_345;
            let (slots, frames) = expected(&records, end, FRAME_LENGTH_MAX);
            let mut buffer = vec![0; FRAME_LENGTH_MAX];
            let mut frame = SpanFrame::new(&mut buffer);
            prop_assert_eq!(frame.push_packed(&slots, end), slots.len());
            prop_assert_eq!(frame.finish(ORIGIN), &frames[0]);
        }

        #[test]
        fn a_full_frame_takes_whole_records_and_leaves_the_rest(
            records in proptest::collection::vec(record(), 1..200),
            length in 140usize..400,
        ) {
            let end = 1 << 40;
            let (slots, _) = expected(&records, end, FRAME_LENGTH_MAX);
            let (mut taken, mut count) = (0, 0);
            while taken < slots.len() {
                let mut buffer = vec![0; length];
                let mut frame = SpanFrame::new(&mut buffer);
                let now = frame.push_packed(&slots[taken..], end);
                prop_assert!(now > 0);
                prop_assert!(frame.is_full() || taken + now == slots.len());
                taken += now;
                count += frame.record_count();
            }
            prop_assert_eq!(count as usize, records.len());
        }
    }

    #[test]
    fn half_a_root_is_left() {
        let slots = root((10, 20), 1, 0, Outcome::Complete, Dispatch::default());
        let mut buffer = vec![0; 1_000];
        let mut frame = SpanFrame::new(&mut buffer);
        assert_eq!(frame.push_packed(&slots[..1], 20), 0);
        assert_eq!(frame.push_packed(&slots, 20), 2);
    }

    #[test]
    fn upper_bits_come_back_from_either_side_of_now() {
        let now = (7 << 48) + 5;
        for start in [now - 100, now, now + 100, now - (1 << 46)] {
            assert_eq!(unpack_span(span(start, start + 3, 1), now).start, start);
        }
    }
}
