//! What happens to one submission.
//!
//! Fetch, validate, look up, decode, run the method, encode, post, check whether
//! somebody waits for it. Each step is a segment of the dispatch; a step that does
//! not happen leaves none. A submission that completes later leaves a [`Waiter`],
//! and its completion is a dispatch of its own with the same flow.
//!
//! The steps are parts of one function, so that a segment holds the step and not
//! the calls around it.

mod operations;

use crate::capability::endpoint::Outgoing;
use crate::capability::exception::Exception;
use crate::capability::message::{Encoder, Message};
use crate::capability::{CallError, Context, Object, Reply, park_bench};
use crate::kernel::{Kernel, Turn};
use crate::measure;
use crate::process::{Pid, Process, Waiter};
use crate::segments;
use crate::step;
use alloc::rc::Rc;
use guest_abi::ring::{Cqe, CqeFlags, Sqe, opcode, result, validate};
use kernel_core::capability_table::{LookupError, Shared};
use kernel_measure::{Dispatch, DispatchInfo, Outcome};

/// One submission's way through the kernel.
struct Dispatcher<'k> {
    kernel: &'k mut Kernel,
    process: &'k mut Process,
    probe: Dispatch<'static>,
}

/// What becomes of a submission, and what it was about.
struct Done {
    /// The completion's result; `None` if it completes later.
    result: Option<i32>,
    /// Result capabilities behind the payload.
    capabilities: u16,
    /// Index of the interface, where one was found.
    interface: u8,
}

impl Done {
    #[inline(always)]
    fn code(result: i32) -> Self {
        Self::call(DispatchInfo::NO_INTERFACE, result)
    }

    #[inline(always)]
    fn pending(interface: u8) -> Self {
        Self {
            result: None,
            capabilities: 0,
            interface,
        }
    }

    #[inline(always)]
    fn call(interface: u8, result: i32) -> Self {
        Self {
            result: Some(result),
            capabilities: 0,
            interface,
        }
    }
}

/// Serves the submission at the head of the caller's queue. There must be one.
#[inline(never)]
pub fn dispatch(kernel: &mut Kernel, process: &mut Process) {
    let probe = measure::thread().dispatch(segments::DISPATCH);
    let mut this = Dispatcher {
        kernel,
        process,
        probe,
    };

    let sqe = this.process.ring.take();
    step::lap::<{ segments::RING.get() }>(&mut this.probe);

    let valid = validate(&sqe);
    step::lap::<{ segments::VALIDATE.get() }>(&mut this.probe);

    let done = match valid {
        Ok(()) => this.serve(&sqe),
        Err(error) => refused(error.code()),
    };
    this.complete(&sqe, &done);
}

