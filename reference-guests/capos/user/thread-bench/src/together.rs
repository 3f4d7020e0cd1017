//! Rows of a main thread and its workers.

use crate::operation::{Grants, TogetherKind};
use crate::workers::{self, EXIT_CODE};
use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;
use core::sync::atomic::Ordering;
use guest_benchmark::mail::{self, Kind, user_data};
use guest_benchmark::runtime::abi::ring::Sqe;
use guest_benchmark::runtime::abi::syscall::TIMEOUT_FOREVER;
use guest_benchmark::runtime::call::release;
use guest_benchmark::runtime::park::{MISMATCH, WOKEN, park, unpark};
use guest_benchmark::runtime::platform::MAIN_THREAD;
use guest_benchmark::runtime::ring::Ring;
use guest_benchmark::runtime::syscall::cap_enter;
use guest_benchmark::runtime::thread;
use guest_benchmark::{Case, Fault, Record, Refusal, Row, ticks};

/// Bytes of a worker's stack.
const STACK: usize = 8 * 1024;
/// Waiters that one wake is for in the row of many.
const MANY: u32 = 8;

/// A thread and what it will exit with.
struct Worker {
    handle: u32,
    tid: u32,
}

/// Workers that wait, and the row about them.
pub struct Together {
    kind: TogetherKind,
    grants: Grants,
    workers: Vec<Worker>,
    /// What the main thread's word was when it last looked.
    seen: u32,
}

/// Threads that were ever started; each has the next id.
static STARTED: core::sync::atomic::AtomicU32 = core::sync::atomic::AtomicU32::new(0);

impl Together {
    /// Starts the workers and waits until they wait.
    pub fn start(ring: &mut Ring, kind: TogetherKind, grants: Grants) -> Result<Self, Refusal> {
        let count = match kind {
            TogetherKind::WakeMany => MANY,
            _ => 1,
        };
        let apart = matches!(
            kind,
            TogetherKind::WakeToRunnable | TogetherKind::WaitToBlock
        );
        workers::set_up(grants);
        workers::STOP.store(0, Ordering::Release);
        workers::APART.store(u32::from(apart), Ordering::Release);
        workers::WORKERS.store(count, Ordering::Release);
        let mut together = Self {
            kind,
            grants,
            workers: Vec::new(),
            seen: workers::MAIN_WORD.load(Ordering::Acquire),
        };
        for _ in 0..count {
            let stack: &'static mut [u8] = vec![0; STACK].leak();
            let handle = thread::spawn(ring, grants.spawner, workers::work, stack, 0)
                .map_err(|_| Refusal::SetUp("a thread was not started"))?;
            let tid = MAIN_THREAD + 1 + STARTED.fetch_add(1, Ordering::Relaxed);
            together.workers.push(Worker { handle, tid });
        }
        let ready = together.wait();
        ring.catch_up();
        if ready {
            Ok(together)
        } else {
            Err(Refusal::SetUp("the workers did not get ready"))
        }
    }

    /// The submission that waits for the workers.
    fn park(&self) -> Sqe {
        let user_data = user_data(MAIN_THREAD, Kind::Park);
        let (space, seen) = (self.grants.park, self.seen);
        park(
            space,
            MAIN_THREAD,
            &workers::MAIN_WORD,
            seen,
            TIMEOUT_FOREVER,
            user_data,
        )
    }

    /// The submission that wakes them.
    fn unpark(&self) -> Sqe {
        let most = self.workers.len() as u32;
        let user_data = user_data(MAIN_THREAD, Kind::Unpark);
        unpark(self.grants.park, &workers::WORKERS_WORD, most, user_data)
    }

    /// Waits until the workers wait again. Whether that is how it was.
    fn wait(&mut self) -> bool {
        mail::push(&[self.park()]);
        let _ = cap_enter(1, TIMEOUT_FOREVER);
        self.has_waited()
    }

