//! Spans and dispatch roots, in the order they were committed.
//!
//! Commit order is post-order: a child ends, and is committed, before its
//! parent; of two records with equal ends the later one is the parent. The
//! common span takes one 4-byte word through a dictionary that belongs to the
//! frame; long ones widen to 8 bytes, anything else to a full record.
//!
//! Cost of encoding: one compare and one store for a common span, no
//! allocation. A full frame refuses the record; nothing is lost here.

use crate::frame::{FRAME_LENGTH_MAX, FrameHeader, FrameKind, HEADER_LENGTH, Origin};
use crate::{DISPATCH_LENGTH, FrameFull, Root};

pub mod packed;

/// Segment ids are below this.
pub const SEGMENT_LIMIT: u16 = 1 << 12;

/// Segments a frame's dictionary can hold; further ones use wider records.
pub const DICTIONARY_ENTRIES: usize = 14;

/// Length of the dictionary at the start of the payload: a count, three zero
/// bytes, and the entries as 16-bit segment ids.
pub const DICTIONARY_LENGTH: usize = 4 + 2 * DICTIONARY_ENTRIES;

/// Tag of an 8-byte span.
pub const TAG_MEDIUM: u32 = 14;

/// Tag of a full record.
pub const TAG_FULL: u32 = 15;

/// Bits of delta and of duration in the common 4-byte word.
pub const SHORT_BITS: u32 = 14;

/// Bits of delta in an 8-byte span.
pub const MEDIUM_DELTA_BITS: u32 = 24;

/// Bits of duration in an 8-byte span.
pub const MEDIUM_DURATION_BITS: u32 = 28;

/// Segment ids an 8-byte span can name.
pub const MEDIUM_SEGMENTS: u16 = 1 << 8;

/// Kinds of full record, in bits 4 and 5 of its head.
pub mod full {
    /// A span: start and duration, 8 bytes each.
    pub const SPAN: u32 = 0;
    /// A root: delta and duration, 4 bytes each, and its dispatch.
    pub const ROOT: u32 = 1;
    /// A root that ends where the record before it ends and repeats the
    /// dispatch of the root before it in the frame, with the next flow id:
    /// duration, 4 bytes.
    pub const ROOT_REPEATED: u32 = 2;
    /// A root: start and duration, 8 bytes each, and its dispatch.
    pub const ROOT_WIDE: u32 = 3;
}

/// Longest record of a span frame.
pub const RECORD_LENGTH_MAX: usize = 4 + 16 + DISPATCH_LENGTH;

/// A named part of a kernel path that was executed once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// TSC ticks at its start.
    pub start: u64,
    /// TSC ticks from start to end.
    pub duration: u64,
    /// Declared segment id, below [`SEGMENT_LIMIT`].
    pub segment: u16,
}

impl Span {
    /// Whether it ends before it starts: see [`ends_before_it_starts`].
    pub const fn ends_before_it_starts(&self) -> bool {
        ends_before_it_starts(self.duration)
    }
}

/// Bits of a time in a kernel's ring.
pub const TIME_BITS: u32 = 48;

/// Whether a duration is that of a record that ends before it starts: a ring keeps the
/// lower [`TIME_BITS`] of the difference, whose upper half is what is below zero. No
/// record is so long, 13 hours at 3 GHz.
pub const fn ends_before_it_starts(duration: u64) -> bool {
    duration >> (TIME_BITS - 1) != 0
}

/// Where a record ends, for the record after it: before its start, if it does.
pub(crate) const fn end_of(start: u64, duration: u64) -> u64 {
    let end = start.wrapping_add(duration);
    match ends_before_it_starts(duration) {
        true => end.wrapping_sub(1 << TIME_BITS),
        false => end,
    }
}

/// Marks a segment that has no place in the dictionary.
const NO_PLACE: u8 = u8::MAX;

/// Largest place there is.
const PLACE_MAX: u8 = DICTIONARY_ENTRIES as u8 - 1;

/// A span frame under construction in the caller's buffer.
pub struct SpanFrame<'a> {
    buffer: &'a mut [u8],
    /// Bytes used, header and dictionary included.
    length: usize,
    record_count: u32,
    first_time: u64,
    last_end: u64,
    /// What the next root is expected to be of, packed: the same as the last
    /// one for the next flow.
    next_dispatch: Option<packed::Slot>,
    dictionary_entries: u8,
    /// Dictionary place of each of the first 256 segments.
    places: [u8; MEDIUM_SEGMENTS as usize],
}

impl<'a> SpanFrame<'a> {
    /// Starts a frame in `buffer`; no more than
    /// [`FRAME_LENGTH_MAX`] bytes of it are used.
    ///
    /// # Panics
    ///
    /// If `buffer` cannot hold a header, the dictionary and one record.
    pub fn new(buffer: &'a mut [u8]) -> Self {
        let limit = buffer.len().min(FRAME_LENGTH_MAX);
        let buffer = &mut buffer[..limit];
        assert!(
            limit >= HEADER_LENGTH + DICTIONARY_LENGTH + RECORD_LENGTH_MAX,
            "the buffer is too short"
        );
        buffer[HEADER_LENGTH..HEADER_LENGTH + DICTIONARY_LENGTH].fill(0);
        SpanFrame {
            buffer,
            length: HEADER_LENGTH + DICTIONARY_LENGTH,
            record_count: 0,
            first_time: 0,
            last_end: 0,
            next_dispatch: None,
            dictionary_entries: 0,
            places: [NO_PLACE; MEDIUM_SEGMENTS as usize],
        }
    }

