//! Threads that wait until they are woken.
//!
//! Workers wait on one word and the main thread on another; whoever wakes somebody
//! changes that somebody's word first, so no wake is missed. Woken, a worker notes the
//! time, and the last of them to be woken wakes the main thread, each then waiting
//! again. Turns are long against all this, so a worker is not interrupted on its way.

use crate::operation::Grants;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use guest_benchmark::mail::{self, Kind, user_data};
use guest_benchmark::runtime::abi::syscall::TIMEOUT_FOREVER;
use guest_benchmark::runtime::park::{WOKEN, park, unpark};
use guest_benchmark::runtime::syscall::cap_enter;
use guest_benchmark::ticks;

/// Changes when the workers are to go on.
pub static WORKERS_WORD: AtomicU32 = AtomicU32::new(0);
/// Changes when the main thread is to go on.
pub static MAIN_WORD: AtomicU32 = AtomicU32::new(0);
/// Not 0 when the workers are to end.
pub static STOP: AtomicU32 = AtomicU32::new(0);
/// How many workers there are.
pub static WORKERS: AtomicU32 = AtomicU32::new(0);
/// How many of them have been woken since the main thread last waited.
static WOKEN_WORKERS: AtomicU32 = AtomicU32::new(0);
/// Whether a worker wakes the main thread before it waits, in an entry of its own.
pub static APART: AtomicU32 = AtomicU32::new(0);
/// When the last worker was running again.
pub static RESUMED: AtomicU64 = AtomicU64::new(0);
/// When the last worker began to wake the main thread in an entry of its own, and when
/// it was back.
pub static WAKE: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];
/// When the last worker began to wait.
pub static WAIT_BEGUN: AtomicU64 = AtomicU64::new(0);
/// What workers found wrong.
pub static MISTAKES: AtomicU32 = AtomicU32::new(0);

/// The park space, and the control that ends a thread.
static SPACE: AtomicU32 = AtomicU32::new(0);
static CONTROL: AtomicU32 = AtomicU32::new(0);

/// Exit code of a worker: this plus its id.
pub const EXIT_CODE: i64 = 40;

/// The workers' capabilities.
pub fn set_up(grants: Grants) {
    SPACE.store(grants.park, Ordering::Relaxed);
    CONTROL.store(grants.control, Ordering::Relaxed);
}

/// A worker.
pub extern "C" fn work(_argument: u64, tid: u64) -> ! {
    let tid = tid as u32;
    let space = SPACE.load(Ordering::Relaxed);
    let mut seen = WORKERS_WORD.load(Ordering::Acquire);
    // Ready: the main thread may go on.
    let mut is_last = arrive();
    loop {
        let wait = park(
            space,
            tid,
            &WORKERS_WORD,
            seen,
            TIMEOUT_FOREVER,
            user_data(tid, Kind::Park),
        );
        let wake = unpark(space, &MAIN_WORD, 1, user_data(tid, Kind::Unpark));
        if is_last && APART.load(Ordering::Relaxed) != 0 {
            MAIN_WORD.fetch_add(1, Ordering::Release);
            mail::push(&[wake]);
            let start = ticks();
            let _ = cap_enter(1, 0);
            let end = ticks();
            WAKE[0].store(start, Ordering::Relaxed);
            WAKE[1].store(end, Ordering::Relaxed);
            check(mail::take(tid, Kind::Unpark) == Some(1));
            mail::push(&[wait]);
        } else if is_last {
            MAIN_WORD.fetch_add(1, Ordering::Release);
            mail::push(&[wake, wait]);
        } else {
            mail::push(&[wait]);
        }
        WAIT_BEGUN.store(ticks(), Ordering::Relaxed);
        let result = loop {
            let _ = cap_enter(1, TIMEOUT_FOREVER);
            let resumed = ticks();
            if let Some(result) = mail::take(tid, Kind::Park) {
                RESUMED.store(resumed, Ordering::Relaxed);
                break result;
            }
        };
        check(result == WOKEN);
        if is_last && APART.load(Ordering::Relaxed) == 0 {
            check(mail::take(tid, Kind::Unpark) == Some(1));
        }
        seen = WORKERS_WORD.load(Ordering::Acquire);
        if STOP.load(Ordering::Acquire) != 0 {
            let control = CONTROL.load(Ordering::Relaxed);
            mail::end(control, tid, EXIT_CODE + i64::from(tid));
        }
        is_last = arrive();
    }
}

/// One more is awake. Whether it was the last.
fn arrive() -> bool {
    let awake = WOKEN_WORKERS.fetch_add(1, Ordering::AcqRel) + 1;
    let is_last = awake == WORKERS.load(Ordering::Acquire);
    if is_last {
        WOKEN_WORKERS.store(0, Ordering::Release);
    }
    is_last
}

fn check(condition: bool) {
    if !condition {
        MISTAKES.fetch_add(1, Ordering::Relaxed);
    }
}
