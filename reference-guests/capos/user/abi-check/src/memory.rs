//! Memory: what is mapped is there, what is not is not, and all of it comes back.

use crate::{Check, Context, ensure};
use core::arch::{asm, global_asm};
use guest_runtime::abi::capos_capnp::ExceptionType;
use guest_runtime::abi::interface::KernelSource;
use guest_runtime::abi::layout::{
    CAPSET_VADDR, IMAGE_BASE, RING_VADDR, STACK_BOTTOM, USER_LIMIT, VM_BASE, VM_LIMIT,
};
use guest_runtime::abi::ring::{Sqe, opcode, result};
use guest_runtime::call::{CallError, submit};
use guest_runtime::memory::{ANYWHERE, EXECUTE, MemoryObject, READ, WRITE};
use guest_runtime::process::{Child, Grant};

pub const CHECKS: &[Check] = &[
    ("new memory is zero and keeps what is written", visible),
    ("memory is never to be written and executed", w_xor_x),
    ("code runs once it is no longer writable", code),
    ("what may not be done faults, and only the doer", faults),
    ("what is in use cannot be mapped again", overlap),
    ("only whole pages of the zone can be mapped", ranges),
    (
        "what was not mapped cannot be unmapped or changed",
        not_mapped,
    ),
    ("a range may be part of a mapping, or several", parts),
    ("reserved addresses are kept, and get memory", reserve),
    (
        "reservations end at their quota, and recover",
        reservation_quota,
    ),
    ("memory ends at its quota, and recovers", commit_quota),
    ("holes end at their limit, and recover", hole_quota),
    ("an object is what it says, wherever mapped", object),
    ("a mapping outlives the hold it was made through", outlives),
    ("an object is the same memory in two processes", shared),
    ("frames end at their quota, and recover", frame_quota),
    ("the kernel's copies see what is mapped now", copies),
    ("memory that was given up can be had again", again),
    (
        "a process that ends holding memory gives it back",
        left_behind,
    ),
    ("a thread finds its own storage", thread_local),
];

const PAGE: u64 = 4096;
const READ_WRITE: u32 = READ | WRITE;
/// Exit code of a process that faulted: this minus the vector.
const FAULT: i64 = -0x1000;
const PAGE_FAULT: i64 = 14;

fn refused<T>(
    answer: Result<T, CallError>,
    kind: ExceptionType,
    otherwise: &'static str,
) -> Result<(), &'static str> {
    ensure(answer.err() == Some(CallError::Exception(kind)), otherwise)
}

fn map(context: &mut Context, pages: u64) -> Result<u64, &'static str> {
    let memory = context.memory;
    let mapped = memory.map(&mut context.ring, ANYWHERE, pages * PAGE, READ_WRITE);
    mapped.map_err(|_| "not mapped")
}

fn unmap(context: &mut Context, address: u64, pages: u64) -> Result<(), &'static str> {
    let memory = context.memory;
    let unmapped = memory.unmap(&mut context.ring, address, pages * PAGE);
    unmapped.map_err(|_| "not unmapped")
}

/// # Safety
///
/// The address must be mapped, or the caller must want to fault.
unsafe fn peek(address: u64) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { (address as *const u64).read_volatile() }
}

/// # Safety
///
/// The address must be mapped to be written and be nothing of Rust's, or the caller
/// must want to fault.
unsafe fn poke(address: u64, value: u64) {
    // SAFETY: the caller's promise.
    unsafe { (address as *mut u64).write_volatile(value) };
}

/// Whether each of so many pages has a word only, at its start.
fn holds(address: u64, pages: u64, words: impl Fn(u64) -> u64) -> bool {
    (0..pages * PAGE / 8).all(|word| {
        let expected = if word % (PAGE / 8) == 0 {
            words(word / (PAGE / 8))
        } else {
            0
        };
        // SAFETY: the caller mapped these pages.
        unsafe { peek(address + word * 8) == expected }
    })
}

