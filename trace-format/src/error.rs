//! Errors and warnings: errors stop, warnings let the rest of a stream be read.

/// The frame under construction has no room for another record: finish it and
/// push the record into the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the frame is full")]
pub struct FrameFull;

/// Why the records of an intact frame make no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// A record reaches past the payload.
    #[error("a record reaches past the end of its frame")]
    PastEnd,
    /// Fewer or more bytes than the declared number of records needs.
    #[error("the payload does not hold the declared number of records")]
    Count,
    /// A span names a dictionary place the frame does not define.
    #[error("a span names an undefined dictionary entry")]
    Dictionary,
    /// A root repeats a dispatch, but no root stands before it in the frame.
    #[error("a dispatch root repeats one that is not in its frame")]
    NothingToRepeat,
    /// A time or duration leaves the representable range.
    #[error("a time is out of range")]
    Time,
    /// A reserved field is set or an enumeration is out of range.
    #[error("a field holds a value outside its definition")]
    Field,
}

#[cfg(feature = "decode")]
pub use decode::*;

#[cfg(feature = "decode")]
mod decode {
    use super::RecordError;

    /// The stream cannot be read at all.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
    pub enum DecodeError {
        /// There is not one frame in it.
        #[error(
            "no capbench frame in {bytes} bytes: this is not a trace stream, or nothing of it survived"
        )]
        NoFrame {
            /// Bytes looked at.
            bytes: u64,
        },
        /// Its frames are of another version of the format.
        #[error(
            "the stream is version {found} of the format, this build reads version {}: use the capbench that wrote it",
            crate::frame::VERSION
        )]
        Version {
            /// The version its first frame states.
            found: u8,
        },
    }

    /// Part of the stream was lost or is not understood; the rest was read.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
    pub enum DecodeWarning {
        /// Bytes that belong to no intact frame were skipped.
        #[error("{length} damaged bytes at offset {offset} were skipped")]
        Damaged {
            /// Where they start in the stream.
            offset: u64,
            /// How many they are.
            length: u64,
        },
        /// The stream ends inside a frame.
        #[error(
            "the stream ends inside a frame at offset {offset}: {missing} bytes or more are missing"
        )]
        Truncated {
            /// Where the frame starts.
            offset: u64,
            /// How much of it is missing at least.
            missing: u64,
        },
        /// Frames are missing between two that were read.
        #[error("{count} frames are missing before frame {next}")]
        Missing {
            /// How many.
            count: u32,
            /// Sequence number of the frame after the gap.
            next: u32,
        },
        /// A frame came again or late.
        #[error("frame {sequence} came out of order, {expected} was due")]
        OutOfOrder {
            /// Its number.
            sequence: u32,
            /// The number that was due.
            expected: u32,
        },
        /// An intact frame holds records that make no sense; those before the
        /// first bad one were read.
        #[error("frame {sequence}: {error}; the rest of the frame is lost")]
        Records {
            /// Its number.
            sequence: u32,
            /// The fault.
            error: RecordError,
        },
        /// A control message with an id of a later version was skipped.
        #[error("frame {sequence}: control message {id} is unknown to this build and was skipped")]
        UnknownMessage {
            /// The frame it is in.
            sequence: u32,
            /// Its id.
            id: u16,
        },
        /// A control message has a known id and an unreadable body.
        #[error("frame {sequence}: control message {id} has an unreadable body and was skipped")]
        MalformedMessage {
            /// The frame it is in.
            sequence: u32,
            /// Its id.
            id: u16,
        },
    }
}
