//! The capbench wire format, shared by the guest that encodes and the host
//! that decodes.
//!
//! A stream is a sequence of self-contained [frames](frame): each carries its
//! own magic, time base, dictionary, cumulative losses and CRC32C, so that any
//! one of them decodes without the others and damage costs exactly the frame
//! it hits. `docs/src/wire-format.md` is the byte-level specification; the
//! tests hold it and this code together.
//!
//! Encoding never allocates and never reads a clock: it may run in a kernel
//! before the heap exists, in a panic handler, or with interrupts off.
//! Decoding (feature `decode`) needs an allocator only for the columns the
//! caller hands in and reuses.

#![no_std]

#[cfg(any(feature = "decode", test))]
extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod control;
mod counter;
mod crc32c;
#[cfg(feature = "decode")]
pub mod decode;
mod dispatch;
mod error;
pub mod frame;
mod instant;
mod pc_sample;
mod record;
mod sample;
pub mod span;

pub use counter::Counter;
pub use crc32c::crc32c;
pub use dispatch::{DISPATCH_LENGTH, Dispatch, Outcome, Root, SPANS_INSIDE_MAX};
#[cfg(feature = "decode")]
pub use error::{DecodeError, DecodeWarning};
pub use error::{FrameFull, RecordError};
pub use frame::{Context, FrameHeader, FrameKind, Lost, Origin};
pub use instant::Instant;
pub use pc_sample::PcSample;
pub use record::{FixedRecord, RecordFrame};
pub use sample::{Sample, SampleFlags};
pub use span::{Span, SpanFrame};