fn mark(address: u64, pages: u64, words: impl Fn(u64) -> u64) {
    for page in 0..pages {
        // SAFETY: the caller mapped these pages to be written.
        unsafe { poke(address + page * PAGE, words(page)) };
    }
}

fn visible(context: &mut Context) -> Result<(), &'static str> {
    // More than one table's worth.
    let pages = 700;
    let at = map(context, pages)?;
    ensure(holds(at, pages, |_| 0), "not zero")?;
    mark(at, pages, |page| page + 1);
    ensure(holds(at, pages, |page| page + 1), "not kept")?;
    unmap(context, at, pages)?;
    // The same frames come back empty.
    ensure(map(context, pages)? == at, "elsewhere")?;
    ensure(holds(at, pages, |_| 0), "another's content")?;
    unmap(context, at, pages)
}

fn w_xor_x(context: &mut Context) -> Result<(), &'static str> {
    let invalid = ExceptionType::InvalidArgument;
    let memory = context.memory;
    let at = map(context, 1)?;
    let ring = &mut context.ring;
    for prot in [WRITE | EXECUTE, READ_WRITE | EXECUTE, 0, 8, READ | 1 << 31] {
        let mapped = memory.map(ring, ANYWHERE, PAGE, prot);
        refused(mapped, invalid, "mapped")?;
        let protected = memory.protect(ring, at, PAGE, prot);
        refused(protected, invalid, "protected")?;
    }
    let reserved = memory.reserve(ring, ANYWHERE, PAGE);
    let reserved = reserved.map_err(|_| "not reserved")?;
    let committed = memory.commit(ring, reserved, PAGE, WRITE | EXECUTE);
    refused(committed, invalid, "committed")?;
    unmap(context, reserved, 1)?;
    unmap(context, at, 1)
}

fn code(context: &mut Context) -> Result<(), &'static str> {
    /// `mov eax, 42; ret`.
    const CODE: u64 = 0xc300_0000_2ab8;
    let memory = context.memory;
    let at = map(context, 1)?;
    // SAFETY: just mapped to be written.
    unsafe { poke(at, CODE) };
    let protected = memory.protect(&mut context.ring, at, PAGE, READ | EXECUTE);
    protected.map_err(|_| "not protected")?;
    let answer: u64;
    // SAFETY: the code at the address changes RAX and nothing else; the red zone is
    // stepped over, because a call writes below the stack pointer.
    unsafe {
        asm!(
            "sub rsp, 128",
            "call {at}",
            "add rsp, 128",
            at = in(reg) at,
            lateout("rax") answer,
        );
    }
    ensure(answer == 42, "it did not run")?;
    let protected = memory.protect(&mut context.ring, at, PAGE, READ_WRITE);
    protected.map_err(|_| "not protected again")?;
    // SAFETY: writable again.
    unsafe { poke(at, 0) };
    unmap(context, at, 1)
}

/// Starts a child with the role, its own address space, and perhaps an object.
fn child(
    context: &mut Context,
    role: &str,
    object: Option<MemoryObject>,
) -> Result<Child, &'static str> {
    let mut grants = alloc::vec![
        Grant::kernel(role, KernelSource::Null),
        Grant::kernel("memory", KernelSource::VirtualMemory),
        Grant::kernel("frames", KernelSource::FrameAllocator),
    ];
    if let Some(object) = object {
        grants.push(Grant::held("object", object.id()));
    }
    let (ring, spawner) = (&mut context.ring, context.spawner);
    Child::spawn(ring, spawner, role, "abi-check", &grants).map_err(|_| "no child")
}

fn run(
    context: &mut Context,
    role: &str,
    object: Option<MemoryObject>,
) -> Result<i64, &'static str> {
    let child = child(context, role, object)?;
    let code = child.wait(&mut context.ring).map_err(|_| "no exit code")?;
    let released = child.release(&mut context.ring);
    released.map_err(|_| "not released")?;
    Ok(code)
}

fn faults(context: &mut Context) -> Result<(), &'static str> {
    let roles = [
        "write-read-only",
        "read-unmapped",
        "run-writable",
        "read-reserved",
        "read-decommitted",
        "write-shared-read-only",
    ];
    for role in roles {
        ensure(run(context, role, None)? == FAULT - PAGE_FAULT, role)?;
    }
    Ok(())
}