impl Dispatcher<'_> {
    #[inline(always)]
    fn serve(&mut self, sqe: &Sqe) -> Done {
        match sqe.opcode {
            opcode::NOP => Done::code(0),
            opcode::CALL => self.call(sqe),
            opcode::PARK_BENCH => self.compact_park(sqe),
            opcode::RELEASE => self.release(sqe.cap_id),
            opcode::RECV => self.receive(sqe),
            opcode::RETURN => self.answer_received(sqe),
            opcode::CANCEL => self.cancel(sqe),
            opcode::PARK => self.park(sqe),
            opcode::UNPARK => self.unpark(sqe),
            // Valid, and not offered by this kernel.
            _ => Done::code(result::UNSUPPORTED_OPCODE),
        }
    }

    #[inline(always)]
    fn call(&mut self, sqe: &Sqe) -> Done {
        if self.is_foreign(sqe) {
            return Done::code(result::INVALID_REQUEST);
        }
        let found = self.process.capabilities.lookup(sqe.cap_id);
        let found = found.map(|hold| (hold.share(), hold.interface_id, hold.badge));
        step::lap::<{ segments::LOOKUP.get() }>(&mut self.probe);
        let (shared, interface_id, badge) = match found {
            Ok(found) => found,
            Err(error) => return not_found(error),
        };
        let object = &shared.object;
        let interface = object.interface().index;
        self.process.probe.count(object);
        if let Object::Endpoint(endpoint) | Object::EndpointClient(endpoint) = object {
            let call = Outgoing {
                interface_id,
                badge,
                waiter: self.waiter(sqe, interface),
            };
            return self.call_endpoint(sqe, endpoint, call);
        }
        // No object of the kernel's own takes capabilities in.
        if sqe.xfer_cap_count != 0 {
            return Done::call(interface, result::TRANSFER_NOT_SUPPORTED);
        }

        // The buffer is taken out for the call, so that the request may point into
        // it while the method body uses the kernel.
        let parameters = core::mem::take(&mut self.kernel.scratch.parameters);
        let reply = self.answer(object, sqe, parameters);
        self.kernel.scratch.parameters = parameters;

        let encoder = Encoder {
            scratch: self.kernel.scratch.results,
            address: sqe.result_addr,
            room: sqe.result_len,
        };
        let done = match reply {
            Ok(Reply::Pending) => return Done::pending(interface),
            Ok(Reply::Void) => return Done::call(interface, 0),
            Ok(reply) => encode_reply(&reply, encoder, interface),
            Err(error) => encode_error(error, encoder, interface),
        };
        step::lap::<{ segments::ENCODE.get() }>(&mut self.probe);
        done
    }

    /// Decode and method body.
    #[inline(always)]
    fn answer(
        &mut self,
        object: &Object,
        sqe: &Sqe,
        parameters: &mut [u64],
    ) -> Result<Reply, CallError> {
        let mut message = Message::new();
        let request = if !object.has_method(sqe.method_id) {
            Err(Exception::unimplemented("no such method").into())
        } else if message.copy_in(parameters, sqe.addr, sqe.len).is_err() {
            Err(CallError::Parameters)
        } else {
            object
                .decode(sqe.method_id, &message)
                .map_err(CallError::Exception)
        };
        step::lap::<{ segments::DECODE.get() }>(&mut self.probe);

        let request = request?;
        let waiter = self.waiter(sqe, object.interface().index);
        let mut context = Context {
            kernel: self.kernel,
            caller: self.process,
            waiter,
        };
        let reply = object.invoke(request, &mut context);
        step::lap::<{ segments::BODY.get() }>(&mut self.probe);
        Ok(reply?)
    }

    #[inline(always)]
    fn release(&mut self, id: u32) -> Done {
        let removed = self.process.capabilities.remove(id);
        step::lap::<{ segments::LOOKUP.get() }>(&mut self.probe);
        match removed {
            Ok(hold) => {
                self.kernel.drop_hold(hold);
                step::lap::<{ segments::BODY.get() }>(&mut self.probe);
                Done::code(0)
            }
            Err(_) => Done::code(result::INVALID_REQUEST),
        }
    }

    /// Whether a submission belongs to another thread than the one that it is served
    /// for; that one is gone, or the submission would still be queued.
    #[inline(always)]
    fn is_foreign(&mut self, sqe: &Sqe) -> bool {
        sqe.call_id != 0 && sqe.call_id != self.process.thread().tid.0
    }

    /// Keeps a submission's place until it completes.
    #[inline(always)]
    fn waiter(&mut self, sqe: &Sqe, interface: u8) -> Waiter {
        Waiter {
            thread: self.process.thread_id(),
            // Validation leaves an owner only where one may be.
            owner: match sqe.opcode {
                opcode::CALL | opcode::PARK => sqe.call_id,
                _ => 0,
            },
            sequence: self.process.ring.sequence(),
            opcode: sqe.opcode,
            interface,
            method: sqe.method_id,
            user_data: sqe.user_data,
            result_addr: sqe.result_addr,
            result_len: sqe.result_len,
        }
    }

    /// The capability that an operation other than CALL is for.
    #[inline(always)]
    fn target(&mut self, sqe: &Sqe) -> Result<Rc<Shared<Object>>, Done> {
        let found = self.process.capabilities.lookup(sqe.cap_id);
        let found = found.map(|hold| hold.share());
        step::lap::<{ segments::LOOKUP.get() }>(&mut self.probe);
        let shared = found.map_err(not_found)?;
        self.process.probe.count(&shared.object);
        Ok(shared)
    }

    #[inline(always)]
    fn compact_park(&mut self, sqe: &Sqe) -> Done {
        let found = self.process.capabilities.lookup(sqe.cap_id);
        let found = found.map(|hold| hold.share());
        step::lap::<{ segments::LOOKUP.get() }>(&mut self.probe);
        let shared = match found {
            Ok(shared) => shared,
            Err(error) => return not_found(error),
        };
        let interface = shared.object.interface().index;
        self.process.probe.count(&shared.object);
        if !matches!(shared.object, Object::ParkBench) {
            return Done::call(interface, result::INVOKE_FAILED);
        }
        let result = match sqe.method_id {
            0 => match park_bench::would_block(sqe.addr, sqe.len) {
                Ok(false) => park_bench::MISMATCH,
                Ok(true) => park_bench::TIMED_OUT,
                Err(_) => result::INVALID_PARAMS_BUFFER,
            },
            _ => park_bench::wake() as i32,
        };
        step::lap::<{ segments::BODY.get() }>(&mut self.probe);
        Done::call(interface, result)
    }

    /// Posts the completion, if it is time, and ends the dispatch.
    #[inline(always)]
    fn complete(mut self, sqe: &Sqe, done: &Done) {
        let info = DispatchInfo {
            tid: self.process.thread_id().traced(),
            flow: flow(self.process.pid, self.process.ring.sequence()),
            result: done.result.unwrap_or(0),
            opcode: sqe.opcode,
            interface: done.interface,
            method: sqe.method_id,
        };
        let Some(result) = done.result else {
            self.probe.end(info, Outcome::Pending);
            let probe = measure::thread();
            probe.count(measure::PENDING, 1);
            return;
        };
        let cqe = Cqe {
            user_data: sqe.user_data,
            result,
            flags: flags(done.capabilities),
            cap_count: done.capabilities,
            ..Cqe::default()
        };
        let owner = match sqe.opcode {
            opcode::CALL | opcode::PARK => sqe.call_id,
            _ => 0,
        };
        self.process.ring.post(cqe, owner);
        step::lap::<{ segments::POST.get() }>(&mut self.probe);

        self.kernel.wake(self.process, Turn::Own);
        step::lap::<{ segments::WAKE.get() }>(&mut self.probe);
        self.probe.end(info, Outcome::Complete);
        let probe = measure::thread();
        probe.count(measure::CQE_POSTED, 1);
    }
}

