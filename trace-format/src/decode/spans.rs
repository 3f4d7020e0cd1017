//! Spans and roots into reused columns.
//!
//! Three columns hold what every record has; what only roots have stands in a
//! short list beside them. Decoding costs one bounds check and three stores
//! for a common span.

use super::Frame;
use crate::frame::{FrameKind, read_u16};
use crate::span::{
    DICTIONARY_ENTRIES, DICTIONARY_LENGTH, MEDIUM_DELTA_BITS, MEDIUM_SEGMENTS, SEGMENT_LIMIT,
    SHORT_BITS, TAG_FULL, TAG_MEDIUM, full,
};
use crate::{DISPATCH_LENGTH, Dispatch, Outcome, RecordError, Root, Span};
use alloc::vec::Vec;
use core::mem::MaybeUninit;

/// The spans and roots of one or more frames, column by column, in commit
/// order. Reuse one value: its memory is kept by [`SpanColumns::clear`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpanColumns {
    /// TSC ticks at the end of each record.
    pub end: Vec<u64>,
    /// TSC ticks from start to end; never more than `end`.
    pub duration: Vec<u64>,
    /// Segment id, below 4096.
    pub segment: Vec<u16>,
    /// Which records are roots, in ascending order.
    pub roots: Vec<RootAt>,
}

/// What only roots have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootAt {
    /// Index into the columns.
    pub index: u32,
    /// Spans begun inside it; see [`crate::SPANS_INSIDE_MAX`].
    pub spans_inside: u16,
    /// How the stretch began and ended.
    pub outcome: Outcome,
    /// What was dispatched.
    pub dispatch: Dispatch,
}

impl SpanColumns {
    /// Number of records.
    pub fn len(&self) -> usize {
        self.end.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.end.is_empty()
    }

    /// Forgets the records and keeps the memory.
    pub fn clear(&mut self) {
        self.end.clear();
        self.duration.clear();
        self.segment.clear();
        self.roots.clear();
    }

    /// The record at `index` as a span.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn span(&self, index: usize) -> Span {
        Span {
            start: self.end[index] - self.duration[index],
            duration: self.duration[index],
            segment: self.segment[index],
        }
    }

    /// The root `at` with its time.
    pub fn root(&self, at: &RootAt) -> Root {
        let span = self.span(at.index as usize);
        Root {
            start: span.start,
            duration: span.duration,
            segment: span.segment,
            outcome: at.outcome,
            spans_inside: at.spans_inside,
            dispatch: at.dispatch,
        }
    }

    /// Appends the records of a span frame and returns how many they were.
    /// Those before a malformed one are kept.
    ///
    /// # Panics
    ///
    /// If the frame is of another kind.
    pub fn read(&mut self, frame: &Frame<'_>) -> Result<usize, RecordError> {
        assert_eq!(frame.header.kind, FrameKind::Spans);
        let before = self.len();
        let count = frame.header.record_count as usize;
        self.end.reserve(count);
        self.duration.reserve(count);
        self.segment.reserve(count);
        let (read, result) = read_into(
            frame,
            &mut self.end.spare_capacity_mut()[..count],
            &mut self.duration.spare_capacity_mut()[..count],
            &mut self.segment.spare_capacity_mut()[..count],
            before as u32,
            &mut self.roots,
        );
        // SAFETY: the reader has written the first `read` elements behind the
        // old length of each column. (Zeroing the columns first would cost a
        // third of the decoding.)
        unsafe {
            self.end.set_len(before + read);
            self.duration.set_len(before + read);
            self.segment.set_len(before + read);
        }
        result.map(|()| read)
    }
}

/// A span frame's payload, taken apart.
struct Payload<'a> {
    dictionary: [u16; DICTIONARY_ENTRIES],
    dictionary_entries: u32,
    words: &'a [[u8; 4]],
}

impl<'a> Payload<'a> {
    fn parse(payload: &'a [u8]) -> Result<Self, RecordError> {
        let (head, records) = payload
            .split_at_checked(DICTIONARY_LENGTH)
            .ok_or(RecordError::PastEnd)?;
        if usize::from(head[0]) > DICTIONARY_ENTRIES || head[1..4] != [0; 3] {
            return Err(RecordError::Field);
        }
        let mut dictionary = [0; DICTIONARY_ENTRIES];
        for (place, segment) in dictionary.iter_mut().enumerate() {
            *segment = read_u16(head, 4 + 2 * place);
            if *segment >= SEGMENT_LIMIT {
                return Err(RecordError::Field);
            }
        }
        let (words, rest) = records.as_chunks::<4>();
        if !rest.is_empty() {
            return Err(RecordError::Count);
        }
        Ok(Payload {
            dictionary,
            dictionary_entries: u32::from(head[0]),
            words,
        })
    }
}

/// A decoded record and its length.
struct Record {
    /// Distance from the last record's end, 0 where the record states its end.
    delta: u64,
    end: u64,
    duration: u64,
    segment: u16,
    words: usize,
}