fn overlap(context: &mut Context) -> Result<(), &'static str> {
    let invalid = ExceptionType::InvalidArgument;
    let memory = context.memory;
    let at = map(context, 4)?;
    let ring = &mut context.ring;
    for (first, pages) in [(0, 1), (3, 1), (1, 2), (3, 9), (0, 9)] {
        let (hint, size) = (at + first * PAGE, pages * PAGE);
        let mapped = memory.map(ring, hint, size, READ_WRITE);
        refused(mapped, invalid, "mapped twice")?;
        let reserved = memory.reserve(ring, hint, size);
        refused(reserved, invalid, "reserved twice")?;
    }
    let behind = memory.map(ring, at + 4 * PAGE, PAGE, READ);
    ensure(behind == Ok(at + 4 * PAGE), "not where it was wanted")?;
    unmap(context, at, 5)
}

/// Where no program may map: what the loader set up, the kernel, the ends.
const FORBIDDEN: [u64; 9] = [
    PAGE,
    IMAGE_BASE,
    STACK_BOTTOM,
    RING_VADDR,
    CAPSET_VADDR,
    VM_BASE - PAGE,
    VM_LIMIT,
    USER_LIMIT,
    0xffff_ffff_8020_0000,
];

fn ranges(context: &mut Context) -> Result<(), &'static str> {
    let invalid = ExceptionType::InvalidArgument;
    let memory = context.memory;
    let ring = &mut context.ring;
    for hint in FORBIDDEN {
        let mapped = memory.map(ring, hint, PAGE, READ);
        refused(mapped, invalid, "mapped where it must not be")?;
    }
    let odd = [
        (ANYWHERE, 0),
        (ANYWHERE, 1),
        (ANYWHERE, PAGE + 8),
        (VM_BASE + 8, PAGE),
        (VM_LIMIT - PAGE, 2 * PAGE),
        (u64::MAX - PAGE + 1, PAGE),
    ];
    for (hint, size) in odd {
        let mapped = memory.map(ring, hint, size, READ);
        refused(mapped, invalid, "mapped an odd range")?;
    }
    let last = memory.map(ring, VM_LIMIT - PAGE, PAGE, READ_WRITE);
    ensure(last == Ok(VM_LIMIT - PAGE), "the last page is refused")?;
    // SAFETY: just mapped to be written.
    unsafe { poke(VM_LIMIT - 8, 1) };
    unmap(context, VM_LIMIT - PAGE, 1)
}

fn not_mapped(context: &mut Context) -> Result<(), &'static str> {
    let invalid = ExceptionType::InvalidArgument;
    let (memory, frames) = (context.memory, context.frames);
    let at = map(context, 2)?;
    let ring = &mut context.ring;
    let object = frames.allocate(ring).map_err(|_| "no object")?;
    let shared = object.map(ring, at + 4 * PAGE, 0, PAGE, READ);
    let shared = shared.map_err(|_| "object not mapped")?;
    let ranges = FORBIDDEN.map(|address| (address, PAGE)).into_iter().chain([
        (at + 2 * PAGE, PAGE),
        (at + PAGE, 2 * PAGE),
        (at, 0),
        (at, 1),
        (at + 8, PAGE),
        (at, u64::MAX - PAGE + 1),
        (shared, PAGE),
    ]);
    for (address, size) in ranges {
        refused(memory.unmap(ring, address, size), invalid, "unmapped")?;
        let protected = memory.protect(ring, address, size, READ);
        refused(protected, invalid, "protected")?;
        let decommitted = memory.decommit(ring, address, size);
        refused(decommitted, invalid, "decommitted")?;
        let committed = memory.commit(ring, address, size, READ);
        refused(committed, invalid, "committed")?;
    }
    // Neither is what was mapped otherwise the object's.
    refused(object.unmap(ring, at, PAGE), invalid, "the object's")?;
    let protected = object.protect(ring, at, PAGE, READ);
    refused(protected, invalid, "changed through the object")?;
    let other = frames.allocate(ring).map_err(|_| "no object")?;
    refused(other.unmap(ring, shared, PAGE), invalid, "another's")?;
    let done = object.unmap(ring, shared, PAGE);
    done.map_err(|_| "object not unmapped")?;
    object.release(ring).map_err(|_| "not released")?;
    other.release(ring).map_err(|_| "not released")?;
    unmap(context, at, 2)
}

