//! Losses and contradictions of a stream.

use trace_format::decode::Frame;
use trace_format::{DecodeWarning, RecordError};

/// Warnings kept in words.
const WORDS_MAX: usize = 4;

/// Losses and contradictions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Damage {
    /// Bytes in no intact frame: a CRC, a header or a length does not hold.
    pub bytes: u64,
    /// The stream ends inside a frame.
    pub cut: bool,
    /// Frames whose records make no sense.
    pub malformed: u64,
    /// Frames that are missing.
    pub missing: u64,
    /// Frames that came again or late.
    pub out_of_order: u64,
    /// What found no place here, or belongs to nothing.
    pub left_out: u64,
    /// Records that frames say were lost.
    pub lost: u64,
    /// The first few, in words.
    pub first: Vec<String>,
}

impl Damage {
    pub(super) fn take(&mut self, warning: &DecodeWarning) {
        match *warning {
            DecodeWarning::Damaged { length, .. } => self.bytes += length,
            DecodeWarning::Truncated { .. } => self.cut = true,
            DecodeWarning::Missing { count, .. } => self.missing += u64::from(count),
            DecodeWarning::OutOfOrder { .. } => self.out_of_order += 1,
            DecodeWarning::Records { .. } | DecodeWarning::MalformedMessage { .. } => {
                self.malformed += 1;
            }
            // A later version may say more; that takes nothing from what it says.
            DecodeWarning::UnknownMessage { .. } => return,
        }
        if self.first.len() < WORDS_MAX {
            self.first.push(warning.to_string());
        }
    }

    pub(super) fn records(&mut self, frame: &Frame, error: RecordError) {
        let sequence = frame.header.origin.sequence;
        self.take(&DecodeWarning::Records { sequence, error });
    }

    /// The first in words, for evidence.
    pub fn words(&self) -> &str {
        self.first.first().map_or("", String::as_str)
    }
}
