//! One ring, many threads: who submits what, and whose a completion is.
//!
//! All threads of a process share its ring. Whoever looks takes everything there is
//! and leaves each completion in its thread's box, under a lock that is held for a few
//! instructions. A thread that finds it held waits in the kernel for a moment, so that
//! the holder can go on.

use core::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use guest_runtime::abi::ring::{Sqe, opcode};
use guest_runtime::abi::syscall::TIMEOUT_FOREVER;
use guest_runtime::platform::MAIN_THREAD;
use guest_runtime::ring::Ring;
use guest_runtime::syscall::{cap_enter, exit};
use guest_runtime::thread;

/// Threads there may be, the main thread included.
pub const THREADS: usize = 16;
/// Kinds of submission a thread may have under way, one of each.
pub const KINDS: usize = 4;

/// A kind of submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// PARK.
    Park = 0,
    /// UNPARK.
    Unpark = 1,
    /// `ThreadHandle.join`.
    Join = 2,
    /// `ThreadControl.exitThread`, which never completes.
    Exit = 3,
}

/// Nothing has arrived. No result is this.
const EMPTY: i32 = i32::MIN;

static LOCK: AtomicBool = AtomicBool::new(false);
static BOXES: [[AtomicI32; KINDS]; THREADS] =
    [const { [const { AtomicI32::new(EMPTY) }; KINDS] }; THREADS];

/// What a submission of a thread carries, to be known by.
pub fn user_data(tid: u32, kind: Kind) -> u64 {
    u64::from(tid) << 8 | kind as u64
}

/// Does something with the ring that no other thread may do at the same time.
fn with_ring<R>(work: impl FnOnce(&mut Ring) -> R) -> R {
    while LOCK.swap(true, Ordering::Acquire) {
        let _ = cap_enter(32, 1);
    }
    // SAFETY: the lock is held.
    let result = work(&mut unsafe { Ring::shared() });
    LOCK.store(false, Ordering::Release);
    result
}

/// Queues submissions.
pub fn push(submissions: &[Sqe]) {
    with_ring(|ring| {
        for sqe in submissions {
            ring.push(sqe);
        }
    });
}

/// Takes what has arrived for a thread, if it has.
pub fn take(tid: u32, kind: Kind) -> Option<i32> {
    with_ring(|ring| {
        while let Some(cqe) = ring.pop() {
            let (tid, kind) = ((cqe.user_data >> 8) as usize, cqe.user_data as u8);
            if let Some(place) = BOXES
                .get(tid % THREADS)
                .and_then(|kinds| kinds.get(usize::from(kind)))
            {
                place.store(cqe.result, Ordering::Relaxed);
            }
        }
    });
    let place = &BOXES[tid as usize % THREADS][kind as usize];
    let result = place.swap(EMPTY, Ordering::Relaxed);
    (result != EMPTY).then_some(result)
}

/// Waits until something has arrived for a thread.
pub fn wait(tid: u32, kind: Kind) -> i32 {
    loop {
        if let Some(result) = take(tid, kind) {
            return result;
        }
        let _ = cap_enter(1, TIMEOUT_FOREVER);
    }
}

/// Waits for a thread's end, from the main thread. What it exited with.
pub fn join(handle: u32) -> Option<i64> {
    let mut answer = [0u64; 3];
    push(&[Sqe {
        opcode: opcode::CALL,
        cap_id: handle,
        user_data: user_data(MAIN_THREAD, Kind::Join),
        result_addr: answer.as_mut_ptr() as u64,
        result_len: size_of_val(&answer) as u32,
        ..Sqe::default()
    }]);
    let _ = cap_enter(1, TIMEOUT_FOREVER);
    let result = wait(MAIN_THREAD, Kind::Join);
    // SAFETY: the array is ours; the kernel wrote it behind the compiler's back.
    let code = unsafe { (&raw const answer[2]).read_volatile() } as i64;
    (result == size_of_val(&answer) as i32).then_some(code)
}

/// Ends the calling thread.
pub fn end(control: u32, tid: u32, code: i64) -> ! {
    let message = thread::exit_message(code);
    push(&[thread::exit(
        control,
        tid,
        &message,
        user_data(tid, Kind::Exit),
    )]);
    let _ = cap_enter(0, 0);
    // Not reached: a thread that is refused its end takes the process along.
    exit(code)
}
