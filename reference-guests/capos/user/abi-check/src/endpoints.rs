//! Calls between processes: what arrives is what was sent, by whom it may be, once.

use crate::{Check, Context, ensure};
use guest_runtime::abi::capos_capnp::{CapGrantMode, ExceptionType};
use guest_runtime::abi::interface::{ENDPOINT, KernelSource, NULL};
use guest_runtime::abi::ring::{
    Cqe, Sqe, SqeFlags, TransferDescriptor, TransferMode, opcode, result,
};
use guest_runtime::abi::syscall::TIMEOUT_FOREVER;
use guest_runtime::call::{CallError, call_raw, submit};
use guest_runtime::endpoint::{HEADER_WORDS, Received, answer, receive};
use guest_runtime::process::{Child, Grant, Source};
use guest_runtime::ring::Ring;
use guest_runtime::syscall::cap_enter;
use guest_runtime::{capset, platform};

pub const CHECKS: &[Check] = &[
    ("a call arrives whole, with badge and interface", round_trip),
    ("an exception of the server is the caller's", exception),
    ("an answer that does not fit is refused", too_small),
    ("a copied capability works on both sides", copy),
    ("a moved capability leaves its sender", moved),
    ("a descriptor that is none moves nothing", bad_descriptor),
    ("a client may call and nothing else", client_only),
    ("a call can be answered once, by who received it", once),
    ("a receive can be cancelled", cancel),
    ("more calls than the queue holds are refused", full),
    ("a server that dies disconnects its callers", disconnected),
];

/// Methods of the server below.
const ECHO: u16 = 0;
const REFUSE: u16 = 1;
const USE_IT: u16 = 2;
const DIE: u16 = 3;
const STOP: u16 = 4;

/// Exit code of a server that was stopped.
const STOPPED: i64 = 5;
/// Exit code of one that ended in the middle of a call.
const DIED: i64 = 6;

const BADGE: u64 = 0x0bad_6e00;
/// An interface of the client's choice.
const OWN_INTERFACE: u64 = 0x1234_5678_9abc_def0;

/// A server, in a child process.
pub fn serve(ring: &mut Ring) -> i64 {
    let Some(endpoint) = capset::find("serve", ENDPOINT) else {
        return -1;
    };
    let mut buffer = [0u64; 64];
    ring.push(&receive(endpoint, &mut buffer, 1));
    let mut awaited = 1;
    loop {
        let _ = cap_enter(awaited, TIMEOUT_FOREVER);
        awaited = 2;
        let Some(cqe) = take(ring, 1) else {
            return -2;
        };
        let call = Received::read(&buffer);
        let words = (call.length as usize).div_ceil(8);
        let payload = buffer[HEADER_WORDS..].as_ptr();
        let back = answer(endpoint, cqe.call_id, payload, call.length, 0, 2);
        match call.method {
            REFUSE => {
                // CapException: failed, without a message.
                let refusal = [3 << 32, 1 << 32 | 1 << 48, 0u64, 0];
                ring.push(&Sqe {
                    flags: SqeFlags::RETURN_APPLICATION_EXCEPTION,
                    addr: refusal.as_ptr() as u64,
                    len: size_of_val(&refusal) as u32,
                    ..back
                });
                // Served before the array goes out of scope.
                let _ = cap_enter(0, 0);
            }
            USE_IT => {
                // SAFETY: the record behind the message, which the kernel wrote behind
                // the compiler's back.
                let record = unsafe { (&raw const buffer[HEADER_WORDS + words]).read_volatile() };
                let call = Sqe {
                    opcode: opcode::CALL,
                    cap_id: record as u32,
                    ..Sqe::default()
                };
                let works = submit(ring, &call).is_ok_and(|cqe| cqe.result == 0);
                buffer[HEADER_WORDS] = u64::from(works);
                ring.push(&back);
            }
            DIE => return DIED,
            STOP => {
                ring.push(&back);
                let _ = cap_enter(0, 0);
                return STOPPED;
            }
            _ => {
                // What came is told along with what was sent.
                buffer[HEADER_WORDS + words] = call.interface_id;
                buffer[HEADER_WORDS + words + 1] = cqe.badge;
                ring.push(&Sqe {
                    len: call.length + 16,
                    ..back
                });
            }
        }
        ring.push(&receive(endpoint, &mut buffer, 1));
    }
}