/// One id for all dispatches of a submission: the process and its running number.
#[inline(always)]
pub fn flow(pid: Pid, sequence: u32) -> u32 {
    pid.0 << 24 | sequence & 0xff_ffff
}

/// Flags of a completion with this many capabilities.
#[inline(always)]
pub fn flags(capabilities: u16) -> u16 {
    if capabilities == 0 {
        0
    } else {
        CqeFlags::TRANSFER_RESULT_CAPS
    }
}

#[cold]
fn refused(code: i32) -> Done {
    let probe = measure::thread();
    probe.count(measure::SQE_REFUSED, 1);
    Done::code(code)
}

#[cold]
fn not_found(error: LookupError) -> Done {
    let counter = match error {
        LookupError::NotFound => measure::LOOKUP_NOT_FOUND,
        LookupError::StaleGeneration => measure::LOOKUP_STALE,
        LookupError::Revoked => measure::LOOKUP_REVOKED,
    };
    let probe = measure::thread();
    probe.count(counter, 1);
    Done::code(result::INVOKE_FAILED)
}

#[inline(always)]
fn encode_reply(reply: &Reply, mut encoder: Encoder<'_>, interface: u8) -> Done {
    match reply.encode(&mut encoder) {
        Ok(length) => Done {
            result: Some(length as i32),
            capabilities: reply.capability_count(),
            interface,
        },
        Err(error) => encode_error(error, encoder, interface),
    }
}

#[cold]
fn encode_error(error: CallError, mut encoder: Encoder<'_>, interface: u8) -> Done {
    Done::call(
        interface,
        match error {
            CallError::Parameters => result::INVALID_PARAMS_BUFFER,
            CallError::Result => result::INVALID_RESULT_BUFFER,
            CallError::Exception(exception) => {
                let probe = measure::thread();
                probe.count(measure::EXCEPTIONS, 1);
                exception.encode(&mut encoder)
            }
        },
    )
}