/// Reads a frame's records into the columns, as many as these are long.
/// Returns how many were read before the first malformed one.
///
/// What changes from record to record is kept in local variables: in memory,
/// the chain of end times would cost a store and a load per record.
fn read_into(
    frame: &Frame<'_>,
    ends: &mut [MaybeUninit<u64>],
    durations: &mut [MaybeUninit<u64>],
    segments: &mut [MaybeUninit<u16>],
    first_index: u32,
    roots: &mut Vec<RootAt>,
) -> (usize, Result<(), RecordError>) {
    let payload = match Payload::parse(frame.payload) {
        Ok(payload) => payload,
        Err(error) => return (0, Err(error)),
    };
    let words = payload.words;
    let mut last_end = frame.header.first_time;
    let mut last_dispatch = None;
    let mut at = 0;
    let mut read = 0;
    let columns = ends.iter_mut().zip(durations).zip(segments);
    for ((end, duration), segment) in columns {
        let Some(word) = words.get(at) else {
            return (read, Err(RecordError::PastEnd));
        };
        let word = u32::from_le_bytes(*word);
        let tag = word & 0xF;
        let record = if tag < payload.dictionary_entries {
            let delta = u64::from(word >> 4 & ((1 << SHORT_BITS) - 1));
            Record {
                delta,
                end: last_end.wrapping_add(delta),
                duration: u64::from(word >> (4 + SHORT_BITS)),
                segment: payload.dictionary[tag as usize],
                words: 1,
            }
        } else if let (TAG_MEDIUM, Some(high)) = (tag, words.get(at + 1)) {
            let word = u64::from(word) | u64::from(u32::from_le_bytes(*high)) << 32;
            let delta = word >> 12 & ((1 << MEDIUM_DELTA_BITS) - 1);
            Record {
                delta,
                end: last_end.wrapping_add(delta),
                duration: word >> (12 + MEDIUM_DELTA_BITS),
                segment: (word >> 4) as u16 & (MEDIUM_SEGMENTS - 1),
                words: 2,
            }
        } else {
            let index = first_index + read as u32;
            match read_full(&words[at..], last_end, index, &mut last_dispatch, roots) {
                Ok(record) => record,
                Err(error) => return (read, Err(error)),
            }
        };
        // Smaller than its delta: the sum left 64 bits.
        if record.end < record.delta || record.end < record.duration {
            return (read, Err(RecordError::Time));
        }
        last_end = record.end;
        end.write(record.end);
        duration.write(record.duration);
        segment.write(record.segment);
        at += record.words;
        read += 1;
    }
    if at != words.len() {
        return (read, Err(RecordError::Count));
    }
    (read, Ok(()))
}

/// Reads the full record at the front of `words`. A root is pushed only when
/// everything about it is sound.
#[cold]
fn read_full(
    words: &[[u8; 4]],
    last_end: u64,
    index: u32,
    last_dispatch: &mut Option<Dispatch>,
    roots: &mut Vec<RootAt>,
) -> Result<Record, RecordError> {
    let u32_at = |at: usize| {
        words
            .get(at)
            .map(|word| u32::from_le_bytes(*word))
            .ok_or(RecordError::PastEnd)
    };
    let u64_at = |at: usize| Ok(u64::from(u32_at(at)?) | u64::from(u32_at(at + 1)?) << 32);
    let wide = || {
        let (start, duration) = (u64_at(1)?, u64_at(3)?);
        let end = start.checked_add(duration).ok_or(RecordError::Time)?;
        Ok::<_, RecordError>((end, duration, 5))
    };
    let head = u32_at(0)?;
    match head & 0xF {
        TAG_FULL => {}
        TAG_MEDIUM => return Err(RecordError::PastEnd),
        _ => return Err(RecordError::Dictionary),
    }
    let kind = head >> 4 & 0b11;
    let (end, duration, mut length) = match kind {
        full::SPAN if head >> 6 & 0x3FFF != 0 => return Err(RecordError::Field),
        full::SPAN | full::ROOT_WIDE => wide()?,
        full::ROOT => {
            let delta = u64::from(u32_at(1)?);
            let end = last_end.checked_add(delta).ok_or(RecordError::Time)?;
            (end, u64::from(u32_at(2)?), 3)
        }
        _ => (last_end, u64::from(u32_at(1)?), 2),
    };
    if duration > end {
        return Err(RecordError::Time);
    }
    if kind != full::SPAN {
        let dispatch = if kind == full::ROOT_REPEATED {
            last_dispatch.ok_or(RecordError::NothingToRepeat)?.next()
        } else {
            let bytes = words
                .get(length..length + DISPATCH_LENGTH / 4)
                .ok_or(RecordError::PastEnd)?;
            length += DISPATCH_LENGTH / 4;
            Dispatch::read(bytes.as_flattened())
        };
        *last_dispatch = Some(dispatch);
        roots.push(RootAt {
            index,
            spans_inside: (head >> 8 & 0xFFF) as u16,
            outcome: Outcome::from_bits(head >> 6 & 0b11).expect("two bits"),
            dispatch,
        });
    }
    Ok(Record {
        delta: 0,
        end,
        duration,
        segment: (head >> 20) as u16,
        words: length,
    })
}