/// Takes everything there is; the last completion with this `user_data`.
fn take(ring: &mut Ring, user_data: u64) -> Option<Cqe> {
    let mut found = None;
    while let Some(cqe) = ring.pop() {
        if cqe.user_data == user_data && cqe.result >= 0 {
            found = Some(cqe);
        }
    }
    found
}

/// Starts a server of which this process is a client.
fn start(context: &mut Context) -> Result<(Child, u32), &'static str> {
    let grants = [Grant {
        badge: BADGE,
        ..Grant::kernel("serve", KernelSource::Endpoint)
    }];
    let child = Child::spawn(
        &mut context.ring,
        context.spawner,
        "serve",
        "abi-check",
        &grants,
    );
    let child = child.map_err(|_| "no server")?;
    let endpoint = child.endpoint().ok_or("no way to call the server")?;
    Ok((child, endpoint))
}

fn stop(context: &mut Context, server: Child, endpoint: u32) -> Result<(), &'static str> {
    let cqe = call(context, endpoint, STOP, &[], &mut [])?;
    ensure(cqe.result == 0, "the server did not answer the last call")?;
    ensure(
        server.wait(&mut context.ring) == Ok(STOPPED),
        "the server exited with another code",
    )?;
    server
        .release(&mut context.ring)
        .map_err(|_| "the server was not released")
}

fn submission(endpoint: u32, method: u16, sent: &[u64], answered: &mut [u64]) -> Sqe {
    Sqe {
        opcode: opcode::CALL,
        method_id: method,
        cap_id: endpoint,
        user_data: 3,
        addr: sent.as_ptr() as u64,
        len: size_of_val(sent) as u32,
        result_addr: answered.as_mut_ptr() as u64,
        result_len: size_of_val(answered) as u32,
        ..Sqe::default()
    }
}

fn call(
    context: &mut Context,
    endpoint: u32,
    method: u16,
    sent: &[u64],
    answered: &mut [u64],
) -> Result<Cqe, &'static str> {
    let sqe = submission(endpoint, method, sent, answered);
    submit(&mut context.ring, &sqe).map_err(|_| "no completion")
}

/// A word that the kernel wrote behind the compiler's back.
fn word(words: &[u64], at: usize) -> u64 {
    // SAFETY: borrowed, so it is there.
    unsafe { (&raw const words[at]).read_volatile() }
}

fn round_trip(context: &mut Context) -> Result<(), &'static str> {
    let (server, endpoint) = start(context)?;
    let sent = [7, u64::MAX, 9];
    let mut answered = [0; 8];
    let cqe = call(context, endpoint, ECHO, &sent, &mut answered)?;
    ensure(cqe.result == 40, "another length")?;
    for (at, expected) in sent.into_iter().enumerate() {
        ensure(word(&answered, at) == expected, "another payload")?;
    }
    ensure(word(&answered, 3) == ENDPOINT, "another interface")?;
    ensure(word(&answered, 4) == BADGE, "another badge")?;
    ensure(cqe.cap_count == 0 && cqe.flags == 0, "capabilities came")?;
    // A void call is answered with nothing.
    let cqe = call(context, endpoint, ECHO, &[], &mut [0; 2])?;
    ensure(cqe.result == 16, "another length of a void call")?;
    stop(context, server, endpoint)
}

fn exception(context: &mut Context) -> Result<(), &'static str> {
    let (server, endpoint) = start(context)?;
    let answer = call_raw(&mut context.ring, endpoint, REFUSE, &platform::VOID);
    let failed = CallError::Exception(ExceptionType::Failed);
    ensure(answer.err() == Some(failed), "another answer")?;
    let cqe = call(context, endpoint, REFUSE, &[], &mut [0; 1])?;
    ensure(
        cqe.result == result::APPLICATION_EXCEPTION_TRUNCATED,
        "an exception that does not fit",
    )?;
    stop(context, server, endpoint)
}

