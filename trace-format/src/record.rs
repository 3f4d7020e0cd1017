//! Records of one fixed size, and the frame that holds a run of them.
//!
//! Samples, counters, instants and PC samples are rare beside spans: a fixed
//! layout costs a few bytes more and makes decoding a copy.

use crate::frame::{FrameHeader, FrameKind, HEADER_LENGTH, Origin};
use crate::{FrameFull, RecordError};

/// A record of constant length on the wire.
pub trait FixedRecord: Sized {
    /// The kind of frame that holds such records.
    const KIND: FrameKind;

    /// Length of one record in bytes.
    const LENGTH: usize;

    /// The record's time in TSC ticks.
    fn time(&self) -> u64;

    /// Writes the record to `bytes`, which are [`FixedRecord::LENGTH`] long.
    fn write(&self, bytes: &mut [u8]);

    /// Reads a record from `bytes`, which are [`FixedRecord::LENGTH`] long.
    fn read(bytes: &[u8]) -> Result<Self, RecordError>;
}

/// A frame of fixed records under construction in the caller's buffer.
pub struct RecordFrame<'a, R> {
    buffer: &'a mut [u8],
    length: usize,
    first_time: u64,
    record_count: u32,
    records: core::marker::PhantomData<R>,
}

impl<'a, R: FixedRecord> RecordFrame<'a, R> {
    /// Starts a frame in `buffer`; no more than
    /// [`crate::frame::FRAME_LENGTH_MAX`] bytes of it are used.
    ///
    /// # Panics
    ///
    /// If `buffer` cannot hold a header and one record.
    pub fn new(buffer: &'a mut [u8]) -> Self {
        let limit = buffer.len().min(crate::frame::FRAME_LENGTH_MAX);
        assert!(
            limit >= HEADER_LENGTH + R::LENGTH,
            "the buffer is too short"
        );
        RecordFrame {
            buffer: &mut buffer[..limit],
            length: HEADER_LENGTH,
            first_time: 0,
            record_count: 0,
            records: core::marker::PhantomData,
        }
    }

    /// Appends a record.
    pub fn push(&mut self, record: &R) -> Result<(), FrameFull> {
        let room = self
            .buffer
            .get_mut(self.length..self.length + R::LENGTH)
            .ok_or(FrameFull)?;
        record.write(room);
        if self.record_count == 0 {
            self.first_time = record.time();
        }
        self.length += R::LENGTH;
        self.record_count += 1;
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
        FrameHeader {
            kind: R::KIND,
            origin,
            record_count: self.record_count,
            payload_length: (self.length - HEADER_LENGTH) as u32,
            first_time: self.first_time,
        }
        .seal(frame);
        frame
    }
}
