//! Rings as no honest program leaves them.

use crate::{Check, Context, ensure};
use core::mem::offset_of;
use guest_runtime::abi::layout::RING_VADDR;
use guest_runtime::abi::ring::{CQ_ENTRIES, Header, Sqe, opcode};
use guest_runtime::syscall::cap_enter;

pub const CHECKS: &[Check] = &[
    ("completions nobody takes are counted as lost", overflow),
    (
        "a nonsensical submission tail discards what is queued",
        bad_tail,
    ),
    ("masks and offsets in the page mean nothing", bad_header),
    ("a nonsensical completion head does no harm", bad_head),
    ("a page of noise does no harm", noise),
];

const NOP: Sqe = Sqe {
    opcode: opcode::NOP,
    flags: 0,
    method_id: 0,
    cap_id: 0,
    user_data: 1,
    addr: 0,
    len: 0,
    result_len: 0,
    result_addr: 0,
    pipeline_dep: 0,
    pipeline_field: 0,
    xfer_cap_count: 0,
    call_id: 0,
    session_disclosure: 0,
};

fn field(offset: usize) -> *mut u32 {
    (RING_VADDR as usize + offset) as *mut u32
}

fn read(offset: usize) -> u32 {
    // SAFETY: a field of the ring page.
    unsafe { field(offset).read_volatile() }
}

fn write(offset: usize, value: u32) {
    // SAFETY: a field of the ring page; the kernel must bear any value.
    unsafe { field(offset).write_volatile(value) };
}

fn works(context: &mut Context) -> Result<(), &'static str> {
    context.ring.resynchronise();
    context.ring.push(&NOP);
    ensure(cap_enter(1, 0) == Ok(1), "the ring no longer works")?;
    let cqe = context.ring.pop().ok_or("no completion")?;
    ensure(cqe.user_data == 1 && cqe.result == 0, "another completion")
}

fn overflow(context: &mut Context) -> Result<(), &'static str> {
    let before = context.ring.overflow();
    for _ in 0..5 {
        for _ in 0..8 {
            context.ring.push(&NOP);
        }
        let _ = cap_enter(0, 0);
    }
    ensure(cap_enter(0, 0) == Ok(CQ_ENTRIES), "not a full queue")?;
    ensure(context.ring.overflow() == before + 8, "another count")?;
    let mut taken = 0;
    while context.ring.pop().is_some() {
        taken += 1;
    }
    ensure(taken == CQ_ENTRIES, "another number of completions")
}

fn bad_tail(context: &mut Context) -> Result<(), &'static str> {
    for distance in [17, 1000, u32::MAX / 2, u32::MAX] {
        let tail = read(offset_of!(Header, sq_head)).wrapping_add(distance);
        write(offset_of!(Header, sq_tail), tail);
        ensure(cap_enter(0, 0) == Ok(0), "something completed")?;
        ensure(read(offset_of!(Header, sq_head)) == tail, "not discarded")?;
    }
    works(context)
}

fn bad_header(context: &mut Context) -> Result<(), &'static str> {
    let kept = [
        offset_of!(Header, sq_head),
        offset_of!(Header, sq_tail),
        offset_of!(Header, cq_head),
        offset_of!(Header, cq_tail),
        offset_of!(Header, cq_overflow),
    ];
    for offset in (0..size_of::<Header>()).step_by(4) {
        if !kept.contains(&offset) {
            write(offset, u32::MAX);
        }
    }
    // The kernel's indices are its own: what it published is not what it uses.
    write(offset_of!(Header, cq_tail), 12345);
    context.ring.push(&NOP);
    ensure(cap_enter(1, 0) == Ok(1), "not served")?;
    ensure(context.ring.pop().is_some(), "not completed")?;
    works(context)
}

fn bad_head(context: &mut Context) -> Result<(), &'static str> {
    write(
        offset_of!(Header, cq_head),
        read(offset_of!(Header, cq_tail)).wrapping_add(7),
    );
    context.ring.push(&NOP);
    let _ = cap_enter(0, 0);
    works(context)
}

fn noise(context: &mut Context) -> Result<(), &'static str> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..64 {
        for word in 0..512 {
            // xorshift64
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            // SAFETY: the ring page; the kernel must bear any value.
            unsafe { (RING_VADDR as *mut u64).add(word).write_volatile(state) };
        }
        // A tail that lets some of the noise be served.
        context.ring.resynchronise();
        let _ = cap_enter(0, 0);
        let head = read(offset_of!(Header, sq_head));
        write(offset_of!(Header, sq_tail), head.wrapping_add(16));
        let _ = cap_enter(0, 0);
    }
    works(context)
}