fn too_small(context: &mut Context) -> Result<(), &'static str> {
    let (server, endpoint) = start(context)?;
    let cqe = call(context, endpoint, ECHO, &[1, 2, 3], &mut [0; 2])?;
    ensure(
        cqe.result == result::INVALID_RESULT_BUFFER,
        "another result",
    )?;
    // The server bears it.
    let cqe = call(context, endpoint, ECHO, &[1], &mut [0; 4])?;
    ensure(cqe.result == 24, "the server is gone")?;
    stop(context, server, endpoint)
}

fn transfer(
    context: &mut Context,
    endpoint: u32,
    mode: TransferMode,
    cap_id: u32,
) -> Result<(Cqe, u64), &'static str> {
    let sent = [0, TransferDescriptor { cap_id, mode }.to_word()];
    let mut answered = [0; 4];
    let sqe = Sqe {
        len: 8,
        xfer_cap_count: 1,
        ..submission(endpoint, USE_IT, &sent, &mut answered)
    };
    let cqe = submit(&mut context.ring, &sqe).map_err(|_| "no completion")?;
    Ok((cqe, word(&answered, 0)))
}

fn works(context: &mut Context, cap_id: u32) -> Result<i32, &'static str> {
    let sqe = Sqe {
        opcode: opcode::CALL,
        cap_id,
        ..Sqe::default()
    };
    let cqe = submit(&mut context.ring, &sqe).map_err(|_| "no completion")?;
    Ok(cqe.result)
}

fn copy(context: &mut Context) -> Result<(), &'static str> {
    let (server, endpoint) = start(context)?;
    let null = context.null;
    let (cqe, worked) = transfer(context, endpoint, TransferMode::Copy, null)?;
    ensure(cqe.result == 8 && worked == 1, "it does not work there")?;
    ensure(works(context, null)? == 0, "it does not work here")?;
    stop(context, server, endpoint)
}

fn moved(context: &mut Context) -> Result<(), &'static str> {
    let (server, endpoint) = start(context)?;
    // A client of the server's own endpoint is something that can be given away.
    let (other, given) = start(context)?;
    let (cqe, _) = transfer(context, endpoint, TransferMode::Move, given)?;
    ensure(cqe.result == 8, "not moved")?;
    let gone = works(context, given)? == result::INVOKE_FAILED;
    ensure(gone, "the sender still has it")?;
    other
        .terminate(&mut context.ring)
        .map_err(|_| "not ended")?;
    stop(context, server, endpoint)
}

fn bad_descriptor(context: &mut Context) -> Result<(), &'static str> {
    let (server, endpoint) = start(context)?;
    let null = context.null;
    let mut answered = [0; 4];
    let good = TransferDescriptor {
        cap_id: null,
        mode: TransferMode::Move,
    };
    let sent = [0, good.to_word(), 3 << 32 | u64::from(null)];
    let sqe = Sqe {
        len: 8,
        xfer_cap_count: 2,
        ..submission(endpoint, USE_IT, &sent, &mut answered)
    };
    let cqe = submit(&mut context.ring, &sqe).map_err(|_| "no completion")?;
    ensure(
        cqe.result == result::INVALID_TRANSFER_DESCRIPTOR,
        "a mode that is none was accepted",
    )?;
    ensure(works(context, null)? == 0, "the first one was moved")?;
    let absent = TransferDescriptor {
        cap_id: 0x00ff_ffff,
        mode: TransferMode::Copy,
    };
    let sent = [0, absent.to_word()];
    let sqe = Sqe {
        xfer_cap_count: 1,
        addr: sent.as_ptr() as u64,
        ..sqe
    };
    let cqe = submit(&mut context.ring, &sqe).map_err(|_| "no completion")?;
    ensure(cqe.result == result::INVOKE_FAILED, "sent what is not held")?;
    stop(context, server, endpoint)
}

