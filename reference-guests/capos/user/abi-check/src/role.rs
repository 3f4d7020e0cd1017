//! What a child of this program does, by the name of its first grant.

use crate::memory::QUESTION;
use guest_runtime::abi::capos_capnp::{ExceptionType, LineStatus};
use guest_runtime::abi::interface::{MEMORY_OBJECT, NULL};
use guest_runtime::abi::layout::{CAPSET_VADDR, RING_VADDR};
use guest_runtime::abi::ring::{Sqe, opcode, result};
use guest_runtime::abi::syscall::TIMEOUT_FOREVER;
use guest_runtime::call::{CallError, submit};
use guest_runtime::capset;
use guest_runtime::memory::{ANYWHERE, FrameAllocator, MemoryObject, READ, VirtualMemory, WRITE};
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
        b"write-read-only" => |ring| or_not_stopped(write_read_only(ring)),
        b"read-unmapped" => |ring| or_not_stopped(read_unmapped(ring)),
        b"run-writable" => |ring| or_not_stopped(run_writable(ring)),
        b"read-reserved" => |ring| or_not_stopped(read_reserved(ring)),
        b"read-decommitted" => |ring| or_not_stopped(read_decommitted(ring)),
        b"write-shared-read-only" => |ring| or_not_stopped(write_shared_read_only(ring)),
        b"share" => |ring| or_not_stopped(share(ring)),
        b"share-quota" => |ring| or_not_stopped(share_quota(ring)),
        b"leave" => |ring| or_not_stopped(leave(ring)),
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

/// A role that needs memory ends with this if it is refused any.
fn or_not_stopped(code: Result<i64, CallError>) -> i64 {
    code.unwrap_or(NOT_STOPPED)
}

const PAGE: u64 = 4096;

/// A page that was mapped to be written, and written.
fn page(ring: &mut Ring) -> Result<(VirtualMemory, u64), CallError> {
    let memory = VirtualMemory::find().ok_or(CallError::BadAnswer)?;
    let at = memory.map(ring, ANYWHERE, PAGE, READ | WRITE)?;
    // A `ret`, which must not run.
    // SAFETY: just mapped.
    unsafe { (at as *mut u8).write_volatile(0xc3) };
    Ok((memory, at))
}

fn peek(address: u64) -> i64 {
    // SAFETY: none; the kernel must stop it.
    unsafe { (address as *const u8).read_volatile() };
    NOT_STOPPED
}

fn write_read_only(ring: &mut Ring) -> Result<i64, CallError> {
    let (memory, at) = page(ring)?;
    memory.protect(ring, at, PAGE, READ)?;
    Ok(poke(at))
}

fn read_unmapped(ring: &mut Ring) -> Result<i64, CallError> {
    let (memory, at) = page(ring)?;
    memory.unmap(ring, at, PAGE)?;
    Ok(peek(at))
}

fn run_writable(ring: &mut Ring) -> Result<i64, CallError> {
    let (_, at) = page(ring)?;
    Ok(run(at))
}

fn read_reserved(ring: &mut Ring) -> Result<i64, CallError> {
    let memory = VirtualMemory::find().ok_or(CallError::BadAnswer)?;
    Ok(peek(memory.reserve(ring, ANYWHERE, PAGE)?))
}

fn read_decommitted(ring: &mut Ring) -> Result<i64, CallError> {
    let (memory, at) = page(ring)?;
    memory.decommit(ring, at, PAGE)?;
    Ok(peek(at))
}

fn write_shared_read_only(ring: &mut Ring) -> Result<i64, CallError> {
    let frames = FrameAllocator::find().ok_or(CallError::BadAnswer)?;
    let object = frames.allocate(ring)?;
    let at = object.map(ring, ANYWHERE, 0, PAGE, READ | WRITE)?;
    // SAFETY: just mapped.
    unsafe { (at as *mut u8).write_volatile(1) };
    object.protect(ring, at, PAGE, READ)?;
    Ok(poke(at))
}

fn granted_object() -> Result<MemoryObject, CallError> {
    let object = capset::find("object", MEMORY_OBJECT);
    object
        .map(MemoryObject::from_id)
        .ok_or(CallError::BadAnswer)
}

/// Reads what the parent wrote into the first page and answers in the second.
fn share(ring: &mut Ring) -> Result<i64, CallError> {
    let object = granted_object()?;
    let at = object.map(ring, ANYWHERE, 0, 2 * PAGE, READ | WRITE)?;
    // SAFETY: just mapped, and the parent waits for this process.
    let question = unsafe { (at as *const u64).read_volatile() };
    if question != QUESTION {
        return Ok(NOT_STOPPED);
    }
    // SAFETY: as above.
    unsafe { ((at + PAGE) as *mut u64).write_volatile(!question) };
    Ok(0)
}

/// With an object that leaves room for one page more, gets one and no second.
fn share_quota(ring: &mut Ring) -> Result<i64, CallError> {
    granted_object()?;
    let frames = FrameAllocator::find().ok_or(CallError::BadAnswer)?;
    frames.allocate(ring)?;
    let second = frames.allocate(ring).map(|_| ());
    let overloaded = Err(CallError::Exception(ExceptionType::Overloaded));
    Ok(if second == overloaded { 0 } else { NOT_STOPPED })
}

/// Ends with memory of every kind.
fn leave(ring: &mut Ring) -> Result<i64, CallError> {
    let memory = VirtualMemory::find().ok_or(CallError::BadAnswer)?;
    let frames = FrameAllocator::find().ok_or(CallError::BadAnswer)?;
    memory.map(ring, ANYWHERE, 1000 * PAGE, READ | WRITE)?;
    memory.map(ring, 1 << 40, PAGE, READ)?;
    memory.reserve(ring, ANYWHERE, 1000 * PAGE)?;
    let object = frames.allocate_contiguous(ring, 4000)?;
    object.map(ring, ANYWHERE, 0, 4000 * PAGE, READ | WRITE)?;
    object.map(ring, ANYWHERE, PAGE, PAGE, READ)?;
    let other = frames.allocate(ring)?;
    other.map(ring, ANYWHERE, 0, PAGE, READ)?;
    other.release(ring)?;
    Ok(7)
}
