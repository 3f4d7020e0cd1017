//! Threads: each has registers, storage and an end of its own.

use crate::{Check, Context, ensure};
use alloc::vec;
use core::arch::asm;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use guest_runtime::abi::capos_capnp::{ExceptionType, thread_control_get_fs_base_results};
use guest_runtime::abi::ring::{Sqe, SqeFlags, opcode, result};
use guest_runtime::abi::syscall::{THREAD_OWNED_HEAD, TIMEOUT_FOREVER};
use guest_runtime::call::{CallError, call_raw, release, submit};
use guest_runtime::park::{MISMATCH, TIMED_OUT, WOKEN, park, unpark};
use guest_runtime::platform::{MAIN_THREAD, VOID};
use guest_runtime::ring::Ring;
use guest_runtime::syscall::cap_enter;
use guest_runtime::thread;

pub const CHECKS: &[Check] = &[
    ("a thread gets its argument and id, and is joined", join),
    (
        "a thread that only computes does not keep others off",
        turns,
    ),
    ("SSE registers survive a turn that the timer ends", float),
    ("each thread has an FS base of its own", fs_base),
    ("a wait whose word has changed is refused", mismatch),
    ("a wait ends after its time", time_out),
    ("a waiter is woken, and by nobody else", wake),
    (
        "a head that another thread owns stays where it is",
        foreign_head,
    ),
    ("what a thread owned that is gone is refused", orphan),
    ("entries outside of the user half are refused", bad_entry),
    ("sixteen threads may exist and no more", sixteen),
];

/// Bytes of a thread's stack.
const STACK: usize = 4096;

/// What threads are told and tell.
static WORD: AtomicU32 = AtomicU32::new(0);
static SEEN: AtomicU64 = AtomicU64::new(0);
static CONTROL: AtomicU32 = AtomicU32::new(0);

fn start(context: &mut Context, entry: thread::Entry, argument: u64) -> Result<u32, CallError> {
    CONTROL.store(context.thread, Ordering::Relaxed);
    let stack = vec![0; STACK].leak();
    thread::spawn(&mut context.ring, context.threads, entry, stack, argument)
}

/// Ends the calling thread. The ring must be nobody else's for the moment.
fn end(tid: u64, code: i64) -> ! {
    let message = thread::exit_message(code);
    // SAFETY: the main thread waits for this thread's end, or computes.
    let mut ring = unsafe { Ring::shared() };
    let control = CONTROL.load(Ordering::Relaxed);
    ring.push(&thread::exit(control, tid as u32, &message, 0));
    let _ = cap_enter(0, 0);
    unreachable!("the thread has ended")
}

/// Waits for a thread that ends by itself, and gives its handle up. Its exit code.
fn wait_for(context: &mut Context, handle: u32) -> Result<i64, &'static str> {
    let mut answer = [0u64; 3];
    context.ring.push(&Sqe {
        opcode: opcode::CALL,
        cap_id: handle,
        result_addr: answer.as_mut_ptr() as u64,
        result_len: size_of_val(&answer) as u32,
        ..Sqe::default()
    });
    let entered = cap_enter(1, TIMEOUT_FOREVER);
    // The thread used the ring to end.
    context.ring.catch_up();
    ensure(entered == Ok(1), "not joined")?;
    let cqe = context.ring.pop().ok_or("no completion")?;
    ensure(cqe.result == 24, "another result")?;
    release(&mut context.ring, handle).map_err(|_| "not released")?;
    // SAFETY: the array is ours; the kernel wrote it behind the compiler's back.
    Ok(unsafe { (&raw const answer[2]).read_volatile() } as i64)
}

extern "C" fn report(argument: u64, tid: u64) -> ! {
    SEEN.store(argument << 8 | tid, Ordering::Relaxed);
    end(tid, -5)
}

fn join(context: &mut Context) -> Result<(), &'static str> {
    let handle = start(context, report, 77).map_err(|_| "no thread")?;
    ensure(wait_for(context, handle)? == -5, "another exit code")?;
    let seen = SEEN.load(Ordering::Relaxed);
    ensure(seen >> 8 == 77, "another argument")?;
    ensure(seen & 0xff > u64::from(MAIN_THREAD), "an id already used")
}

extern "C" fn spin(_argument: u64, tid: u64) -> ! {
    while WORD.load(Ordering::Relaxed) == 0 {
        SEEN.fetch_add(1, Ordering::Relaxed);
    }
    end(tid, 1)
}

fn turns(context: &mut Context) -> Result<(), &'static str> {
    WORD.store(0, Ordering::Relaxed);
    SEEN.store(0, Ordering::Relaxed);
    let handle = start(context, spin, 0).map_err(|_| "no thread")?;
    // It runs while this thread waits, and cannot keep the wait from ending.
    ensure(cap_enter(1, 30_000_000) == Ok(0), "something completed")?;
    ensure(SEEN.load(Ordering::Relaxed) > 0, "it did not run")?;
    WORD.store(1, Ordering::Relaxed);
    ensure(wait_for(context, handle)? == 1, "another exit code")
}

