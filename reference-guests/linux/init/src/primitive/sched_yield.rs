//! Two runnable threads that yield to each other: one operation is a yield and
//! the other thread's yield back.
//!
//! Both run under `SCHED_FIFO`: only there does a yield promise the turn to the
//! other thread. The default policy weighs who is owed time and may return at
//! once.

use super::helper::Helper;
use super::{Event, Failure, Primitive, expect, futex, schedule};
use crate::sys::check;
use crate::watch::Watch;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

const PAUSE: u32 = 0;
const YIELD: u32 = 1;
const STOP: u32 = 2;

#[derive(Default)]
struct Table {
    order: AtomicU32,
    turns: AtomicU64,
}

/// The two threads.
pub struct SchedYield {
    table: Arc<Table>,
    helper: Helper,
}

impl SchedYield {
    /// Starts the other thread.
    pub fn new() -> Result<SchedYield, Failure> {
        let table = Arc::new(Table::default());
        let theirs = Arc::clone(&table);
        // The helper inherits the policy.
        schedule::use_turns_policy().map_err(Failure::of("sched_setscheduler SCHED_FIFO"))?;
        Ok(SchedYield {
            helper: Helper::start(move || theirs.yield_back())?,
            table,
        })
    }
}

impl Table {
    fn yield_back(&self) {
        loop {
            match self.order.load(Ordering::Acquire) {
                PAUSE => {
                    futex::wait(&self.order, PAUSE);
                }
                YIELD => {
                    self.turns
                        .store(self.turns.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
                    // SAFETY: changes nothing but who runs.
                    unsafe { libc::sched_yield() };
                }
                _ => return,
            }
        }
    }

    fn order(&self, order: u32) {
        self.order.store(order, Ordering::Release);
        futex::wake(&self.order, 1);
    }
}

impl Primitive for SchedYield {
    fn batch(&mut self, operations: u32, watch: &mut Watch<'_>) -> Result<(), Failure> {
        self.settle()?;
        self.table.order(YIELD);
        // The first yield lets the other thread arrive at its own.
        let mut result = 0;
        // SAFETY: changes nothing but who runs.
        unsafe { libc::sched_yield() };
        let before = self.table.turns.load(Ordering::Relaxed);
        watch.time(|| {
            for _ in 0..operations {
                // SAFETY: as above.
                result |= unsafe { libc::sched_yield() };
            }
        });
        let turns = self.table.turns.load(Ordering::Relaxed) - before;
        self.table.order(PAUSE);
        check(result).map_err(Failure::of("sched_yield"))?;
        expect(turns == u64::from(operations), || {
            format!("in {operations} yields the other thread had {turns} turns")
        })
    }

    fn settle(&mut self) -> Result<(), Failure> {
        self.helper.settle()
    }

    /// Each thread yields once more than is timed.
    fn events(&self, operations: u64, batches: u64) -> Vec<(Event, u64)> {
        vec![(
            Event::Syscall(libc::SYS_sched_yield),
            2 * (operations + batches),
        )]
    }
}

impl Drop for SchedYield {
    fn drop(&mut self) {
        self.table.order(STOP);
        self.helper.join();
        schedule::use_normal_policy();
    }
}
