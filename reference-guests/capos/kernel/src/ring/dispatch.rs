//! What happens to one submission.
//!
//! Fetch, validate, look up, decode, run the method, encode, post, check whether
//! somebody waits for it. Each step is measured as a segment of the dispatch; a
//! step that does not happen leaves none. A submission that completes later
//! leaves a [`Waiter`], and its completion is a dispatch of its own with the same
//! flow.

use crate::capability::message::{Encoder, Message};
use crate::capability::scratch::MAX_PARAMETERS;
use crate::capability::{CallError, Context, Object, Reply, park_bench};
use crate::kernel::Kernel;
use crate::process::{Process, Waiter};
use crate::ring::page::ForeignHead;
use guest_abi::ring::{Cqe, CqeFlags, Sqe, opcode, result, validate};

/// What becomes of a submission.
enum Outcome {
    /// It completes now.
    Complete { result: i32, capabilities: u16 },
    /// It completes later.
    Pending,
}

impl Outcome {
    fn code(result: i32) -> Self {
        Self::Complete {
            result,
            capabilities: 0,
        }
    }
}

/// Serves the submission at the head of the caller's queue.
pub fn dispatch(kernel: &mut Kernel, process: &mut Process) -> Result<(), ForeignHead> {
    let sqe = process.ring.take()?;
    let valid = validate(&sqe);
    let outcome = match valid {
        Err(error) => Outcome::code(error.code()),
        Ok(()) => match sqe.opcode {
            opcode::NOP => Outcome::code(0),
            opcode::CALL => call(kernel, process, &sqe),
            opcode::RELEASE => release(process, sqe.cap_id),
            opcode::PARK_BENCH => compact_park(process, &sqe),
            // Valid, and not offered by this kernel.
            _ => Outcome::code(result::UNSUPPORTED_OPCODE),
        },
    };
    if let Outcome::Complete {
        result,
        capabilities,
    } = outcome
    {
        process.ring.post(Cqe {
            user_data: sqe.user_data,
            result,
            flags: flags(capabilities),
            cap_count: capabilities,
            ..Cqe::default()
        });
        process.check_wake();
    }
    Ok(())
}

fn flags(capabilities: u16) -> u16 {
    if capabilities == 0 {
        0
    } else {
        CqeFlags::TRANSFER_RESULT_CAPS
    }
}

fn call(kernel: &mut Kernel, process: &mut Process, sqe: &Sqe) -> Outcome {
    let Ok(hold) = process.capabilities.lookup(sqe.cap_id) else {
        return Outcome::code(result::INVOKE_FAILED);
    };
    // No object of this kernel takes capabilities in.
    if sqe.xfer_cap_count != 0 {
        return Outcome::code(result::TRANSFER_NOT_SUPPORTED);
    }
    let shared = hold.share();
    let object = &shared.object;

    // The buffer is taken out for the call, so that the request may point into it
    // while the method body uses the kernel.
    let mut parameters = core::mem::take(&mut kernel.scratch.parameters);
    let reply = answer(kernel, process, object, sqe, &mut parameters);
    kernel.scratch.parameters = parameters;

    let mut encoder = Encoder {
        scratch: &mut kernel.scratch.results,
        address: sqe.result_addr,
        room: sqe.result_len,
    };
    let encoded = reply.and_then(|reply| Ok((reply.encode(&mut encoder)?, reply)));
    match encoded {
        Ok((_, Reply::Pending)) => Outcome::Pending,
        Ok((length, reply)) => Outcome::Complete {
            result: length as i32,
            capabilities: reply.capability_count(),
        },
        Err(CallError::Parameters) => Outcome::code(result::INVALID_PARAMS_BUFFER),
        Err(CallError::Result) => Outcome::code(result::INVALID_RESULT_BUFFER),
        Err(CallError::Exception(exception)) => Outcome::code(exception.encode(&mut encoder)),
    }
}

fn answer(
    kernel: &mut Kernel,
    process: &mut Process,
    object: &Object,
    sqe: &Sqe,
    parameters: &mut [u64],
) -> Result<Reply, CallError> {
    if !object.has_method(sqe.method_id) {
        return Err(
            crate::capability::exception::Exception::unimplemented("no such method").into(),
        );
    }
    if sqe.len as usize > MAX_PARAMETERS {
        return Err(CallError::Parameters);
    }
    let message = Message::copy_in(parameters, sqe.addr, sqe.len)?;
    let request = object.decode(sqe.method_id, &message)?;
    let waiter = Waiter {
        pid: process.pid,
        sequence: process.ring.sequence(),
        user_data: sqe.user_data,
        result_addr: sqe.result_addr,
        result_len: sqe.result_len,
    };
    let mut context = Context {
        kernel,
        caller: process,
        waiter,
    };
    Ok(object.invoke(request, &mut context)?)
}

fn release(process: &mut Process, id: u32) -> Outcome {
    match process.capabilities.remove(id) {
        Ok(_) => Outcome::code(0),
        Err(_) => Outcome::code(result::INVALID_REQUEST),
    }
}

fn compact_park(process: &Process, sqe: &Sqe) -> Outcome {
    let Ok(hold) = process.capabilities.lookup(sqe.cap_id) else {
        return Outcome::code(result::INVOKE_FAILED);
    };
    if !matches!(hold.object(), Object::ParkBench) {
        return Outcome::code(result::INVOKE_FAILED);
    }
    Outcome::code(match sqe.method_id {
        0 => match park_bench::would_block(sqe.addr, sqe.len) {
            Ok(false) => park_bench::MISMATCH,
            Ok(true) => park_bench::TIMED_OUT,
            Err(_) => result::INVALID_PARAMS_BUFFER,
        },
        _ => park_bench::wake() as i32,
    })
}

impl Kernel {
    /// Completes a submission that was left pending. Its process may be the one
    /// that is in the kernel now, one that waits, or gone.
    pub fn complete(
        &mut self,
        caller: Option<&mut Process>,
        waiter: Waiter,
        encode: impl FnOnce(&mut Encoder<'_>) -> i32,
    ) {
        if let Some(caller) = caller
            && caller.pid == waiter.pid
        {
            self.finish(caller, waiter, encode);
            return;
        }
        if let Some(mut process) = self.take(waiter.pid) {
            self.load(&process);
            let woken = self.finish(&mut process, waiter, encode);
            self.put_back(process, woken);
        }
    }

    fn finish(
        &mut self,
        process: &mut Process,
        waiter: Waiter,
        encode: impl FnOnce(&mut Encoder<'_>) -> i32,
    ) -> bool {
        let result = encode(&mut Encoder {
            scratch: &mut self.scratch.results,
            address: waiter.result_addr,
            room: waiter.result_len,
        });
        process.ring.post(Cqe {
            user_data: waiter.user_data,
            result,
            ..Cqe::default()
        });
        process.check_wake()
    }
}