fn client_only(context: &mut Context) -> Result<(), &'static str> {
    let (server, endpoint) = start(context)?;
    let mut buffer = [0; 16];
    let attempts = [
        receive(endpoint, &mut buffer, 4),
        answer(endpoint, 1, buffer.as_ptr(), 0, 0, 4),
        Sqe {
            opcode: opcode::CANCEL,
            cap_id: endpoint,
            pipeline_dep: 1,
            ..Sqe::default()
        },
    ];
    for attempt in attempts {
        let cqe = submit(&mut context.ring, &attempt).map_err(|_| "no completion")?;
        ensure(cqe.result == result::INVOKE_FAILED, "a client may do it")?;
    }
    stop(context, server, endpoint)
}

/// An endpoint of this process's own, whose client a child holds that never uses it.
fn own_endpoint(context: &mut Context) -> Result<(Child, u32), &'static str> {
    let grants = [
        Grant::kernel("wait", KernelSource::Null),
        Grant {
            mode: CapGrantMode::ClientEndpoint,
            interface_id: OWN_INTERFACE,
            ..Grant::kernel("client", KernelSource::Endpoint)
        },
    ];
    let child = Child::spawn(
        &mut context.ring,
        context.spawner,
        "wait",
        "abi-check",
        &grants,
    );
    let child = child.map_err(|_| "no child")?;
    let held = child.list(&mut context.ring).map_err(|_| "no list")?;
    ensure(held.contains(&(1, OWN_INTERFACE)), "another interface")?;
    let endpoint = child.endpoint().ok_or("no endpoint")?;
    Ok((child, endpoint))
}

fn end(context: &mut Context, child: Child) -> Result<(), &'static str> {
    child
        .terminate(&mut context.ring)
        .map_err(|_| "not ended")?;
    child.release(&mut context.ring).map_err(|_| "not released")
}

fn once(context: &mut Context) -> Result<(), &'static str> {
    let (child, endpoint) = own_endpoint(context)?;
    // The owner may call itself: one ring, both sides.
    let mut buffer = [0; 16];
    let mut answered = [0; 2];
    let sent = [42];
    context.ring.push(&receive(endpoint, &mut buffer, 4));
    context
        .ring
        .push(&submission(endpoint, ECHO, &sent, &mut answered));
    ensure(cap_enter(1, TIMEOUT_FOREVER) == Ok(1), "not received")?;
    let cqe = context.ring.pop().ok_or("no completion")?;
    ensure(
        cqe.user_data == 4 && cqe.call_id != 0,
        "not a received call",
    )?;
    let wrong = answer(endpoint, cqe.call_id + 1, sent.as_ptr(), 8, 0, 5);
    let refused = submit(&mut context.ring, &wrong).map_err(|_| "no completion")?;
    ensure(
        refused.result == result::INVALID_REQUEST,
        "a call that was not received was answered",
    )?;
    let right = answer(endpoint, cqe.call_id, sent.as_ptr(), 8, 0, 5);
    context.ring.push(&right);
    ensure(cap_enter(2, TIMEOUT_FOREVER) == Ok(2), "not answered")?;
    let answered_it = context.ring.pop().ok_or("no completion")?;
    ensure(answered_it.result == 0, "RETURN was refused")?;
    let called = context.ring.pop().ok_or("no completion")?;
    ensure(
        called.user_data == 3 && called.result == 8 && word(&answered, 0) == 42,
        "another answer",
    )?;
    let again = submit(&mut context.ring, &right).map_err(|_| "no completion")?;
    ensure(
        again.result == result::INVALID_REQUEST,
        "a call was answered twice",
    )?;
    end(context, child)
}

fn cancel(context: &mut Context) -> Result<(), &'static str> {
    let (child, endpoint) = own_endpoint(context)?;
    let mut buffer = [0; 16];
    context.ring.push(&receive(endpoint, &mut buffer, 77));
    context.ring.push(&Sqe {
        opcode: opcode::CANCEL,
        cap_id: endpoint,
        user_data: 5,
        pipeline_dep: 77,
        ..Sqe::default()
    });
    ensure(cap_enter(2, TIMEOUT_FOREVER) == Ok(2), "not both completed")?;
    let cancelled = context.ring.pop().ok_or("no completion")?;
    ensure(
        cancelled.user_data == 5 && cancelled.result == 0,
        "CANCEL was refused",
    )?;
    let received = context.ring.pop().ok_or("no completion")?;
    ensure(
        received.user_data == 77 && received.result == result::TRANSFER_ABORTED,
        "another end of the receive",
    )?;
    let nothing = Sqe {
        opcode: opcode::CANCEL,
        cap_id: endpoint,
        pipeline_dep: 77,
        ..Sqe::default()
    };
    let cqe = submit(&mut context.ring, &nothing).map_err(|_| "no completion")?;
    ensure(cqe.result == result::INVALID_REQUEST, "cancelled twice")?;
    end(context, child)
}