/// Keeps a value in every SSE register for some turns. Whether it stayed there.
fn keep(value: u64, loops: u64) -> bool {
    let changed: u64;
    // SAFETY: only registers that are declared change.
    unsafe {
        asm!(
            "movq xmm0, {value}",
            "movdqa xmm7, xmm0",
            "movdqa xmm15, xmm0",
            "2:",
            "dec {loops}",
            "jnz 2b",
            "pxor xmm0, xmm7",
            "pxor xmm7, xmm15",
            "por xmm0, xmm7",
            "movq {changed}, xmm0",
            value = in(reg) value,
            loops = inout(reg) loops => _,
            changed = out(reg) changed,
            out("xmm0") _, out("xmm7") _, out("xmm15") _,
            options(nostack),
        );
    }
    changed == 0
}

/// Instructions for more than two turns.
const LOOPS: u64 = 15_000_000;

extern "C" fn keep_other(_argument: u64, tid: u64) -> ! {
    end(tid, i64::from(keep(0x5555_5555, LOOPS)))
}

fn float(context: &mut Context) -> Result<(), &'static str> {
    let handle = start(context, keep_other, 0).map_err(|_| "no thread")?;
    ensure(keep(0xaaaa_aaaa, LOOPS), "this thread's registers changed")?;
    ensure(
        wait_for(context, handle)? == 1,
        "the other's registers changed",
    )
}

fn base(ring: &mut Ring, control: u32) -> Result<u64, &'static str> {
    let answer = call_raw(ring, control, 0, &VOID).map_err(|_| "no answer")?;
    let message = answer.message().map_err(|_| "no message")?;
    let root = message
        .get_root::<thread_control_get_fs_base_results::Reader<'_>>()
        .map_err(|_| "no results")?;
    Ok(root.get_fs_base())
}

fn set_base(ring: &mut Ring, control: u32, address: u64) -> Result<(), CallError> {
    // One segment of two words; root: one data word.
    call_raw(ring, control, 1, &[2 << 32, 1 << 32, address]).map(|_| ())
}

/// A word that FS may point at.
static STORAGE: [AtomicU64; 2] = [AtomicU64::new(11), AtomicU64::new(22)];

fn at_fs() -> u64 {
    let word;
    // SAFETY: FS points at a word of `STORAGE`.
    unsafe { asm!("mov {0}, fs:[0]", out(reg) word, options(readonly, nostack)) };
    word
}

extern "C" fn report_fs(_argument: u64, tid: u64) -> ! {
    // It starts with no base; reading address 0 would end the process.
    end(tid, 3)
}

fn fs_base(context: &mut Context) -> Result<(), &'static str> {
    let before = base(&mut context.ring, context.thread)?;
    let (first, kernel) = (STORAGE[0].as_ptr() as u64, 1 << 63);
    let refused = set_base(&mut context.ring, context.thread, kernel);
    let invalid = CallError::Exception(ExceptionType::InvalidArgument);
    ensure(refused == Err(invalid), "a kernel address was accepted")?;
    set_base(&mut context.ring, context.thread, first).map_err(|_| "not set")?;
    ensure(at_fs() == 11, "not where it was set")?;
    let handle = start(context, report_fs, 0).map_err(|_| "no thread")?;
    ensure(wait_for(context, handle)? == 3, "another exit code")?;
    ensure(at_fs() == 11, "another thread changed it")?;
    set_base(&mut context.ring, context.thread, before).map_err(|_| "not put back")
}

fn park_result(
    context: &mut Context,
    word: &'static AtomicU32,
    expected: u32,
    timeout_ns: u64,
) -> Result<i32, &'static str> {
    let wait = park(context.space, MAIN_THREAD, word, expected, timeout_ns, 5);
    let cqe = submit(&mut context.ring, &wait).map_err(|_| "no completion")?;
    Ok(cqe.result)
}

fn mismatch(context: &mut Context) -> Result<(), &'static str> {
    WORD.store(3, Ordering::Relaxed);
    let result = park_result(context, &WORD, 4, TIMEOUT_FOREVER)?;
    ensure(result == MISMATCH, "another result")?;
    let nowhere = Sqe {
        addr: 0x7000_0000,
        ..park(context.space, MAIN_THREAD, &WORD, 3, 1, 5)
    };
    let cqe = submit(&mut context.ring, &nowhere).map_err(|_| "no completion")?;
    ensure(
        cqe.result == result::INVALID_PARAMS_BUFFER,
        "a word that is not there was read",
    )
}

fn time_out(context: &mut Context) -> Result<(), &'static str> {
    WORD.store(3, Ordering::Relaxed);
    let result = park_result(context, &WORD, 3, 100_000)?;
    ensure(result == TIMED_OUT, "another result")?;
    // Nobody is left to be woken.
    let wake = unpark(context.space, &WORD, 9, 6);
    let cqe = submit(&mut context.ring, &wake).map_err(|_| "no completion")?;
    ensure(cqe.result == 0, "somebody was woken")?;
    let nobody = unpark(context.space, &WORD, 0, 6);
    let cqe = submit(&mut context.ring, &nobody).map_err(|_| "no completion")?;
    ensure(
        cqe.result == result::INVALID_REQUEST,
        "waking none was accepted",
    )
}

