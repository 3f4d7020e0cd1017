//! Submissions of every kind, good and bad.

use crate::{Check, Context, ensure};
use alloc::vec::Vec;
use guest_runtime::abi::capos_capnp::{ExceptionType, console_write_params};
use guest_runtime::abi::interface::KernelSource;
use guest_runtime::abi::layout::{CAPSET_VADDR, STACK_BOTTOM, USER_LIMIT};
use guest_runtime::abi::ring::{Sqe, SqeFlags, opcode, result};
use guest_runtime::call::{CallError, call_raw, release, submit};
use guest_runtime::capnp::message::{Builder, HeapAllocator};
use guest_runtime::capnp::serialize::write_message_to_words;
use guest_runtime::platform::VOID;
use guest_runtime::process::{Child, Grant};

pub const CHECKS: &[Check] = &[
    ("a nop completes with 0", nop),
    ("a submission with stray fields is invalid", stray),
    ("operations that are not offered say so", not_offered),
    ("an operation wants the object it is for", wrong_object),
    (
        "an id that was never given out cannot be called",
        unknown_id,
    ),
    (
        "a capability given up is gone, and its id stays refused",
        given_up,
    ),
    (
        "an unknown method is unimplemented, whatever its parameters",
        unknown_method,
    ),
    ("an exception that does not fit is truncated", truncated),
    (
        "parameters outside of the program's memory are refused",
        bad_parameters,
    ),
    (
        "results outside of the program's memory are refused",
        bad_results,
    ),
    ("a message that is none is an invalid argument", bad_message),
    ("a message of several segments is read", segments),
    ("no object takes capabilities in", transfers),
    ("a compact park says why it did not wait", compact_park),
];

fn call(cap_id: u32) -> Sqe {
    Sqe {
        opcode: opcode::CALL,
        cap_id,
        user_data: 77,
        ..Sqe::default()
    }
}

fn result_of(context: &mut Context, sqe: Sqe) -> Result<i32, &'static str> {
    match submit(&mut context.ring, &sqe) {
        Ok(cqe) => Ok(cqe.result),
        Err(_) => Err("no completion"),
    }
}

fn expect(context: &mut Context, sqe: Sqe, expected: i32) -> Result<(), &'static str> {
    ensure(result_of(context, sqe)? == expected, "another result")
}

fn nop(context: &mut Context) -> Result<(), &'static str> {
    let nop = Sqe {
        opcode: opcode::NOP,
        user_data: u64::MAX,
        ..Sqe::default()
    };
    expect(context, nop, 0)
}

fn stray(context: &mut Context) -> Result<(), &'static str> {
    let nop = Sqe {
        opcode: opcode::NOP,
        ..Sqe::default()
    };
    let invalid = result::INVALID_REQUEST;
    expect(context, Sqe { flags: 1, ..nop }, invalid)?;
    expect(context, Sqe { call_id: 1, ..nop }, invalid)?;
    let opcode = 200;
    expect(context, Sqe { opcode, ..nop }, invalid)?;
    let pipelined = Sqe {
        pipeline_field: 1,
        ..call(context.null)
    };
    expect(context, pipelined, invalid)?;
    let unnamed_owner = Sqe {
        flags: SqeFlags::THREAD_OWNED,
        ..call(context.null)
    };
    expect(context, unnamed_owner, invalid)
}

fn not_offered(context: &mut Context) -> Result<(), &'static str> {
    let finish = Sqe {
        opcode: opcode::FINISH,
        ..Sqe::default()
    };
    expect(context, finish, result::UNSUPPORTED_OPCODE)
}

fn wrong_object(context: &mut Context) -> Result<(), &'static str> {
    let receive = Sqe {
        opcode: opcode::RECV,
        cap_id: context.null,
        ..Sqe::default()
    };
    expect(context, receive, result::INVOKE_FAILED)?;
    let wake = Sqe {
        opcode: opcode::UNPARK,
        addr: 0x1000,
        len: 1,
        ..receive
    };
    expect(context, wake, result::INVOKE_FAILED)
}

fn unknown_id(context: &mut Context) -> Result<(), &'static str> {
    for id in [200, 0xff_ffff, u32::MAX, context.null | 1 << 24] {
        expect(context, call(id), result::INVOKE_FAILED)?;
        ensure(
            release(&mut context.ring, id) == Err(CallError::Code(result::INVALID_REQUEST)),
            "an unknown id was released",
        )?;
    }
    Ok(())
}

fn given_up(context: &mut Context) -> Result<(), &'static str> {
    // A child's handle is the one capability a program can get and lose at will.
    let spawn = |context: &mut Context| {
        let grant = Grant::kernel("exit", KernelSource::Null);
        let ring = &mut context.ring;
        let child = Child::spawn(ring, context.spawner, "child", "abi-check", &[grant]);
        child.map_err(|_| "no child")
    };
    let first = spawn(context)?;
    let old = first.handle();
    ensure(first.wait(&mut context.ring) == Ok(7), "another exit code")?;
    ensure(first.release(&mut context.ring) == Ok(()), "not released")?;
    expect(context, call(old), result::INVOKE_FAILED)?;
    let second = spawn(context)?;
    ensure(second.handle() != old, "the id came back")?;
    ensure(
        second.handle() & 0xff_ffff == old & 0xff_ffff,
        "the slot was not used again",
    )?;
    expect(context, call(old), result::INVOKE_FAILED)?;
    ensure(second.wait(&mut context.ring) == Ok(7), "another exit code")?;
    ensure(second.release(&mut context.ring) == Ok(()), "not released")
}

