//! What a child of this program does, by the name of its first grant.

use guest_runtime::abi::capos_capnp::{ExceptionType, LineStatus};
use guest_runtime::abi::interface::NULL;
use guest_runtime::abi::layout::{CAPSET_VADDR, RING_VADDR};
use guest_runtime::abi::ring::{Sqe, opcode, result};
use guest_runtime::abi::syscall::TIMEOUT_FOREVER;
use guest_runtime::call::{CallError, submit};
use guest_runtime::capset;
use guest_runtime::ring::Ring;
use guest_runtime::syscall::cap_enter;
use guest_runtime::terminal::{LineRequest, Terminal};

type Role = fn(&mut Ring) -> i64;

/// Exit code of a child that was not stopped.
pub const NOT_STOPPED: i64 = 99;

/// This process's role; the program that was started by init has none.
pub fn find() -> Option<Role> {
    let first = capset::entries().first()?;
    Some(match first.name() {
        b"exit" => |_| 7,
        b"wait" => wait,
        b"write-capset" => |_| poke(CAPSET_VADDR),
        b"write-text" => |_| poke(0x20_0000),
        b"write-kernel" => |_| poke(0xffff_ffff_8020_0000),
        b"run-data" => |_| run(RING_VADDR + 3000),
        b"run-kernel" => |_| run(0xffff_ffff_8020_0000),
        b"port" => port,
        b"halt" => halt,
        b"stack" => overflow,
        b"revoked" => revoked,
        b"serve" => crate::endpoints::serve,
        b"read-line" => read_line,
        _ => return None,
    })
}

/// Exit code of a child that could not read a line.
pub const NO_LINE: i64 = 41;

/// Reads a line.
fn read_line(ring: &mut Ring) -> i64 {
    let Some(terminal) = Terminal::find() else {
        return NOT_STOPPED;
    };
    let request = LineRequest {
        prompt: "child? ",
        max_bytes: 20,
        echo: true,
        allow_empty: false,
    };
    match terminal.read_line(ring, &request) {
        Ok((LineStatus::Submitted, line)) if line == b"yes" => 0,
        Err(CallError::Exception(ExceptionType::Failed)) => NO_LINE,
        _ => NOT_STOPPED,
    }
}

/// Waits for what never comes.
fn wait(_: &mut Ring) -> i64 {
    let _ = cap_enter(1, TIMEOUT_FOREVER);
    NOT_STOPPED
}

fn poke(address: u64) -> i64 {
    // SAFETY: none; the kernel must stop it.
    unsafe { (address as *mut u8).write_volatile(0) };
    NOT_STOPPED
}

fn run(address: u64) -> i64 {
    // SAFETY: none; the kernel must stop it.
    unsafe { core::arch::asm!("jmp {0}", in(reg) address, options(noreturn)) }
}

fn port(_: &mut Ring) -> i64 {
    // SAFETY: none; the kernel must stop it.
    unsafe { core::arch::asm!("out 0xf4, eax", in("eax") 0x10) };
    NOT_STOPPED
}

fn halt(_: &mut Ring) -> i64 {
    // SAFETY: none; the kernel must stop it.
    unsafe { core::arch::asm!("hlt") };
    NOT_STOPPED
}

fn overflow(_: &mut Ring) -> i64 {
    // SAFETY: none; the kernel must stop it, below the stack's 16 pages.
    unsafe { core::arch::asm!("2: push rax", "jmp 2b", options(noreturn)) }
}

/// Calls its capability until the parent has revoked it.
fn revoked(ring: &mut Ring) -> i64 {
    let Some(null) = capset::find("revoked", NULL) else {
        return NOT_STOPPED;
    };
    let sqe = Sqe {
        opcode: opcode::CALL,
        cap_id: null,
        ..Sqe::default()
    };
    for _ in 0..1000 {
        match submit(ring, &sqe) {
            Ok(cqe) if cqe.result == result::INVOKE_FAILED => return 0,
            Ok(cqe) if cqe.result == 0 => {
                // Let the parent run.
                let _ = cap_enter(1, 1);
            }
            _ => return NOT_STOPPED,
        }
    }
    NOT_STOPPED
}