fn parts(context: &mut Context) -> Result<(), &'static str> {
    let memory = context.memory;
    let at = map(context, 5)?;
    mark(at, 5, |page| page + 1);
    unmap(context, at + 2 * PAGE, 1)?;
    ensure(holds(at, 2, |page| page + 1), "the first part is gone")?;
    let last = holds(at + 3 * PAGE, 2, |page| page + 4);
    ensure(last, "the last part is gone")?;
    // The hole is the lowest one again.
    ensure(map(context, 1)? == at + 2 * PAGE, "not in the hole")?;
    ensure(holds(at + 2 * PAGE, 1, |_| 0), "not new")?;
    let ring = &mut context.ring;
    let protected = memory.protect(ring, at + PAGE, 3 * PAGE, READ);
    protected.map_err(|_| "not protected as one")?;
    unmap(context, at, 5)
}

fn reserve(context: &mut Context) -> Result<(), &'static str> {
    let memory = context.memory;
    let ring = &mut context.ring;
    let at = memory.reserve(ring, ANYWHERE, 8 * PAGE);
    let at = at.map_err(|_| "not reserved")?;
    let committed = memory.commit(ring, at + PAGE, 2 * PAGE, READ_WRITE);
    committed.map_err(|_| "not committed")?;
    let twice = memory.commit(ring, at + 2 * PAGE, 2 * PAGE, READ);
    refused(twice, ExceptionType::InvalidArgument, "committed twice")?;
    ensure(holds(at + PAGE, 2, |_| 0), "not zero")?;
    mark(at + PAGE, 2, |page| page + 7);
    let decommitted = memory.decommit(ring, at + PAGE, PAGE);
    decommitted.map_err(|_| "not decommitted")?;
    let mapped = memory.map(ring, at + PAGE, PAGE, READ);
    refused(mapped, ExceptionType::InvalidArgument, "no longer kept")?;
    let committed = memory.commit(ring, at + PAGE, PAGE, READ_WRITE);
    committed.map_err(|_| "not committed again")?;
    ensure(holds(at + PAGE, 1, |_| 0), "not zero again")?;
    ensure(holds(at + 2 * PAGE, 1, |_| 8), "the other page changed")?;
    unmap(context, at, 8)
}

fn reservation_quota(context: &mut Context) -> Result<(), &'static str> {
    const QUOTA: u64 = 262_144;
    let memory = context.memory;
    let ring = &mut context.ring;
    let more = memory.reserve(ring, ANYWHERE, (QUOTA + 1) * PAGE);
    refused(more, ExceptionType::Overloaded, "more than the quota")?;
    for _ in 0..2 {
        let all = memory.reserve(ring, ANYWHERE, QUOTA * PAGE);
        let all = all.map_err(|_| "not reserved")?;
        let mapped = memory.map(ring, ANYWHERE, PAGE, READ);
        refused(mapped, ExceptionType::Overloaded, "one more mapped")?;
        let reserved = memory.reserve(ring, ANYWHERE, PAGE);
        refused(reserved, ExceptionType::Overloaded, "one more reserved")?;
        memory
            .unmap(ring, all, QUOTA * PAGE)
            .map_err(|_| "not unmapped")?;
    }
    Ok(())
}