fn unknown_method(context: &mut Context) -> Result<(), &'static str> {
    let unimplemented = Err(CallError::Exception(ExceptionType::Unimplemented));
    for parameters in [&[][..], &VOID, &[u64::MAX; 4]] {
        let answer = call_raw(&mut context.ring, context.console, 99, parameters);
        ensure(answer.map(|_| ()) == unimplemented, "another answer")?;
    }
    Ok(())
}

fn truncated(context: &mut Context) -> Result<(), &'static str> {
    let sqe = Sqe {
        method_id: 99,
        ..call(context.console)
    };
    expect(context, sqe, result::APPLICATION_EXCEPTION_TRUNCATED)
}

/// Ranges that are not a program's to read: the kernel, holes, the ends.
fn foreign_ranges() -> [(u64, u32); 7] {
    [
        (0xffff_ffff_8020_0000, 64),
        (0xffff_8000_0000_0000, 64),
        (USER_LIMIT, 8),
        (USER_LIMIT - 8, 16),
        (u64::MAX - 8, 64),
        (0x10, 8),
        (STACK_BOTTOM - 4096, 16),
    ]
}

fn bad_parameters(context: &mut Context) -> Result<(), &'static str> {
    let bad = result::INVALID_PARAMS_BUFFER;
    for (addr, len) in foreign_ranges() {
        let sqe = Sqe {
            addr,
            len,
            ..call(context.null)
        };
        expect(context, sqe, bad)?;
    }
    let too_long = Sqe {
        addr: 0x20_0000,
        len: u32::MAX,
        ..call(context.null)
    };
    expect(context, too_long, bad)
}

fn bad_results(context: &mut Context) -> Result<(), &'static str> {
    // The CapSet can be read, not written.
    let read_only = [(CAPSET_VADDR, 64), (0x20_0000, 64)];
    for (result_addr, result_len) in foreign_ranges().into_iter().chain(read_only) {
        let sqe = Sqe {
            result_addr,
            result_len: result_len.max(64),
            ..call(context.timer)
        };
        expect(context, sqe, result::INVALID_RESULT_BUFFER)?;
    }
    let room = [0u64; 1];
    let short = Sqe {
        result_addr: room.as_ptr() as u64,
        result_len: 8,
        ..call(context.timer)
    };
    expect(context, short, result::INVALID_RESULT_BUFFER)
}

fn bad_message(context: &mut Context) -> Result<(), &'static str> {
    let invalid = Err(CallError::Exception(ExceptionType::InvalidArgument));
    let messages: [&[u64]; 5] = [
        &[],
        &[u64::MAX; 3],
        &[1 << 32, 0x7fff_fffc],
        // A list of bytes that would reach far beyond the message.
        &[2 << 32, 1 << 48, u64::MAX << 35 | 2 << 32 | 1],
        // Half a billion segments.
        &[0x1fff_ffff, 0],
    ];
    for message in messages {
        let answer = call_raw(&mut context.ring, context.console, 0, message);
        ensure(answer.map(|_| ()) == invalid, "another answer")?;
    }
    Ok(())
}

fn segments(context: &mut Context) -> Result<(), &'static str> {
    let mut message = Builder::new(HeapAllocator::new().first_segment_words(2));
    let mut root = message.init_root::<console_write_params::Builder<'_>>();
    root.set_data(b"abi-check: this line came by a far pointer\n");
    ensure(message.get_segments_for_output().len() > 1, "one segment")?;
    let bytes = write_message_to_words(&message);
    let words: Vec<u64> = bytes
        .as_chunks()
        .0
        .iter()
        .map(|chunk| u64::from_le_bytes(*chunk))
        .collect();
    let answer = call_raw(&mut context.ring, context.console, 0, &words);
    ensure(answer.is_ok(), "refused")
}

fn transfers(context: &mut Context) -> Result<(), &'static str> {
    let words = [0u64; 4];
    let sqe = Sqe {
        addr: words.as_ptr() as u64,
        len: 16,
        xfer_cap_count: 1,
        ..call(context.console)
    };
    expect(context, sqe, result::TRANSFER_NOT_SUPPORTED)
}

fn compact_park(context: &mut Context) -> Result<(), &'static str> {
    let word = 5u32;
    let park = Sqe {
        opcode: opcode::PARK_BENCH,
        cap_id: context.park,
        addr: &raw const word as u64,
        ..Sqe::default()
    };
    expect(context, Sqe { len: 4, ..park }, 1)?;
    expect(context, Sqe { len: 5, ..park }, 2)?;
    let method_id = 1;
    expect(context, Sqe { method_id, ..park }, 0)?;
    let addr = 0x8;
    let unreadable = Sqe { addr, ..park };
    expect(context, unreadable, result::INVALID_PARAMS_BUFFER)?;
    let cap_id = context.null;
    expect(context, Sqe { cap_id, ..park }, result::INVOKE_FAILED)
}
