//! Processes: whatever one does, it does to itself.

use crate::{Check, Context, ensure};
use guest_runtime::abi::capos_capnp::ExceptionType;
use guest_runtime::abi::interface::{CONSOLE, KernelSource, NULL};
use guest_runtime::abi::ring::{Sqe, opcode};
use guest_runtime::call::CallError;
use guest_runtime::process::{Child, Grant};
use guest_runtime::syscall::cap_enter;

pub const CHECKS: &[Check] = &[
    ("a process that faults ends alone", faults),
    (
        "a process can be ended, also while somebody waits",
        terminate,
    ),
    ("a revoked capability is gone for its holder", revoke),
    (
        "a program that is not there cannot be started",
        unknown_binary,
    ),
    ("two grants of one name are refused", same_name),
    ("a capability that is not held cannot be granted", not_held),
    ("an ended process gives its memory back", memory),
    ("at most eight processes exist", many),
];

/// Exit code of a process that faulted: this minus the vector.
const FAULT: i64 = -0x1000;
const GENERAL_PROTECTION: i64 = 13;
const PAGE_FAULT: i64 = 14;

fn grant(name: &str) -> Grant<'_> {
    Grant::kernel(name, KernelSource::Null)
}

fn spawn(context: &mut Context, role: &str) -> Result<Child, CallError> {
    let grants = [grant(role)];
    Child::spawn(
        &mut context.ring,
        context.spawner,
        role,
        "abi-check",
        &grants,
    )
}

/// Starts a child and waits for its end.
fn run(context: &mut Context, role: &str) -> Result<i64, &'static str> {
    let child = spawn(context, role).map_err(|_| "no child")?;
    let code = child.wait(&mut context.ring).map_err(|_| "no exit code")?;
    child
        .release(&mut context.ring)
        .map_err(|_| "not released")?;
    Ok(code)
}

fn faults(context: &mut Context) -> Result<(), &'static str> {
    let roles = [
        ("write-capset", PAGE_FAULT),
        ("write-text", PAGE_FAULT),
        ("write-kernel", PAGE_FAULT),
        ("run-data", PAGE_FAULT),
        ("run-kernel", PAGE_FAULT),
        ("port", GENERAL_PROTECTION),
        ("halt", GENERAL_PROTECTION),
        ("stack", PAGE_FAULT),
    ];
    for (role, vector) in roles {
        ensure(run(context, role)? == FAULT - vector, role)?;
    }
    Ok(())
}

fn terminate(context: &mut Context) -> Result<(), &'static str> {
    let child = spawn(context, "wait").map_err(|_| "no child")?;
    // A wait is pending when the process is ended.
    let mut answer = [0u64; 3];
    let call = Sqe {
        opcode: opcode::CALL,
        cap_id: child.handle(),
        user_data: 1,
        result_addr: answer.as_mut_ptr() as u64,
        result_len: size_of_val(&answer) as u32,
        ..Sqe::default()
    };
    context.ring.push(&call);
    context.ring.push(&Sqe {
        method_id: 1,
        user_data: 2,
        ..call
    });
    ensure(cap_enter(2, u64::MAX) == Ok(2), "not two completions")?;
    let ended = context.ring.pop().ok_or("no completion")?;
    ensure(ended.user_data == 2 && ended.result == 0, "not ended")?;
    let waited = context.ring.pop().ok_or("no completion")?;
    ensure(waited.user_data == 1 && waited.result == 24, "not waited")?;
    // SAFETY: the array is ours; the kernel wrote it behind the compiler's back.
    let code = unsafe { (&raw const answer[2]).read_volatile() } as i64;
    ensure(code == -1, "another exit code")?;
    ensure(child.wait(&mut context.ring) == Ok(-1), "forgotten")?;
    ensure(child.terminate(&mut context.ring).is_ok(), "not again")?;
    child.release(&mut context.ring).map_err(|_| "not released")
}

fn revoke(context: &mut Context) -> Result<(), &'static str> {
    let child = spawn(context, "revoked").map_err(|_| "no child")?;
    let held = child.list(&mut context.ring).map_err(|_| "no list")?;
    ensure(held == [(0, NULL)], "another list")?;
    // It runs for a while with its capability before it is taken away.
    let _ = cap_enter(1, 100_000);
    child
        .revoke(&mut context.ring, 0)
        .map_err(|_| "not revoked")?;
    let held = child.list(&mut context.ring).map_err(|_| "no list")?;
    ensure(held.is_empty(), "still listed")?;
    ensure(child.wait(&mut context.ring) == Ok(0), "it still worked")?;
    child.release(&mut context.ring).map_err(|_| "not released")
}

fn unknown_binary(context: &mut Context) -> Result<(), &'static str> {
    let child = Child::spawn(&mut context.ring, context.spawner, "x", "no-such", &[]);
    let invalid = CallError::Exception(ExceptionType::InvalidArgument);
    ensure(child.err() == Some(invalid), "another answer")
}

fn same_name(context: &mut Context) -> Result<(), &'static str> {
    let grants = [grant("exit"), grant("exit")];
    let child = Child::spawn(
        &mut context.ring,
        context.spawner,
        "x",
        "abi-check",
        &grants,
    );
    let invalid = CallError::Exception(ExceptionType::InvalidArgument);
    ensure(child.err() == Some(invalid), "another answer")
}

fn not_held(context: &mut Context) -> Result<(), &'static str> {
    let grants = [Grant::held("exit", 123)];
    let child = Child::spawn(
        &mut context.ring,
        context.spawner,
        "x",
        "abi-check",
        &grants,
    );
    let invalid = CallError::Exception(ExceptionType::InvalidArgument);
    ensure(child.err() == Some(invalid), "another answer")
}

/// A child needs more than a megabyte; this many need more than the machine has.
const GENERATIONS: usize = 450;

fn memory(context: &mut Context) -> Result<(), &'static str> {
    for _ in 0..GENERATIONS {
        ensure(run(context, "exit")? == 7, "another exit code")?;
    }
    Ok(())
}

fn many(context: &mut Context) -> Result<(), &'static str> {
    let mut children = alloc::vec::Vec::new();
    let error = loop {
        match spawn(context, "wait") {
            Ok(child) => children.push(child),
            Err(error) => break error,
        }
    };
    // Init and this program are two of the eight.
    let overloaded = CallError::Exception(ExceptionType::Overloaded);
    let right = children.len() == 6 && error == overloaded;
    for child in children {
        child
            .terminate(&mut context.ring)
            .map_err(|_| "not ended")?;
        child
            .release(&mut context.ring)
            .map_err(|_| "not released")?;
    }
    ensure(right, "another number, or another error")?;
    // A held capability can be granted on, and is the same object.
    let grants = [grant("exit"), Grant::held("console", context.console)];
    let child = Child::spawn(
        &mut context.ring,
        context.spawner,
        "x",
        "abi-check",
        &grants,
    );
    let child = child.map_err(|_| "no child")?;
    let held = child.list(&mut context.ring).map_err(|_| "no list")?;
    ensure(held.contains(&(1, CONSOLE)), "the console was not granted")?;
    ensure(child.wait(&mut context.ring) == Ok(7), "another exit code")?;
    child.release(&mut context.ring).map_err(|_| "not released")
}
