//! The terminal: lines, editing, who may read, and what is never read.
//!
//! What is typed is the boot manifest's script, which answers each prompt here.

use crate::role::NO_LINE;
use crate::{Check, Context, ensure};
use guest_runtime::abi::capos_capnp::LineStatus;
use guest_runtime::abi::interface::KernelSource;
use guest_runtime::abi::ring::{Sqe, opcode, result};
use guest_runtime::call::{CallError, release};
use guest_runtime::capnp::serialize::write_message_to_words;
use guest_runtime::process::{Child, Grant};
use guest_runtime::syscall::cap_enter;
use guest_runtime::terminal::{LineRequest, READ_LINE, read_line_parameters};

pub const CHECKS: &[Check] = &[
    ("what is written is shown", write),
    ("a line is read and shown", line),
    ("a line is read and not shown", hidden),
    ("a line can be edited while it is typed", edited),
    ("a line can be cancelled and closed", given_up),
    ("an empty line is taken where it is allowed", empty),
    ("a line is never longer than asked", long),
    ("what is typed before the prompt is no answer to it", stale),
    ("one line is read at a time", busy),
    ("only who owns the foreground reads", foreground),
];

const MICROSECOND: u64 = 1_000;

fn request(prompt: &str) -> LineRequest<'_> {
    LineRequest {
        prompt,
        max_bytes: 20,
        echo: true,
        allow_empty: false,
    }
}

fn read(context: &mut Context, request: &LineRequest<'_>, line: &[u8]) -> Result<(), &'static str> {
    let answer = context.terminal.read_line(&mut context.ring, request);
    let (status, read) = answer.map_err(|_| "refused")?;
    ensure(status == LineStatus::Submitted, "not submitted")?;
    ensure(read == line, "another line")
}

fn write(context: &mut Context) -> Result<(), &'static str> {
    let terminal = context.terminal;
    let written = terminal.write(&mut context.ring, b"abi-check: written, ");
    ensure(written.is_ok(), "refused")?;
    let written = terminal.write_line(&mut context.ring, "and a line");
    ensure(written.is_ok(), "refused")
}

fn line(context: &mut Context) -> Result<(), &'static str> {
    read(context, &request("line? "), b"abc")
}

fn hidden(context: &mut Context) -> Result<(), &'static str> {
    let hidden = LineRequest {
        echo: false,
        ..request("hidden? ")
    };
    read(context, &hidden, b"unseen")
}

fn edited(context: &mut Context) -> Result<(), &'static str> {
    read(context, &request("edit? "), b"xyz")
}

fn given_up(context: &mut Context) -> Result<(), &'static str> {
    for (prompt, expected) in [
        ("cancel? ", LineStatus::Cancelled),
        ("close? ", LineStatus::Closed),
    ] {
        let terminal = context.terminal;
        let answer = terminal.read_line(&mut context.ring, &request(prompt));
        let (status, line) = answer.map_err(|_| "refused")?;
        ensure(status == expected, "another status")?;
        ensure(line.is_empty(), "a line")?;
    }
    Ok(())
}

fn empty(context: &mut Context) -> Result<(), &'static str> {
    let empty = LineRequest {
        allow_empty: true,
        ..request("empty? ")
    };
    read(context, &empty, b"")?;
    // The first answer to this is empty too; it is asked again.
    read(context, &request("again? "), b"x")
}

fn long(context: &mut Context) -> Result<(), &'static str> {
    let short = LineRequest {
        max_bytes: 4,
        ..request("long? ")
    };
    read(context, &short, b"0123")
}

fn stale(context: &mut Context) -> Result<(), &'static str> {
    // What follows the first line is typed at once and a little later.
    read(context, &request("early? "), b"first")?;
    let _ = cap_enter(1, 200 * MICROSECOND);
    read(context, &request("line? "), b"abc")
}

fn busy(context: &mut Context) -> Result<(), &'static str> {
    let message = write_message_to_words(&read_line_parameters(&request("line? ")));
    let mut answers = [[0u64; 16]; 2];
    let [first, second] = &mut answers;
    for (user_data, answer) in [(1, first), (2, second)] {
        context.ring.push(&Sqe {
            opcode: opcode::CALL,
            method_id: READ_LINE,
            cap_id: context.terminal.0,
            user_data,
            addr: message.as_ptr() as u64,
            len: message.len() as u32,
            result_addr: answer.as_mut_ptr() as u64,
            result_len: size_of_val(answer) as u32,
            ..Sqe::default()
        });
    }
    ensure(cap_enter(2, u64::MAX) == Ok(2), "not two completions")?;
    let refused = context.ring.pop().ok_or("no completion")?;
    ensure(refused.user_data == 2, "out of order")?;
    ensure(
        refused.result == result::APPLICATION_EXCEPTION,
        "a second reader",
    )?;
    let read = context.ring.pop().ok_or("no completion")?;
    ensure(read.user_data == 1 && read.result > 0, "no line")
}

/// Starts a child that reads a line: what it exited with.
fn child(context: &mut Context) -> Result<i64, &'static str> {
    let grants = [
        Grant::kernel("read-line", KernelSource::Null),
        Grant::kernel("terminal", KernelSource::TerminalSession),
    ];
    let ring = &mut context.ring;
    let child = Child::spawn(ring, context.spawner, "reader", "abi-check", &grants);
    let child = child.map_err(|_| "no child")?;
    let code = child.wait(ring).map_err(|_| "no exit code")?;
    child.release(ring).map_err(|_| "not released")?;
    Ok(code)
}

fn foreground(context: &mut Context) -> Result<(), &'static str> {
    ensure(child(context)? == NO_LINE, "another process read")?;
    let released = release(&mut context.ring, context.terminal.0);
    ensure(released.is_ok(), "not released")?;
    // It passes on when its owner gives the terminal up, and when it ends.
    ensure(child(context)? == 0, "not after the release")?;
    ensure(child(context)? == 0, "not after the end")?;
    let terminal = context.terminal;
    let gone = terminal.read_line(&mut context.ring, &request("line? "));
    ensure(
        gone.err() == Some(CallError::Code(result::INVOKE_FAILED)),
        "read without a terminal",
    )
}