fn commit_quota(context: &mut Context) -> Result<(), &'static str> {
    const QUOTA: u64 = 16_384;
    let memory = context.memory;
    let more = memory.map(&mut context.ring, ANYWHERE, (QUOTA + 1) * PAGE, READ);
    refused(more, ExceptionType::Overloaded, "more than the quota")?;
    let at = map(context, QUOTA)?;
    let ring = &mut context.ring;
    let mapped = memory.map(ring, ANYWHERE, PAGE, READ);
    refused(mapped, ExceptionType::Overloaded, "one more mapped")?;
    let reserved = memory.reserve(ring, ANYWHERE, PAGE);
    let reserved = reserved.map_err(|_| "not reserved")?;
    let committed = memory.commit(ring, reserved, PAGE, READ);
    refused(committed, ExceptionType::Overloaded, "one more committed")?;
    memory
        .decommit(ring, at, PAGE)
        .map_err(|_| "not decommitted")?;
    let committed = memory.commit(ring, reserved, PAGE, READ);
    committed.map_err(|_| "nothing came back")?;
    unmap(context, reserved, 1)?;
    unmap(context, at, QUOTA)
}

fn hole_quota(context: &mut Context) -> Result<(), &'static str> {
    let memory = context.memory;
    let ring = &mut context.ring;
    let pages = 2048;
    let at = memory.reserve(ring, ANYWHERE, pages * PAGE);
    let at = at.map_err(|_| "not reserved")?;
    let mut holes = 0;
    let error = loop {
        match memory.unmap(ring, at + (2 * holes + 1) * PAGE, PAGE) {
            Ok(()) => holes += 1,
            Err(error) => break error,
        }
    };
    let overloaded = CallError::Exception(ExceptionType::Overloaded);
    ensure(error == overloaded && holes > 100, "another limit")?;
    for page in 0..holes {
        unmap(context, at + 2 * page * PAGE, 1)?;
    }
    unmap(context, at + 2 * holes * PAGE, pages - 2 * holes)
}

fn object(context: &mut Context) -> Result<(), &'static str> {
    let invalid = ExceptionType::InvalidArgument;
    let frames = context.frames;
    let ring = &mut context.ring;
    let none = frames.allocate_contiguous(ring, 0);
    refused(none.map(|_| ()), invalid, "an object of nothing")?;
    let object = frames.allocate_contiguous(ring, 5);
    let object = object.map_err(|_| "no object")?;
    ensure(object.info(ring) == Ok((5, 5 * PAGE)), "another size")?;
    let whole = object.map(ring, ANYWHERE, 0, 5 * PAGE, READ_WRITE);
    let whole = whole.map_err(|_| "not mapped")?;
    ensure(holds(whole, 5, |_| 0), "not zero")?;
    mark(whole, 5, |page| page + 1);
    let part = object.map(ring, ANYWHERE, 2 * PAGE, 2 * PAGE, READ);
    let part = part.map_err(|_| "not mapped again")?;
    ensure(holds(part, 2, |page| page + 3), "other memory")?;
    let beyond = [
        (PAGE, 5 * PAGE),
        (5 * PAGE, PAGE),
        (8, PAGE),
        (u64::MAX - PAGE + 1, 2 * PAGE),
        (0, 0),
    ];
    for (offset, size) in beyond {
        let mapped = object.map(ring, ANYWHERE, offset, size, READ);
        refused(mapped, invalid, "mapped what it has not")?;
    }
    let mapped = object.map(ring, ANYWHERE, 0, PAGE, WRITE | EXECUTE);
    refused(mapped, invalid, "to be written and executed")?;
    let hinted = object.map(ring, whole, 0, PAGE, READ);
    refused(hinted, invalid, "over something else")?;
    // A hole in the middle leaves both ends what they are.
    let unmapped = object.unmap(ring, whole + 2 * PAGE, PAGE);
    unmapped.map_err(|_| "no hole")?;
    ensure(holds(whole + 3 * PAGE, 2, |page| page + 4), "moved")?;
    ensure(holds(part, 2, |page| page + 3), "the other one changed")?;
    let rest = object.unmap(ring, whole, 5 * PAGE);
    refused(rest, invalid, "unmapped with its hole")?;
    for (address, pages) in [(whole, 2), (whole + 3 * PAGE, 2), (part, 2)] {
        let unmapped = object.unmap(ring, address, pages * PAGE);
        unmapped.map_err(|_| "not unmapped")?;
    }
    object.release(ring).map_err(|_| "not released")
}

