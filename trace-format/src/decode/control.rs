//! Messages out of a control frame.

use super::Frame;
use crate::control::{MESSAGE_HEADER_LENGTH, Message};
use crate::frame::{FrameKind, read_u16, read_u32};
use crate::{DecodeWarning, RecordError};

/// The messages of a control frame, unknown and unreadable ones as warnings.
pub struct Messages<'a> {
    payload: &'a [u8],
    left: u32,
    sequence: u32,
}

impl<'a> Messages<'a> {
    /// Reads the messages of `frame`.
    ///
    /// # Panics
    ///
    /// If the frame is of another kind.
    pub fn new(frame: &Frame<'a>) -> Self {
        assert_eq!(frame.header.kind, FrameKind::Control);
        Messages {
            payload: frame.payload,
            left: frame.header.record_count,
            sequence: frame.header.origin.sequence,
        }
    }

    fn malformed(&mut self, error: RecordError) -> DecodeWarning {
        self.left = 0;
        self.payload = &[];
        DecodeWarning::Records {
            sequence: self.sequence,
            error,
        }
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Result<Message<'a>, DecodeWarning>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return (!self.payload.is_empty()).then(|| Err(self.malformed(RecordError::Count)));
        }
        self.left -= 1;
        let Some((head, rest)) = self.payload.split_at_checked(MESSAGE_HEADER_LENGTH) else {
            return Some(Err(self.malformed(RecordError::PastEnd)));
        };
        let (id, length) = (read_u16(head, 0), read_u32(head, 2) as usize);
        let Some((body, rest)) = rest.split_at_checked(length) else {
            return Some(Err(self.malformed(RecordError::PastEnd)));
        };
        self.payload = rest;
        let sequence = self.sequence;
        Some(match Message::read(id, body) {
            Some(Ok(message)) => Ok(message),
            Some(Err(_)) => Err(DecodeWarning::MalformedMessage { sequence, id }),
            None => Err(DecodeWarning::UnknownMessage { sequence, id }),
        })
    }
}
