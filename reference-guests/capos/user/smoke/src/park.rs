//! A thread waits, is woken, and is joined.

use crate::smoke::{Found, Smoke, ensure};
use alloc::boxed::Box;
use alloc::vec;
use core::sync::atomic::{AtomicU32, Ordering};
use guest_benchmark::Refusal;
use guest_benchmark::mail::{self, Kind, user_data};
use guest_benchmark::runtime::abi::interface::{PARK_SPACE, THREAD_CONTROL, THREAD_SPAWNER};
use guest_benchmark::runtime::abi::syscall::TIMEOUT_FOREVER;
use guest_benchmark::runtime::call::release;
use guest_benchmark::runtime::park::{MISMATCH, WOKEN, park, unpark};
use guest_benchmark::runtime::platform::MAIN_THREAD;
use guest_benchmark::runtime::ring::Ring;
use guest_benchmark::runtime::syscall::cap_enter;
use guest_benchmark::runtime::{capset, thread};

/// What the worker waits on: how often it is to have been woken.
static WORKER: AtomicU32 = AtomicU32::new(0);
/// And the main thread.
static MAIN: AtomicU32 = AtomicU32::new(0);
/// What the worker was answered that it must not be.
static MISTAKES: AtomicU32 = AtomicU32::new(0);

static SPACE: AtomicU32 = AtomicU32::new(0);
static CONTROL: AtomicU32 = AtomicU32::new(0);

/// Bytes of the worker's stack.
const STACK: usize = 8 * 1024;
/// What the worker exits with.
const ENDED: i64 = 41;

/// A worker that waits is woken, wakes this thread and waits again.
pub struct Woken {
    space: u32,
    worker: u32,
}

impl Woken {
    /// With a worker that waits.
    pub fn prepare(ring: &mut Ring) -> Result<Self, Refusal> {
        let space = capset::find("space", PARK_SPACE).ok_or(Refusal::NotGranted)?;
        let spawner = capset::find("threads", THREAD_SPAWNER).ok_or(Refusal::NotGranted)?;
        let control = capset::find("thread", THREAD_CONTROL).ok_or(Refusal::NotGranted)?;
        SPACE.store(space, Ordering::Relaxed);
        CONTROL.store(control, Ordering::Relaxed);
        let stack: &'static mut [u8] = vec![0; STACK].leak();
        let worker = thread::spawn(ring, spawner, work, stack, 0);
        let worker = worker.map_err(|_| Refusal::SetUp("no thread was started"))?;
        let woken = Self { space, worker };
        let ready = woken.exchange(false);
        ring.catch_up();
        match ready {
            Ok(_) => Ok(woken),
            Err(mistake) => Err(Refusal::SetUp(mistake)),
        }
    }

    /// Wakes the worker, if asked to, and waits until it waits. How many were woken.
    fn exchange(&self, wake: bool) -> Result<Option<i32>, &'static str> {
        let seen = MAIN.load(Ordering::Acquire);
        let wait = park(
            self.space,
            MAIN_THREAD,
            &MAIN,
            seen,
            TIMEOUT_FOREVER,
            user_data(MAIN_THREAD, Kind::Park),
        );
        if wake {
            WORKER.fetch_add(1, Ordering::Release);
            let tag = user_data(MAIN_THREAD, Kind::Unpark);
            mail::push(&[unpark(self.space, &WORKER, 1, tag), wait]);
        } else {
            mail::push(&[wait]);
        }
        let _ = cap_enter(1 + u32::from(wake), TIMEOUT_FOREVER);
        let ended = mail::wait(MAIN_THREAD, Kind::Park);
        // It may have been there before this thread waited at all.
        ensure(matches!(ended, WOKEN | MISMATCH), "a wait ended otherwise")?;
        let once = MAIN.load(Ordering::Acquire) == seen.wrapping_add(1);
        ensure(once, "the worker did not wait again")?;
        Ok(mail::take(MAIN_THREAD, Kind::Unpark))
    }
}

impl Smoke for Woken {
    /// UNPARK and PARK, of either thread: they share the ring.
    fn own(&self) -> u32 {
        2 * 2
    }

    fn run(&mut self, ring: &mut Ring, wrong: bool) -> Found {
        let woken = self.exchange(true);
        ring.catch_up();
        let expected = if wrong { 2 } else { 1 };
        ensure(woken? == Some(expected), "another number was woken")?;
        ensure(
            MISTAKES.load(Ordering::Relaxed) == 0,
            "the worker's wait or wake",
        )
    }

    fn finish(self: Box<Self>, ring: &mut Ring) -> Found {
        WORKER.store(STOP, Ordering::Release);
        let tag = user_data(MAIN_THREAD, Kind::Unpark);
        mail::push(&[unpark(self.space, &WORKER, 1, tag)]);
        let _ = cap_enter(1, 0);
        let woken = mail::wait(MAIN_THREAD, Kind::Unpark);
        let code = mail::join(self.worker);
        ring.catch_up();
        ensure(woken == 1, "another number was woken at the end")?;
        ensure(code == Some(ENDED), "the thread exited with another code")?;
        release(ring, self.worker).map_err(|_| "the thread was not released")
    }
}

/// The worker's word when it is to end.
const STOP: u32 = u32::MAX;

/// The worker.
extern "C" fn work(_argument: u64, tid: u64) -> ! {
    let tid = tid as u32;
    let space = SPACE.load(Ordering::Relaxed);
    loop {
        let seen = WORKER.load(Ordering::Acquire);
        if seen == STOP {
            mail::end(CONTROL.load(Ordering::Relaxed), tid, ENDED);
        }
        MAIN.fetch_add(1, Ordering::Release);
        mail::push(&[
            unpark(space, &MAIN, 1, user_data(tid, Kind::Unpark)),
            park(
                space,
                tid,
                &WORKER,
                seen,
                TIMEOUT_FOREVER,
                user_data(tid, Kind::Park),
            ),
        ]);
        let _ = cap_enter(2, TIMEOUT_FOREVER);
        let waited = mail::wait(tid, Kind::Park);
        let woken = mail::wait(tid, Kind::Unpark);
        if waited != WOKEN || !matches!(woken, 0 | 1) {
            MISTAKES.fetch_add(1, Ordering::Relaxed);
        }
    }
}