fn outlives(context: &mut Context) -> Result<(), &'static str> {
    let frames = context.frames;
    let ring = &mut context.ring;
    let object = frames.allocate(ring).map_err(|_| "no object")?;
    let at = object.map(ring, ANYWHERE, 0, PAGE, READ_WRITE);
    let at = at.map_err(|_| "not mapped")?;
    mark(at, 1, |_| 77);
    object.release(ring).map_err(|_| "not released")?;
    // New memory is not that memory.
    let other = frames.allocate_contiguous(ring, 64);
    let other = other.map_err(|_| "no object")?;
    let over = other.map(ring, ANYWHERE, 0, 64 * PAGE, READ_WRITE);
    let over = over.map_err(|_| "not mapped")?;
    mark(over, 64, |_| 1);
    ensure(holds(at, 1, |_| 77), "the memory was given away")?;
    let unmapped = other.unmap(ring, over, 64 * PAGE);
    unmapped.map_err(|_| "not unmapped")?;
    // The first one's mapping stays: nothing but this process's end takes it away.
    other.release(ring).map_err(|_| "not released")
}

/// What the parent writes, and what the child makes of it, in role `share`.
pub const QUESTION: u64 = 0x1234_5678;

fn shared(context: &mut Context) -> Result<(), &'static str> {
    let frames = context.frames;
    let ring = &mut context.ring;
    let object = frames.allocate_contiguous(ring, 2);
    let object = object.map_err(|_| "no object")?;
    let at = object.map(ring, ANYWHERE, 0, 2 * PAGE, READ_WRITE);
    let at = at.map_err(|_| "not mapped")?;
    mark(at, 1, |_| QUESTION);
    ensure(
        run(context, "share", Some(object))? == 0,
        "the child failed",
    )?;
    ensure(holds(at + PAGE, 1, |_| !QUESTION), "no answer")?;
    let ring = &mut context.ring;
    let unmapped = object.unmap(ring, at, 2 * PAGE);
    unmapped.map_err(|_| "not unmapped")?;
    object.release(ring).map_err(|_| "not released")
}

/// Frames a process's objects may have.
const FRAMES: u32 = 4096;

fn frame_quota(context: &mut Context) -> Result<(), &'static str> {
    let frames = context.frames;
    let ring = &mut context.ring;
    let overloaded = ExceptionType::Overloaded;
    let more = frames.allocate_contiguous(ring, FRAMES + 1);
    refused(more.map(|_| ()), overloaded, "more than the quota")?;
    let most = frames.allocate_contiguous(ring, FRAMES - 1);
    let most = most.map_err(|_| "not the quota")?;
    let last = frames.allocate(ring).map_err(|_| "not the last")?;
    let none = frames.allocate(ring);
    refused(none.map(|_| ()), overloaded, "one more")?;
    // A hold counts where it is: a child has a quota of its own, and the same one.
    ensure(run(context, "share-quota", Some(most))? == 0, "the child's")?;
    let ring = &mut context.ring;
    last.release(ring).map_err(|_| "not released")?;
    let again = frames.allocate(ring).map_err(|_| "nothing came back")?;
    again.release(ring).map_err(|_| "not released")?;
    most.release(ring).map_err(|_| "not released")
}