    /// Appends a span, which ended no earlier than the record before it unless
    /// clocks went backwards (then it takes a full record).
    ///
    /// # Panics
    ///
    /// If the segment is not below [`SEGMENT_LIMIT`].
    #[inline]
    pub fn push_span(&mut self, span: Span) -> Result<(), FrameFull> {
        let end = end_of(span.start, span.duration);
        let delta = self.advance(end)?;
        if let Some(delta) = delta {
            if (delta | span.duration) >> SHORT_BITS == 0
                && let Some(place) = self.place(span.segment)
            {
                let word = u32::from(place) | (delta as u32) << 4 | (span.duration as u32) << 18;
                self.write_u32(word);
                return Ok(());
            }
            if span.segment < MEDIUM_SEGMENTS
                && delta >> MEDIUM_DELTA_BITS == 0
                && span.duration >> MEDIUM_DURATION_BITS == 0
            {
                let word = u64::from(TAG_MEDIUM)
                    | u64::from(span.segment) << 4
                    | delta << 12
                    | span.duration << 36;
                self.write_u64(word);
                return Ok(());
            }
        }
        self.write_head(full::SPAN, 0, 0, span.segment);
        self.write_u64(span.start);
        self.write_u64(span.duration);
        Ok(())
    }

    /// Appends a dispatch root, after all the spans inside it.
    ///
    /// # Panics
    ///
    /// If the segment is not below [`SEGMENT_LIMIT`].
    pub fn push_root(&mut self, root: &Root) -> Result<(), FrameFull> {
        let end = end_of(root.start, root.duration);
        let delta = self.advance(end)?;
        let dispatch = packed::dispatch(root.dispatch);
        let repeats = self.next_dispatch == Some(dispatch);
        self.next_dispatch = Some(packed::next(dispatch));
        let head = |frame: &mut Self, kind| {
            frame.write_head(kind, root.outcome as u32, root.spans_inside, root.segment);
        };
        match (delta, u32::try_from(root.duration)) {
            (Some(0), Ok(duration)) if repeats => {
                head(self, full::ROOT_REPEATED);
                self.write_u32(duration);
                return Ok(());
            }
            (Some(delta), Ok(duration)) if delta <= u64::from(u32::MAX) => {
                head(self, full::ROOT);
                self.write_u32(delta as u32);
                self.write_u32(duration);
            }
            _ => {
                head(self, full::ROOT_WIDE);
                self.write_u64(root.start);
                self.write_u64(root.duration);
            }
        }
        root.dispatch
            .write(&mut self.buffer[self.length..self.length + DISPATCH_LENGTH]);
        self.length += DISPATCH_LENGTH;
        Ok(())
    }

    /// Whether nothing was pushed yet.
    pub fn is_empty(&self) -> bool {
        self.record_count == 0
    }

    /// Number of records pushed.
    pub fn record_count(&self) -> u32 {
        self.record_count
    }

    /// Writes the header and returns the finished frame.
    pub fn finish(self, origin: Origin) -> &'a [u8] {
        let frame = &mut self.buffer[..self.length];
        frame[HEADER_LENGTH] = self.dictionary_entries;
        FrameHeader {
            kind: FrameKind::Spans,
            origin,
            record_count: self.record_count,
            payload_length: (self.length - HEADER_LENGTH) as u32,
            first_time: self.first_time,
        }
        .seal(frame);
        frame
    }

    /// Makes room for one record that ends at `end`; returns its distance from
    /// the end before it, `None` where that is negative.
    #[inline]
    fn advance(&mut self, end: u64) -> Result<Option<u64>, FrameFull> {
        if self.length + RECORD_LENGTH_MAX > self.buffer.len() {
            return Err(FrameFull);
        }
        if self.record_count == 0 {
            self.first_time = end;
            self.last_end = end;
        }
        self.record_count += 1;
        let delta = end.checked_sub(self.last_end);
        self.last_end = end;
        Ok(delta)
    }

    /// The segment's place in the dictionary, made if there is room.
    #[inline]
    fn place(&mut self, segment: u16) -> Option<u8> {
        let place = *self.places.get(usize::from(segment))?;
        if place != NO_PLACE {
            return Some(place);
        }
        self.add_place(segment)
    }

    #[cold]
    fn add_place(&mut self, segment: u16) -> Option<u8> {
        let place = self.dictionary_entries;
        if usize::from(place) == DICTIONARY_ENTRIES {
            return None;
        }
        let offset = HEADER_LENGTH + 4 + 2 * usize::from(place);
        self.buffer[offset..offset + 2].copy_from_slice(&segment.to_le_bytes());
        self.places[usize::from(segment)] = place;
        self.dictionary_entries += 1;
        Some(place)
    }

    fn write_head(&mut self, kind: u32, outcome: u32, spans_inside: u16, segment: u16) {
        assert!(segment < SEGMENT_LIMIT, "segment ids are below 4096");
        let spans_inside = spans_inside.min(crate::SPANS_INSIDE_MAX);
        self.write_u32(
            TAG_FULL
                | kind << 4
                | outcome << 6
                | u32::from(spans_inside) << 8
                | u32::from(segment) << 20,
        );
    }

    #[inline]
    fn write_u32(&mut self, word: u32) {
        self.buffer[self.length..self.length + 4].copy_from_slice(&word.to_le_bytes());
        self.length += 4;
    }

    #[inline]
    fn write_u64(&mut self, word: u64) {
        self.buffer[self.length..self.length + 8].copy_from_slice(&word.to_le_bytes());
        self.length += 8;
    }
}