/// Waits on the word, then ends with what the wait gave.
extern "C" fn wait_on_word(space: u64, tid: u64) -> ! {
    // SAFETY: the main thread waits with a time-out meanwhile.
    let mut ring = unsafe { Ring::shared() };
    ring.push(&park(
        space as u32,
        tid as u32,
        &WORD,
        0,
        TIMEOUT_FOREVER,
        7,
    ));
    let _ = cap_enter(1, TIMEOUT_FOREVER);
    // SAFETY: as above.
    let mut ring = unsafe { Ring::shared() };
    let result = ring.pop().map_or(-100, |cqe| cqe.result);
    end(tid, i64::from(result))
}

fn wake(context: &mut Context) -> Result<(), &'static str> {
    WORD.store(0, Ordering::Relaxed);
    let space = u64::from(context.space);
    let handle = start(context, wait_on_word, space).map_err(|_| "no thread")?;
    // It waits by the end of this; no completion is there for this thread.
    ensure(cap_enter(1, 1_000_000) == Ok(0), "something completed")?;
    context.ring.catch_up();
    let wake = unpark(context.space, &WORD, 9, 6);
    let cqe = submit(&mut context.ring, &wake).map_err(|_| "no completion")?;
    ensure(cqe.result == 1, "another number was woken")?;
    ensure(
        wait_for(context, handle)? == i64::from(WOKEN),
        "it was not woken",
    )
}

/// Tells its id, then computes until it is told to end.
extern "C" fn tell_and_spin(argument: u64, tid: u64) -> ! {
    TOLD.store(tid as u32, Ordering::Relaxed);
    spin(argument, tid)
}

static TOLD: AtomicU32 = AtomicU32::new(0);

fn foreign_head(context: &mut Context) -> Result<(), &'static str> {
    WORD.store(0, Ordering::Relaxed);
    let handle = start(context, tell_and_spin, 0).map_err(|_| "no thread")?;
    ensure(cap_enter(1, 1_000_000) == Ok(0), "something completed")?;
    let slot = context.ring.next_slot();
    let nop = Sqe {
        opcode: opcode::NOP,
        ..Sqe::default()
    };
    context.ring.push(&Sqe {
        opcode: opcode::CALL,
        flags: SqeFlags::THREAD_OWNED,
        cap_id: context.null,
        call_id: TOLD.load(Ordering::Relaxed),
        ..Sqe::default()
    });
    context.ring.push(&nop);
    ensure(cap_enter(1, 0) == Err(THREAD_OWNED_HEAD), "it was served")?;
    ensure(context.ring.pop().is_none(), "something completed")?;
    // Made harmless, both are served.
    // SAFETY: a slot of the ring page, which no other thread uses now.
    unsafe { slot.write_volatile(nop) };
    ensure(cap_enter(2, 0) == Ok(2), "not served")?;
    ensure(
        context.ring.pop().is_some() && context.ring.pop().is_some(),
        "not completed",
    )?;
    WORD.store(1, Ordering::Relaxed);
    ensure(wait_for(context, handle)? == 1, "another exit code")
}

fn orphan(context: &mut Context) -> Result<(), &'static str> {
    let owned = Sqe {
        opcode: opcode::CALL,
        flags: SqeFlags::THREAD_OWNED,
        cap_id: context.null,
        call_id: 0x7fff_ffff,
        ..Sqe::default()
    };
    let cqe = submit(&mut context.ring, &owned).map_err(|_| "no completion")?;
    ensure(cqe.result == result::INVALID_REQUEST, "it was served")?;
    let own = Sqe {
        call_id: MAIN_THREAD,
        ..owned
    };
    let cqe = submit(&mut context.ring, &own).map_err(|_| "no completion")?;
    ensure(cqe.result == 0, "its own was not served")
}

fn bad_entry(context: &mut Context) -> Result<(), &'static str> {
    let invalid = CallError::Exception(ExceptionType::InvalidArgument);
    for entry in [0, 0x7fff_ffff_f000, 1 << 47, 0xffff_ffff_8020_0000] {
        // entry, stackTop, arg, fsBase, flags
        let message = [6 << 32, 5 << 32, entry, 0x101_0000, 0, 0, 0];
        let answer = call_raw(&mut context.ring, context.threads, 0, &message);
        ensure(answer.err() == Some(invalid), "it was accepted")?;
    }
    let answer = call_raw(&mut context.ring, context.threads, 0, &VOID);
    ensure(answer.is_err(), "an empty message was accepted")
}

fn sixteen(context: &mut Context) -> Result<(), &'static str> {
    WORD.store(0, Ordering::Relaxed);
    let mut handles = vec![];
    let error = loop {
        match start(context, spin, 0) {
            Ok(handle) => handles.push(handle),
            Err(error) => break error,
        }
    };
    let overloaded = CallError::Exception(ExceptionType::Overloaded);
    let right = handles.len() == 15 && error == overloaded;
    WORD.store(1, Ordering::Relaxed);
    for handle in handles {
        wait_for(context, handle)?;
    }
    ensure(right, "another number, or another error")
}
