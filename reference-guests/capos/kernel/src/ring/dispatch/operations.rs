//! Operations that are between processes or threads, and not the kernel's own methods.

use super::{Dispatcher, Done, encode_error};
use crate::capability::endpoint::{self, Answer, Endpoint, Outgoing, Parcel, Payload, SendError};
use crate::capability::message::Encoder;
use crate::capability::{Object, park_space, transfer};
use crate::kernel::Kernel;
use crate::process::Process;
use crate::segments;
use crate::step;
use alloc::rc::Rc;
use guest_abi::ring::{Sqe, SqeFlags, result};

impl Dispatcher<'_> {
    /// The endpoint that an operation of its owner is for.
    #[inline(always)]
    fn own_endpoint(&mut self, sqe: &Sqe) -> Result<(Rc<Endpoint>, u8), Done> {
        let shared = self.target(sqe)?;
        let interface = shared.object.interface().index;
        match &shared.object {
            Object::Endpoint(endpoint) => Ok((Rc::clone(endpoint), interface)),
            // A client may call and nothing else.
            _ => Err(Done::call(interface, result::INVOKE_FAILED)),
        }
    }

    #[inline(never)]
    pub(super) fn call_endpoint(
        &mut self,
        sqe: &Sqe,
        endpoint: &Rc<Endpoint>,
        call: Outgoing,
    ) -> Done {
        let interface = call.waiter.interface;
        let called = self.send(sqe, |kernel, process, message| {
            endpoint::call(kernel, process, endpoint, call, message)
        });
        match called {
            Ok(()) => Done::pending(interface),
            Err(SendError::Code(code)) => Done::call(interface, code),
            Err(SendError::Exception(exception)) => {
                let encoder = Encoder {
                    scratch: self.kernel.scratch.results,
                    address: sqe.result_addr,
                    room: sqe.result_len,
                };
                let done = encode_error(exception.into(), encoder, interface);
                step::lap::<{ segments::ENCODE.get() }>(&mut self.probe);
                done
            }
        }
    }

    #[inline(never)]
    pub(super) fn answer_received(&mut self, sqe: &Sqe) -> Done {
        let (endpoint, interface) = match self.own_endpoint(sqe) {
            Ok(found) => found,
            Err(done) => return done,
        };
        let kind = match sqe.flags & SqeFlags::RETURN_APPLICATION_EXCEPTION {
            0 => Answer::Result,
            _ => Answer::Exception,
        };
        if !endpoint::is_received(&endpoint, sqe.call_id, self.process.pid) {
            return Done::call(interface, result::INVALID_REQUEST);
        }
        let answered = self.send(sqe, |kernel, process, message| {
            endpoint::answer(kernel, process, &endpoint, sqe.call_id, kind, message);
            Ok(())
        });
        match answered {
            Ok(()) => Done::call(interface, 0),
            Err(SendError::Code(code)) => Done::call(interface, code),
            Err(SendError::Exception(_)) => Done::call(interface, result::INVOKE_FAILED),
        }
    }

    /// Copies a message out of the caller, takes what capabilities go with it, and
    /// hands both on.
    #[inline(always)]
    fn send(
        &mut self,
        sqe: &Sqe,
        hand_on: impl FnOnce(&mut Kernel, &mut Process, Parcel) -> Result<(), SendError>,
    ) -> Result<(), SendError> {
        let length = endpoint::copy_in(self.kernel, sqe)?;
        step::lap::<{ segments::COPY.get() }>(&mut self.probe);
        let capabilities = transfer::take(self.process, sqe)?;
        if sqe.xfer_cap_count != 0 {
            step::lap::<{ segments::TRANSFER.get() }>(&mut self.probe);
        }
        let parcel = Parcel {
            payload: Payload::Scratch(length),
            capabilities,
        };
        let handed_on = hand_on(self.kernel, self.process, parcel);
        step::lap::<{ segments::BODY.get() }>(&mut self.probe);
        handed_on
    }

    #[inline(never)]
    pub(super) fn receive(&mut self, sqe: &Sqe) -> Done {
        let (endpoint, interface) = match self.own_endpoint(sqe) {
            Ok(found) => found,
            Err(done) => return done,
        };
        let waiter = self.waiter(sqe, interface);
        let received = endpoint::receive(self.kernel, self.process, &endpoint, waiter);
        step::lap::<{ segments::BODY.get() }>(&mut self.probe);
        match received {
            Ok(()) => Done::pending(interface),
            Err(code) => Done::call(interface, code),
        }
    }

    #[inline(never)]
    pub(super) fn cancel(&mut self, sqe: &Sqe) -> Done {
        let (endpoint, interface) = match self.own_endpoint(sqe) {
            Ok(found) => found,
            Err(done) => return done,
        };
        let code = endpoint::cancel(self.kernel, self.process, &endpoint, sqe.pipeline_dep);
        step::lap::<{ segments::BODY.get() }>(&mut self.probe);
        Done::call(interface, code)
    }

    /// The interface of the park space that an operation is for.
    #[inline(always)]
    fn own_park_space(&mut self, sqe: &Sqe) -> Result<u8, Done> {
        let shared = self.target(sqe)?;
        let interface = shared.object.interface().index;
        match shared.object {
            Object::ParkSpace => Ok(interface),
            _ => Err(Done::call(interface, result::INVOKE_FAILED)),
        }
    }

    #[inline(never)]
    pub(super) fn park(&mut self, sqe: &Sqe) -> Done {
        if self.is_foreign(sqe) {
            return Done::code(result::INVALID_REQUEST);
        }
        let interface = match self.own_park_space(sqe) {
            Ok(interface) => interface,
            Err(done) => return done,
        };
        let waiter = self.waiter(sqe, interface);
        let parked = park_space::park(self.kernel, self.process, waiter, sqe);
        step::lap::<{ segments::BODY.get() }>(&mut self.probe);
        match parked {
            None => Done::pending(interface),
            Some(code) => Done::call(interface, code),
        }
    }

    #[inline(never)]
    pub(super) fn unpark(&mut self, sqe: &Sqe) -> Done {
        let interface = match self.own_park_space(sqe) {
            Ok(interface) => interface,
            Err(done) => return done,
        };
        let woken = park_space::unpark(self.kernel, self.process.pid, sqe);
        step::lap::<{ segments::BODY.get() }>(&mut self.probe);
        Done::call(interface, woken)
    }
}