fn copies(context: &mut Context) -> Result<(), &'static str> {
    let memory = context.memory;
    let at = map(context, 2)?;
    let now = |context: &mut Context, result_addr| {
        let sqe = Sqe {
            opcode: opcode::CALL,
            cap_id: context.timer,
            result_addr,
            result_len: 64,
            ..Sqe::default()
        };
        let answer = submit(&mut context.ring, &sqe);
        answer.map(|cqe| cqe.result).map_err(|_| "no completion")
    };
    let bad = result::INVALID_RESULT_BUFFER;
    // Half of it in the second page.
    let across = at + PAGE - 16;
    ensure(now(context, across)? > 0, "not written")?;
    let protected = memory.protect(&mut context.ring, at + PAGE, PAGE, READ);
    protected.map_err(|_| "not protected")?;
    ensure(now(context, across)? == bad, "written though read-only")?;
    unmap(context, at + PAGE, 1)?;
    ensure(now(context, across)? == bad, "written though gone")?;
    ensure(map(context, 1)? == at + PAGE, "elsewhere")?;
    ensure(now(context, across)? > 0, "not written again")?;
    unmap(context, at, 2)?;
    ensure(now(context, at)? == bad, "written though all is gone")?;
    let read = Sqe {
        opcode: opcode::CALL,
        cap_id: context.null,
        addr: at,
        len: 8,
        ..Sqe::default()
    };
    let answer = submit(&mut context.ring, &read).map_err(|_| "no completion")?;
    ensure(answer.result == result::INVALID_PARAMS_BUFFER, "read")
}

fn again(context: &mut Context) -> Result<(), &'static str> {
    /// Of the largest objects, more than the machine has memory for.
    const ROUNDS: usize = 40;
    /// Far apart, so that each needs tables of its own; their tables alone would be
    /// some of the machine's memory.
    const PLACES: u64 = 2000;
    const DISTANCE: u64 = 1 << 30;
    let (memory, frames) = (context.memory, context.frames);
    let ring = &mut context.ring;
    for _ in 0..ROUNDS {
        let object = frames.allocate_contiguous(ring, FRAMES);
        let object = object.map_err(|_| "no object")?;
        object.release(ring).map_err(|_| "not released")?;
    }
    for place in 1..=PLACES {
        let hint = VM_BASE + place * DISTANCE;
        let mapped = memory.map(ring, hint, PAGE, READ_WRITE);
        ensure(mapped == Ok(hint), "not mapped")?;
        let unmapped = memory.unmap(ring, hint, PAGE);
        unmapped.map_err(|_| "not unmapped")?;
    }
    Ok(())
}

fn left_behind(context: &mut Context) -> Result<(), &'static str> {
    /// A child leaves twenty megabytes; so many leave more than there are.
    const GENERATIONS: usize = 30;
    for _ in 0..GENERATIONS {
        ensure(run(context, "leave", None)? == 7, "another exit code")?;
    }
    // Both sides of an object may be the last to have it.
    let frames = context.frames;
    let ring = &mut context.ring;
    let object = frames.allocate_contiguous(ring, 8);
    let object = object.map_err(|_| "no object")?;
    let child = child(context, "wait", Some(object))?;
    let ring = &mut context.ring;
    object.release(ring).map_err(|_| "not released")?;
    child.terminate(ring).map_err(|_| "not ended")?;
    child.release(ring).map_err(|_| "not released")
}

global_asm!(
    r#"
    .section .tdata, "awT", @progbits
    .balign 64
thread_word:
    .quad 0x7468726561640001
    .section .tbss, "awT", @nobits
    .balign 8
thread_zero:
    .zero 24
    .text
    "#
);

fn thread_local(_: &mut Context) -> Result<(), &'static str> {
    let (pointer, place, word, zeros): (u64, u64, u64, u64);
    // SAFETY: reads the storage that the loader set up.
    unsafe {
        asm!(
            "mov {pointer}, fs:[0]",
            "lea {place}, [{pointer} + thread_word@tpoff]",
            "mov {word}, fs:[thread_word@tpoff]",
            "mov {zeros}, fs:[thread_zero@tpoff]",
            "or {zeros}, fs:[thread_zero@tpoff + 8]",
            "or {zeros}, fs:[thread_zero@tpoff + 16]",
            pointer = out(reg) pointer,
            place = out(reg) place,
            word = out(reg) word,
            zeros = out(reg) zeros,
        );
    }
    // SAFETY: as above.
    let found = unsafe { peek(pointer) == pointer && peek(place) == word };
    ensure(found, "the pointer does not lead there")?;
    ensure(word == 0x7468_7265_6164_0001, "not the template")?;
    ensure(zeros == 0, "not zero")?;
    ensure(place.is_multiple_of(64), "not aligned")
}
