//! From one thread to another through a futex, timed across the two: the
//! first takes the start, the second the end. They share a CPU, so the stamps
//! share a counter.
//!
//! `wake-resume` starts before the wake call and holds the wake, the first
//! thread's going to sleep and the switch. `switch` starts after the wake and
//! holds the going to sleep and the switch alone; there both threads run under
//! `SCHED_BATCH`, so that the woken one waits for the other to leave.

use super::helper::Helper;
use super::{Event, Failure, Primitive, expect, futex, schedule, single};
use crate::clock::{self, Interval};
use crate::watch::Watch;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

const OURS: u32 = 0;
const THEIRS: u32 = 1;
const STOP: u32 = 2;

/// A hand-over is tried again where the scheduler interfered; never twice in a
/// row, unless the woken thread does preempt.
const ATTEMPTS: u32 = 3;

#[derive(Clone, Copy, PartialEq)]
enum Start {
    BeforeWake,
    AfterWake,
}

#[derive(Default)]
struct Table {
    turn: AtomicU32,
    resumed_at: AtomicU64,
    resumed: AtomicU64,
}

/// The two threads.
pub struct FutexHandOver {
    table: Arc<Table>,
    helper: Helper,
    start: Start,
    hand_overs: u64,
}

impl FutexHandOver {
    /// From before the wake call to the other thread's return from its wait.
    pub fn wake_resume(batch: u32) -> Result<FutexHandOver, Failure> {
        FutexHandOver::start(batch, Start::BeforeWake)
    }

    /// From going to sleep to the other thread's return from its wait.
    pub fn switch(batch: u32) -> Result<FutexHandOver, Failure> {
        FutexHandOver::start(batch, Start::AfterWake)
    }

    fn start(batch: u32, start: Start) -> Result<FutexHandOver, Failure> {
        single(batch)?;
        let table = Arc::new(Table::default());
        let theirs = Arc::clone(&table);
        let helper = Helper::start(move || theirs.answer(start))?;
        if start == Start::AfterWake {
            schedule::use_batch_policy();
        }
        Ok(FutexHandOver {
            table,
            helper,
            start,
            hand_overs: 0,
        })
    }
}

impl Table {
    /// The other thread.
    fn answer(&self, start: Start) {
        if start == Start::AfterWake {
            schedule::use_batch_policy();
        }
        loop {
            let turn = self.wait_while(OURS);
            self.resumed_at.store(clock::now(), Ordering::Relaxed);
            if turn == STOP {
                return;
            }
            self.resumed.fetch_add(1, Ordering::Relaxed);
            self.turn.store(OURS, Ordering::Release);
            futex::wake(&self.turn, 1);
        }
    }

    #[inline(always)]
    fn wait_while(&self, turn: u32) -> u32 {
        loop {
            futex::wait(&self.turn, turn);
            let now = self.turn.load(Ordering::Acquire);
            if now != turn {
                return now;
            }
        }
    }
}

impl FutexHandOver {
    /// One hand-over and the turn back. False: the scheduler took the CPU away
    /// in the few instructions between the wake and the start of the
    /// measurement, so that there was nothing left to measure.
    fn hand_over(&mut self, watch: &mut Watch<'_>) -> Result<bool, Failure> {
        self.helper.settle()?;
        watch.begin();
        let before_wake = clock::now();
        self.table.turn.store(THEIRS, Ordering::Release);
        futex::wake(&self.table.turn, 1);
        let after_wake = clock::now();
        self.table.wait_while(THEIRS);
        let start = match self.start {
            Start::BeforeWake => before_wake,
            Start::AfterWake => after_wake,
        };
        let resumed_at = self.table.resumed_at.load(Ordering::Relaxed);
        watch.end(Interval::between(start, resumed_at));
        self.hand_overs += 1;
        let resumed = self.table.resumed.load(Ordering::Relaxed);
        expect(resumed == self.hand_overs, || {
            format!("{} hand-overs, {resumed} resumptions", self.hand_overs)
        })?;
        Ok(resumed_at > start)
    }
}

impl Primitive for FutexHandOver {
    fn batch(&mut self, _operations: u32, watch: &mut Watch<'_>) -> Result<(), Failure> {
        for _ in 0..ATTEMPTS {
            if self.hand_over(watch)? {
                return Ok(());
            }
        }
        expect(false, || {
            "the woken thread never waited for the switch".into()
        })
    }

    fn settle(&mut self) -> Result<(), Failure> {
        self.helper.settle()
    }

    fn events(&self, _operations: u64, _batches: u64) -> Vec<(Event, u64)> {
        vec![(Event::Syscall(libc::SYS_futex), 4 * self.hand_overs)]
    }
}

impl Drop for FutexHandOver {
    fn drop(&mut self) {
        self.table.turn.store(STOP, Ordering::Release);
        futex::wake(&self.table.turn, 1);
        self.helper.join();
        schedule::use_normal_policy();
    }
}
