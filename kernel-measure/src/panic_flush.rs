//! The last words of a kernel that is going down.
//!
//! Promise: the message first, then whatever the rings hold, then the
//! accounts, with what was open. The stream has no end-of-stream message, so
//! no reader takes it for a complete one.
//!
//! Context: a panic on any CPU in any context. Polls; takes the stream from
//! whoever was using it. A frame that was on its way may come twice, with one
//! number.
//!
//! Loss: what the transport refuses now is gone with the machine.

use crate::Measure;
use crate::clock;
use crate::measure::State;
use trace_format::control::{Message, Panicked};

impl<const CPUS: usize> Measure<CPUS> {
    /// Sends `message`, the rings and the accounts, as far as the transport
    /// still works.
    ///
    /// # Safety
    ///
    /// Nothing else of the kernel runs any more, on this CPU or another, or
    /// ever continues.
    pub unsafe fn panic_flush(&self, message: &str, location: &str) {
        // SAFETY: as the caller promised.
        let mut stream = unsafe { self.seize() };
        if stream.state != State::Open {
            return;
        }
        stream.state = State::Finished;
        let open_spans = self.ring_accounts().map(|account| account.open).sum();
        let panicked = Message::Panicked(Panicked {
            time: clock::now(),
            message,
            location,
            open_spans,
        });
        // Each step is tried whatever became of the one before it: there is
        // nobody left to report to.
        let _ = stream.link.send_messages(core::iter::once(panicked));
        let _ = stream.drain(&self.cpus);
        let accounts = self.ring_accounts().map(Message::RingAccount);
        let _ = stream.link.send_messages(accounts);
    }
}