/// Calls that may wait for a receiver.
const CALLS: u32 = 32;
/// How many of them are answered.
const ANSWERED: u32 = 4;

fn full(context: &mut Context) -> Result<(), &'static str> {
    let (child, endpoint) = own_endpoint(context)?;
    let mut answered = [0; 16];
    let sqe = submission(endpoint, ECHO, &[], &mut answered);
    for _ in 0..CALLS {
        context.ring.push(&sqe);
        ensure(cap_enter(0, 0) == Ok(0), "it was refused too early")?;
    }
    let refused = submit(&mut context.ring, &sqe).map_err(|_| "no completion")?;
    ensure(
        refused.result == result::APPLICATION_EXCEPTION,
        "another result",
    )?;
    // Some are answered, so that the completions of the rest have room.
    for _ in 0..ANSWERED {
        let mut buffer = [0; 16];
        let received = receive(endpoint, &mut buffer, 4);
        let cqe = submit(&mut context.ring, &received).map_err(|_| "not received")?;
        context
            .ring
            .push(&answer(endpoint, cqe.call_id, buffer.as_ptr(), 0, 0, 5));
        ensure(cap_enter(2, TIMEOUT_FOREVER) == Ok(2), "not answered")?;
        let _ = (context.ring.pop(), context.ring.pop());
    }
    // The last owner of the endpoint lets go: every other call is told.
    context.ring.push(&Sqe {
        opcode: opcode::RELEASE,
        cap_id: endpoint,
        user_data: 6,
        ..Sqe::default()
    });
    let rest = CALLS - ANSWERED;
    ensure(
        cap_enter(rest + 1, 0) == Ok(rest + 1),
        "calls were forgotten",
    )?;
    let released = context.ring.pop().ok_or("no completion")?;
    ensure(
        released.user_data == 6 && released.result == 0,
        "not released",
    )?;
    for _ in 0..rest {
        let cqe = context.ring.pop().ok_or("no completion")?;
        ensure(
            cqe.result == result::APPLICATION_EXCEPTION,
            "another end of a call",
        )?;
    }
    child
        .terminate(&mut context.ring)
        .map_err(|_| "not ended")?;
    Ok(())
}

fn disconnected(context: &mut Context) -> Result<(), &'static str> {
    let (server, endpoint) = start(context)?;
    let gone = CallError::Exception(ExceptionType::Disconnected);
    let answer = call_raw(&mut context.ring, endpoint, DIE, &platform::VOID);
    ensure(answer.err() == Some(gone), "a call in flight")?;
    let answer = call_raw(&mut context.ring, endpoint, ECHO, &platform::VOID);
    ensure(answer.err() == Some(gone), "a later call")?;
    ensure(
        server.wait(&mut context.ring) == Ok(DIED),
        "another exit code",
    )?;
    server
        .release(&mut context.ring)
        .map_err(|_| "not released")?;
    // A client capability of another interface cannot be made of what is no endpoint.
    let grants = [Grant {
        mode: CapGrantMode::ClientEndpoint,
        interface_id: NULL,
        source: Source::Held(context.null),
        ..Grant::kernel("exit", KernelSource::Null)
    }];
    let child = Child::spawn(
        &mut context.ring,
        context.spawner,
        "x",
        "abi-check",
        &grants,
    );
    let invalid = CallError::Exception(ExceptionType::InvalidArgument);
    ensure(
        child.err() == Some(invalid),
        "a client of what is no endpoint",
    )?;
    Ok(())
}
