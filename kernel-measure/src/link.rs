//! The way from finished frames to the transport.
//!
//! Promise: frames leave in sequence, each number once; a frame the transport
//! refuses leaves its records where they were.

use crate::config::LinkError;
use crate::{Transport, clock};
use trace_format::control::{ControlFrame, Message};
use trace_format::frame::FRAME_LENGTH_MAX;
use trace_format::{Context, Lost, Origin};

/// A transport, the buffer frames are built in, and their numbers.
pub(crate) struct Link {
    pub(crate) transport: Option<&'static mut (dyn Transport + Send)>,
    pub(crate) buffer: [u8; FRAME_LENGTH_MAX],
    /// Frames sent.
    pub(crate) sequence: u32,
    /// Control messages the transport refused; they have no ring to wait in.
    messages_lost: u64,
}

impl Link {
    pub(crate) const fn new() -> Self {
        Link {
            transport: None,
            buffer: [0; FRAME_LENGTH_MAX],
            sequence: 0,
            messages_lost: 0,
        }
    }

    /// Sends the frame that `build` makes in the buffer.
    #[inline]
    pub(crate) fn send<'s>(
        &'s mut self,
        build: impl FnOnce(&'s mut [u8], u32) -> &'s [u8],
    ) -> Result<(), LinkError> {
        let transport = self.transport.as_mut().ok_or(LinkError::NotOpen)?;
        let frame = build(&mut self.buffer, self.sequence);
        transport.send(frame)?;
        self.sequence = self.sequence.wrapping_add(1);
        Ok(())
    }

    /// Sends control messages, as many in a frame as fit.
    pub(crate) fn send_messages<'m>(
        &mut self,
        messages: impl Iterator<Item = Message<'m>>,
    ) -> Result<(), LinkError> {
        let mut messages = messages.peekable();
        while messages.peek().is_some() {
            let mut pushed = 0;
            let origin = |sequence, transport| Origin {
                cpu: 0,
                context: Context::Thread,
                sequence,
                lost: Lost {
                    transport,
                    ..Lost::default()
                },
            };
            let lost = self.messages_lost;
            let sent = self.send(|buffer, sequence| {
                let mut frame = ControlFrame::new(buffer);
                while let Some(message) = messages.peek()
                    && message.push_to(&mut frame).is_ok()
                {
                    messages.next();
                    pushed += 1;
                }
                frame.finish(origin(sequence, lost), clock::now())
            });
            if sent.is_err() {
                self.messages_lost += pushed + messages.count() as u64;
                return sent;
            }
            if pushed == 0 {
                self.messages_lost += 1;
                return Err(LinkError::MessageTooLong);
            }
        }
        Ok(())
    }
}
