//! Spans and roots into reused columns.
//!
//! Three columns hold what every record has; what only roots have stands in a
//! short list beside them. Decoding costs one bounds check and three stores
//! for a common span.

use super::Frame;
use crate::frame::{FrameKind, read_u16};
use crate::span::{
    DICTIONARY_ENTRIES, DICTIONARY_LENGTH, MEDIUM_DELTA_BITS, MEDIUM_SEGMENTS, SHORT_BITS,
    TAG_FULL, TAG_MEDIUM, full,
};
use crate::{DISPATCH_LENGTH, Dispatch, Outcome, RecordError, Root, Span};
use alloc::vec::Vec;

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
        self.end.resize(before + count, 0);
        self.duration.resize(before + count, 0);
        self.segment.resize(before + count, 0);
        let (read, result) = FrameReader::new(frame).read_into(
            &mut self.end[before..],
            &mut self.duration[before..],
            &mut self.segment[before..],
            before as u32,
            &mut self.roots,
        );
        self.end.truncate(before + read);
        self.duration.truncate(before + read);
        self.segment.truncate(before + read);
        result.map(|()| read)
    }
}

/// A frame's words and the state that runs through them.
struct FrameReader<'a> {
    dictionary: [u16; DICTIONARY_ENTRIES],
    dictionary_entries: u32,
    words: &'a [[u8; 4]],
    end: u64,
    /// Of the last root in this frame.
    dispatch: Option<Dispatch>,
    header: Result<(), RecordError>,
}

impl<'a> FrameReader<'a> {
    fn new(frame: &Frame<'a>) -> Self {
        let mut reader = FrameReader {
            dictionary: [0; DICTIONARY_ENTRIES],
            dictionary_entries: 0,
            words: &[],
            end: frame.header.first_time,
            dispatch: None,
            header: Ok(()),
        };
        let Some((dictionary, records)) = frame.payload.split_at_checked(DICTIONARY_LENGTH) else {
            reader.header = Err(RecordError::PastEnd);
            return reader;
        };
        if usize::from(dictionary[0]) > DICTIONARY_ENTRIES || dictionary[1..4] != [0; 3] {
            reader.header = Err(RecordError::Field);
            return reader;
        }
        reader.dictionary_entries = u32::from(dictionary[0]);
        for (place, segment) in reader.dictionary.iter_mut().enumerate() {
            *segment = read_u16(dictionary, 4 + 2 * place);
            if *segment >= crate::span::SEGMENT_LIMIT {
                reader.header = Err(RecordError::Field);
            }
        }
        let (words, rest) = records.as_chunks::<4>();
        if !rest.is_empty() {
            reader.header = Err(RecordError::Count);
        }
        reader.words = words;
        reader
    }

    fn read_into(
        mut self,
        ends: &mut [u64],
        durations: &mut [u64],
        segments: &mut [u16],
        first_index: u32,
        roots: &mut Vec<RootAt>,
    ) -> (usize, Result<(), RecordError>) {
        if let Err(error) = self.header {
            return (0, Err(error));
        }
        let mut at = 0;
        let mut read = 0;
        let columns = ends.iter_mut().zip(durations).zip(segments);
        for ((end, duration), segment) in columns {
            let Some(word) = self.words.get(at) else {
                return (read, Err(RecordError::PastEnd));
            };
            let word = u32::from_le_bytes(*word);
            let tag = word & 0xF;
            if tag < self.dictionary_entries {
                let delta = u64::from(word >> 4 & ((1 << SHORT_BITS) - 1));
                let Some(sum) = self.end.checked_add(delta) else {
                    return (read, Err(RecordError::Time));
                };
                self.end = sum;
                *duration = u64::from(word >> (4 + SHORT_BITS));
                *segment = self.dictionary[tag as usize];
                at += 1;
            } else {
                match self.read_long(word, at, first_index + read as u32, roots) {
                    Ok(long) => {
                        self.end = long.end;
                        *duration = long.duration;
                        *segment = long.segment;
                        at += long.words;
                    }
                    Err(error) => return (read, Err(error)),
                }
            }
            if *duration > self.end {
                return (read, Err(RecordError::Time));
            }
            *end = self.end;
            read += 1;
        }
        if at != self.words.len() {
            return (read, Err(RecordError::Count));
        }
        (read, Ok(()))
    }

    /// Reads a record longer than a word, which starts at word `at`. A root is
    /// pushed only when everything about it is sound.
    #[cold]
    fn read_long(
        &mut self,
        head: u32,
        at: usize,
        index: u32,
        roots: &mut Vec<RootAt>,
    ) -> Result<Long, RecordError> {
        let words = &self.words[at..];
        let last_end = self.end;
        let u32_at = |at: usize| {
            words
                .get(at)
                .map(|word| u32::from_le_bytes(*word))
                .ok_or(RecordError::PastEnd)
        };
        let u64_at = |at: usize| Ok(u64::from(u32_at(at)?) | u64::from(u32_at(at + 1)?) << 32);
        let after = |delta: u64| last_end.checked_add(delta).ok_or(RecordError::Time);
        match head & 0xF {
            TAG_MEDIUM => {
                let word = u64_at(0)?;
                return Ok(Long {
                    end: after(word >> 12 & ((1 << MEDIUM_DELTA_BITS) - 1))?,
                    duration: word >> (12 + MEDIUM_DELTA_BITS),
                    segment: (word >> 4) as u16 & (MEDIUM_SEGMENTS - 1),
                    words: 2,
                });
            }
            TAG_FULL => {}
            _ => return Err(RecordError::Dictionary),
        }
        let kind = head >> 4 & 0b11;
        let wide = || {
            let (start, duration) = (u64_at(1)?, u64_at(3)?);
            let end = start.checked_add(duration).ok_or(RecordError::Time)?;
            Ok::<_, RecordError>((end, duration, 5))
        };
        let (end, duration, mut length) = match kind {
            full::SPAN if head >> 6 & 0x3FFF != 0 => return Err(RecordError::Field),
            full::SPAN | full::ROOT_WIDE => wide()?,
            full::ROOT => (after(u64::from(u32_at(1)?))?, u64::from(u32_at(2)?), 3),
            _ => (last_end, u64::from(u32_at(1)?), 2),
        };
        if duration > end {
            return Err(RecordError::Time);
        }
        if kind != full::SPAN {
            let dispatch = if kind == full::ROOT_REPEATED {
                let last = self.dispatch.ok_or(RecordError::NothingToRepeat)?;
                last.next()
            } else {
                let bytes = words
                    .get(length..length + DISPATCH_LENGTH / 4)
                    .ok_or(RecordError::PastEnd)?;
                length += DISPATCH_LENGTH / 4;
                Dispatch::read(bytes.as_flattened())
            };
            self.dispatch = Some(dispatch);
            roots.push(RootAt {
                index,
                spans_inside: (head >> 8 & 0xFFF) as u16,
                outcome: Outcome::from_bits(head >> 6 & 0b11).expect("two bits"),
                dispatch,
            });
        }
        Ok(Long {
            end,
            duration,
            segment: (head >> 20) as u16,
            words: length,
        })
    }
}

/// A record longer than one word.
struct Long {
    end: u64,
    duration: u64,
    segment: u16,
    words: usize,
}
