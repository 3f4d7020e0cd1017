//! Walking a stream: frames in order, what is missing between them.

use super::{Frame, Scan, scan};
use crate::{DecodeError, DecodeWarning};

/// What the next part of a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// An intact frame.
    Frame(Frame<'a>),
    /// Something was lost; reading goes on.
    Warning(DecodeWarning),
}

/// Follows sequence numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct SequenceCheck {
    next: u32,
}

impl SequenceCheck {
    /// Takes the number of the next intact frame; the first of a stream is 0.
    pub fn frame(&mut self, sequence: u32) -> Option<DecodeWarning> {
        let expected = self.next;
        let ahead = sequence.wrapping_sub(expected);
        if ahead > u32::MAX / 2 {
            return Some(DecodeWarning::OutOfOrder { sequence, expected });
        }
        self.next = sequence.wrapping_add(1);
        (ahead > 0).then_some(DecodeWarning::Missing {
            count: ahead,
            next: sequence,
        })
    }
}

/// The frames of a stream that is wholly in memory.
///
/// Yields every intact frame exactly once and in stream order, with warnings
/// where something is missing. [`Frames::outcome`] says afterwards whether
/// there was anything to read at all.
pub struct Frames<'a> {
    bytes: &'a [u8],
    at: usize,
    sequence: SequenceCheck,
    frames: u64,
    other_version: Option<u8>,
    /// A frame whose warning had to go first.
    waiting: Option<Frame<'a>>,
    /// A sequence warning whose damage warning had to go first.
    waiting_warning: Option<DecodeWarning>,
}

impl<'a> Frames<'a> {
    /// Walks `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Frames {
            bytes,
            at: 0,
            sequence: SequenceCheck::default(),
            frames: 0,
            other_version: None,
            waiting: None,
            waiting_warning: None,
        }
    }

    /// Whether the stream could be read, once the walk is over.
    pub fn outcome(&self) -> Result<(), DecodeError> {
        match (self.frames, self.other_version) {
            (0, Some(found)) => Err(DecodeError::Version { found }),
            (0, None) => Err(DecodeError::NoFrame {
                bytes: self.bytes.len() as u64,
            }),
            _ => Ok(()),
        }
    }

    fn take_frame(&mut self, frame: Frame<'a>) -> Event<'a> {
        self.frames += 1;
        match self.sequence.frame(frame.header.origin.sequence) {
            Some(warning) => {
                self.waiting = Some(frame);
                Event::Warning(warning)
            }
            None => Event::Frame(frame),
        }
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        if let Some(warning) = self.waiting_warning.take() {
            return Some(Event::Warning(warning));
        }
        if let Some(frame) = self.waiting.take() {
            return Some(Event::Frame(frame));
        }
        let start = self.at;
        let mut skipped_so_far = 0;
        loop {
            let rest = &self.bytes[self.at..];
            if rest.is_empty() && skipped_so_far == 0 {
                return None;
            }
            let damaged = |length: usize| {
                Event::Warning(DecodeWarning::Damaged {
                    offset: start as u64,
                    length: length as u64,
                })
            };
            match scan(rest) {
                Scan::Frame {
                    frame,
                    skipped,
                    consumed,
                } => {
                    self.at += consumed;
                    let event = self.take_frame(frame);
                    let skipped = skipped + skipped_so_far;
                    if skipped == 0 {
                        return Some(event);
                    }
                    match event {
                        Event::Frame(frame) => self.waiting = Some(frame),
                        Event::Warning(warning) => self.waiting_warning = Some(warning),
                    }
                    return Some(damaged(skipped));
                }
                Scan::OtherVersion {
                    version, consumed, ..
                } => {
                    self.other_version.get_or_insert(version);
                    self.at += consumed;
                    skipped_so_far += consumed;
                }
                Scan::Incomplete { skipped, needed } => {
                    let left = rest.len() - skipped;
                    if left == 0 {
                        self.at = self.bytes.len();
                        return Some(damaged(skipped + skipped_so_far));
                    }
                    // What looks like the last frame may be damage that hides
                    // intact frames behind it: look there before giving up.
                    let behind = self.at + skipped + 1;
                    if let Scan::Frame { .. } = scan(&self.bytes[behind..]) {
                        self.at = behind;
                        skipped_so_far += skipped + 1;
                        continue;
                    }
                    let offset = (self.at + skipped) as u64;
                    self.at = self.bytes.len();
                    let truncated = DecodeWarning::Truncated {
                        offset,
                        missing: (needed - left) as u64,
                    };
                    if skipped + skipped_so_far == 0 {
                        return Some(Event::Warning(truncated));
                    }
                    self.waiting_warning = Some(truncated);
                    return Some(damaged(skipped + skipped_so_far));
                }
            }
        }
    }
}
