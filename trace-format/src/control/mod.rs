//! Control messages: everything a stream says about itself.
//!
//! A message is an id (u16), a length (u32) and a postcard body. Tables are
//! sent entry by entry, so that a kernel needs no allocator and no limit on
//! their size. The fields of a message never change: a new shape gets a new
//! id, and readers skip ids they do not know.

mod account;
mod audit;
mod authority;
mod clock;
mod declare;
mod failure;
mod window;

pub use account::{EndOfStream, RingAccount};
pub use audit::{AuditOutcome, AuditRecord};
pub use authority::{AuthorityExercised, AuthorityGranted, DenialProven, ProcessExited};
pub use clock::{Calibration, ClockCertificate, ClockSource, ProbeKind};
pub use declare::{
    Aggregation, CounterDeclared, InstantDeclared, InterfaceDeclared, MetricDeclared, RingMode,
    SegmentDeclared, SegmentKind, Session, ThreadDeclared,
};
pub use failure::{Panicked, ProcessFaulted};
pub use window::{
    Edge, OracleOutcome, Verdict, WindowBegun, WindowCounter, WindowEnded, WindowRefused,
    WindowRing,
};

use crate::FrameFull;
use crate::frame::{FRAME_LENGTH_MAX, FrameHeader, FrameKind, HEADER_LENGTH, Origin};

/// Bytes before a message's body: id and length.
pub const MESSAGE_HEADER_LENGTH: usize = 6;

/// A message that can be written to a control frame.
pub trait ControlMessage: serde::Serialize {
    /// The id on the wire.
    const ID: u16;
}

macro_rules! messages {
    ($($id:literal => $name:ident $(<$lifetime:lifetime>)?,)*) => {
        $(impl $(<$lifetime>)? ControlMessage for $name $(<$lifetime>)? {
            const ID: u16 = $id;
        })*

        /// Any message of this version.
        #[allow(missing_docs)] // each variant is documented at its type
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum Message<'a> {
            $($name($name $(<$lifetime>)?),)*
        }

        impl<'a> Message<'a> {
            /// Ids and names of this version.
            pub const IDS: &'static [(u16, &'static str)] = &[$(($id, stringify!($name)),)*];

            /// Reads the body of the message with this id. `None`: the id is
            /// unknown. Text is borrowed from `body`.
            pub fn read(id: u16, body: &'a [u8]) -> Option<Result<Self, MalformedBody>> {
                Some(match id {
                    $($id => read_whole(body).map(Message::$name),)*
                    _ => return None,
                })
            }

            /// The id on the wire.
            pub const fn id(&self) -> u16 {
                match self {
                    $(Message::$name(_) => $id,)*
                }
            }

            /// Appends the message to a frame.
            pub fn push_to(&self, frame: &mut ControlFrame) -> Result<(), FrameFull> {
                match self {
                    $(Message::$name(message) => frame.push(message),)*
                }
            }
        }
    };
}

messages! {
    1 => Session<'a>,
    2 => SegmentDeclared<'a>,
    3 => InterfaceDeclared<'a>,
    4 => CounterDeclared<'a>,
    5 => InstantDeclared<'a>,
    6 => MetricDeclared<'a>,
    7 => ThreadDeclared<'a>,
    8 => ClockCertificate<'a>,
    9 => Calibration,
    10 => WindowBegun<'a>,
    11 => WindowRing,
    12 => WindowCounter,
    13 => WindowEnded,
    14 => WindowRefused<'a>,
    15 => Verdict<'a>,
    16 => AuthorityGranted<'a>,
    17 => AuthorityExercised,
    18 => DenialProven<'a>,
    19 => ProcessExited,
    20 => ProcessFaulted,
    21 => Panicked<'a>,
    22 => RingAccount,
    23 => EndOfStream,
    24 => AuditRecord<'a>,
}

/// A body that does not decode, or leaves bytes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body of a control message is malformed")]
pub struct MalformedBody;

fn read_whole<'a, M: serde::Deserialize<'a>>(body: &'a [u8]) -> Result<M, MalformedBody> {
    match postcard::take_from_bytes(body) {
        Ok((message, [])) => Ok(message),
        _ => Err(MalformedBody),
    }
}

/// A control frame under construction in the caller's buffer.
pub struct ControlFrame<'a> {
    buffer: &'a mut [u8],
    length: usize,
    message_count: u32,
}

impl<'a> ControlFrame<'a> {
    /// Starts a frame in `buffer`; no more than [`FRAME_LENGTH_MAX`] bytes of
    /// it are used.
    ///
    /// # Panics
    ///
    /// If `buffer` cannot hold a header.
    pub fn new(buffer: &'a mut [u8]) -> Self {
        let limit = buffer.len().min(FRAME_LENGTH_MAX);
        assert!(limit > HEADER_LENGTH, "the buffer is too short");
        ControlFrame {
            buffer: &mut buffer[..limit],
            length: HEADER_LENGTH,
            message_count: 0,
        }
    }

    /// Appends a message.
    pub fn push<M: ControlMessage>(&mut self, message: &M) -> Result<(), FrameFull> {
        let room = &mut self.buffer[self.length..];
        let (head, body) = room
            .split_at_mut_checked(MESSAGE_HEADER_LENGTH)
            .ok_or(FrameFull)?;
        let written = postcard::to_slice(message, body)
            .map_err(|_| FrameFull)?
            .len();
        head[..2].copy_from_slice(&M::ID.to_le_bytes());
        head[2..].copy_from_slice(&(written as u32).to_le_bytes());
        self.length += MESSAGE_HEADER_LENGTH + written;
        self.message_count += 1;
        Ok(())
    }

    /// Whether nothing was pushed yet.
    pub fn is_empty(&self) -> bool {
        self.message_count == 0
    }

    /// Writes the header and returns the finished frame. `time`: TSC ticks now.
    pub fn finish(self, origin: Origin, time: u64) -> &'a [u8] {
        let frame = &mut self.buffer[..self.length];
        FrameHeader {
            kind: FrameKind::Control,
            origin,
            record_count: self.message_count,
            payload_length: (self.length - HEADER_LENGTH) as u32,
            first_time: time,
        }
        .seal(frame);
        frame
    }
}
