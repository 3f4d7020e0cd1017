//! Spans and roots into reused columns.
//!
//! Three columns hold what every record has; what only roots have stands in a
//! short list beside them. Decoding costs one bounds check and three stores
//! for a common span.

use super::Frame;
use crate::frame::{FrameKind, read_u16};
use crate::span::{
    DICTIONARY_ENTRIES, DICTIONARY_LENGTH, MEDIUM_DELTA_BITS, MEDIUM_SEGMENTS, SEGMENT_LIMIT,
    SHORT_BITS, TAG_FULL, TAG_MEDIUM, TIME_BITS, ends_before_it_starts, full,
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

/// The fields that only roots have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootAt {
    /// Index into the columns.
    pub index: u32,
    /// Spans begun inside it; see [`crate::SPANS_INSIDE_MAX`].
    pub spans_inside: u16,
    /// How the stretch began and ended.
    pub outcome: Outcome,
    /// The dispatched work.
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
    /// Records before a malformed one are kept.
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
    /// As long as tags go, so that a tag needs no bounds check.
    dictionary: [u16; 16],
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
        let mut dictionary = [0; 16];
        for (place, segment) in dictionary[..DICTIONARY_ENTRIES].iter_mut().enumerate() {
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

/// A record that is not a short one, and its length.
struct Record {
    end: u64,
    duration: u64,
    segment: u16,
    words: usize,
}

/// The dispatch of the last root. That it is kept apart from how often it was
/// repeated saves each repetition from waiting for the one before it.
#[derive(Clone, Copy)]
struct LastDispatch {
    stated: Dispatch,
    repetitions: u32,
}

impl LastDispatch {
    fn next(&mut self) -> Dispatch {
        self.repetitions = self.repetitions.wrapping_add(1);
        Dispatch {
            flow: self.stated.flow.wrapping_add(self.repetitions),
            ..self.stated
        }
    }
}

/// Reads a frame's records into the columns, as many as these are long.
/// Returns how many were read before the first malformed one.
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
    let mut words = payload.words;
    let mut last_end = frame.header.first_time;
    let mut last_dispatch = None;
    let mut read = 0;
    loop {
        let short;
        (short, last_end) = match payload.read_short(
            words,
            last_end,
            &mut ends[read..],
            &mut durations[read..],
            &mut segments[read..],
        ) {
            Ok(run) => run,
            Err(before) => return (read + before, Err(RecordError::Time)),
        };
        read += short;
        words = &words[short..];
        if read == ends.len() {
            break;
        }
        let index = first_index + read as u32;
        let record = match read_long(words, last_end, index, &mut last_dispatch, roots) {
            Ok(record) => record,
            Err(error) => return (read, Err(error)),
        };
        // One that ends before it starts moves no other.
        last_end = match ends_before_it_starts(record.duration) {
            true => record.end.wrapping_sub(1 << TIME_BITS),
            false => record.end,
        };
        ends[read].write(record.end);
        durations[read].write(record.duration);
        segments[read].write(record.segment);
        words = &words[record.words..];
        read += 1;
    }
    if !words.is_empty() {
        return (read, Err(RecordError::Count));
    }
    (read, Ok(()))
}

impl Payload<'_> {
    /// Reads the short records at the front of `words`, at most as many as the
    /// columns are long. Returns how many they were and the end of the last one, or
    /// how many precede one that no time can have.
    ///
    /// Most records are short and stand in runs. Here each is one word, so that one
    /// index serves words and columns, and everything stays in registers.
    #[inline]
    fn read_short(
        &self,
        words: &[[u8; 4]],
        mut last_end: u64,
        ends: &mut [MaybeUninit<u64>],
        durations: &mut [MaybeUninit<u64>],
        segments: &mut [MaybeUninit<u16>],
    ) -> Result<(usize, u64), usize> {
        let columns = ends.iter_mut().zip(durations).zip(segments);
        let mut read = 0;
        for (word, ((end, duration), segment)) in words.iter().zip(columns) {
            let word = u32::from_le_bytes(*word);
            let tag = word & 0xF;
            if tag >= self.dictionary_entries {
                break;
            }
            let delta = u64::from(word >> 4 & ((1 << SHORT_BITS) - 1));
            let ticks = u64::from(word >> (4 + SHORT_BITS));
            let new_end = last_end.wrapping_add(delta);
            if new_end < delta.max(ticks) {
                return Err(read);
            }
            end.write(new_end);
            duration.write(ticks);
            segment.write(self.dictionary[tag as usize]);
            last_end = new_end;
            read += 1;
        }
        Ok((read, last_end))
    }
}

/// Reads the record at the front of `words`, which is not a short one.
#[inline]
fn read_long(
    words: &[[u8; 4]],
    last_end: u64,
    index: u32,
    last_dispatch: &mut Option<LastDispatch>,
    roots: &mut Vec<RootAt>,
) -> Result<Record, RecordError> {
    let word = |at: usize| words.get(at).map(|word| u32::from_le_bytes(*word));
    let (head, second) = (word(0).ok_or(RecordError::PastEnd)?, word(1));
    let record = match (head & 0xF, head >> 4 & 0b11, second) {
        (TAG_MEDIUM, _, Some(high)) => {
            let word = u64::from(head) | u64::from(high) << 32;
            let delta = word >> 12 & ((1 << MEDIUM_DELTA_BITS) - 1);
            Record {
                end: last_end.checked_add(delta).ok_or(RecordError::Time)?,
                duration: word >> (12 + MEDIUM_DELTA_BITS),
                segment: (word >> 4) as u16 & (MEDIUM_SEGMENTS - 1),
                words: 2,
            }
        }
        // The usual root: the same again.
        (TAG_FULL, full::ROOT_REPEATED, Some(duration)) => {
            let duration = u64::from(duration);
            if duration > last_end {
                return Err(RecordError::Time);
            }
            let last = last_dispatch.as_mut().ok_or(RecordError::NothingToRepeat)?;
            roots.push(root_at(head, index, last.next()));
            Record {
                end: last_end,
                duration,
                segment: (head >> 20) as u16,
                words: 2,
            }
        }
        _ => return read_full(words, last_end, index, last_dispatch, roots),
    };
    if record.duration > record.end {
        return Err(RecordError::Time);
    }
    Ok(record)
}

fn root_at(head: u32, index: u32, dispatch: Dispatch) -> RootAt {
    RootAt {
        index,
        spans_inside: (head >> 8 & 0xFFF) as u16,
        outcome: Outcome::from_bits(head >> 6 & 0b11).expect("two bits"),
        dispatch,
    }
}

/// Reads the full record at the front of `words`. A root is pushed only when
/// everything about it is sound.
#[cold]
fn read_full(
    words: &[[u8; 4]],
    last_end: u64,
    index: u32,
    last_dispatch: &mut Option<LastDispatch>,
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
        // A whole repeated root was read before.
        _ => return Err(RecordError::PastEnd),
    };
    if duration > end {
        return Err(RecordError::Time);
    }
    if kind != full::SPAN {
        let bytes = words
            .get(length..length + DISPATCH_LENGTH / 4)
            .ok_or(RecordError::PastEnd)?;
        length += DISPATCH_LENGTH / 4;
        let stated = Dispatch::read(bytes.as_flattened());
        *last_dispatch = Some(LastDispatch {
            stated,
            repetitions: 0,
        });
        roots.push(root_at(head, index, stated));
    }
    Ok(Record {
        end,
        duration,
        segment: (head >> 20) as u16,
        words: length,
    })
}