    /// Whether the wait ended as it must: woken, or the workers were faster.
    fn has_waited(&mut self) -> bool {
        let result = mail::wait(MAIN_THREAD, Kind::Park);
        let word = workers::MAIN_WORD.load(Ordering::Acquire);
        let changed = word == self.seen.wrapping_add(1);
        self.seen = word;
        changed && matches!(result, WOKEN | MISMATCH)
    }

    /// Submissions of a turn: UNPARK and PARK here, a PARK of each worker and the
    /// UNPARK of the last.
    fn entries_per_turn(&self) -> u32 {
        3 + self.workers.len() as u32
    }

    /// One wake of all workers, until they wait again: when it began, when it was over,
    /// and what UNPARK answered.
    fn turn(&mut self) -> (u64, u64, bool, Option<i32>) {
        workers::WORKERS_WORD.fetch_add(1, Ordering::Release);
        let in_one_entry = !matches!(self.kind, TogetherKind::WakeOne | TogetherKind::WakeMany);
        let (start, mut end);
        if in_one_entry {
            mail::push(&[self.unpark(), self.park()]);
            start = ticks();
            let _ = cap_enter(2, TIMEOUT_FOREVER);
            end = ticks();
        } else {
            mail::push(&[self.unpark()]);
            start = ticks();
            let _ = cap_enter(1, 0);
            end = ticks();
            mail::push(&[self.park()]);
            let _ = cap_enter(1, TIMEOUT_FOREVER);
        }
        let waited = self.has_waited();
        let woken = mail::take(MAIN_THREAD, Kind::Unpark);
        let begun = match self.kind {
            TogetherKind::WakeToResume => {
                end = workers::RESUMED.load(Ordering::Relaxed);
                start
            }
            TogetherKind::WakeToRunnable => {
                end = workers::WAKE[1].load(Ordering::Relaxed);
                workers::WAKE[0].load(Ordering::Relaxed)
            }
            TogetherKind::WaitToBlock => workers::WAIT_BEGUN.load(Ordering::Relaxed),
            TogetherKind::WakeOne | TogetherKind::WakeMany | TogetherKind::ContextSwitch => start,
        };
        (begun, end, waited, woken)
    }
}

impl Case for Together {
    fn submissions(&self, row: &Row<'_>) -> u64 {
        u64::from(row.batches()) * u64::from(self.entries_per_turn())
    }

    fn run(&mut self, ring: &mut Ring, row: &Row<'_>, record: &mut Record, fault: Option<Fault>) {
        let count = self.workers.len() as i32;
        for batch in 0..row.batches() {
            let (start, end, waited, woken) = self.turn();
            record.sample(start, end);
            record.submitted(self.entries_per_turn());
            record.completed(self.entries_per_turn());
            let wrong = fault == Some(Fault::WrongResult) && batch == 0;
            let expected = if wrong { count + 1 } else { count };
            record.ensure(woken == Some(expected), "another number was woken");
            record.ensure(waited, "the workers did not wait again");
        }
        let mistakes = workers::MISTAKES.swap(0, Ordering::Relaxed);
        record.ensure(mistakes == 0, "a worker's wait or wake went wrong");
        ring.catch_up();
    }

    fn finish(self: Box<Self>, ring: &mut Ring, record: &mut Record) {
        workers::STOP.store(1, Ordering::Release);
        workers::WORKERS_WORD.fetch_add(1, Ordering::Release);
        mail::push(&[self.unpark()]);
        let _ = cap_enter(1, 0);
        let woken = mail::take(MAIN_THREAD, Kind::Unpark);
        record.ensure(
            woken == Some(self.workers.len() as i32),
            "another number was woken at the end",
        );
        for worker in &self.workers {
            let code = mail::join(worker.handle);
            record.ensure(
                code == Some(EXIT_CODE + i64::from(worker.tid)),
                "a thread exited with another code",
            );
        }
        ring.catch_up();
        for worker in self.workers {
            let released = release(ring, worker.handle);
            record.ensure(released.is_ok(), "a thread was not released");
        }
    }
}
