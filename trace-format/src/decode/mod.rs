//! Reading streams: frames out of bytes, records out of frames.
//!
//! [`scan`] finds the next intact frame in a window of bytes and is all a
//! streaming reader needs; [`Frames`] walks a whole stream in memory. Memory is
//! bounded by [`crate::frame::FRAME_LENGTH_MAX`] and the caller's columns:
//! nothing a stream says can make the decoder allocate more than its frame
//! really holds.

mod control;
mod records;
mod scan;
mod spans;
mod stream;

pub use control::Messages;
pub use records::read_records;
pub use scan::{Frame, Scan, scan};
pub use spans::{RootAt, SpanColumns};
pub use stream::{Event, Frames, SequenceCheck};
