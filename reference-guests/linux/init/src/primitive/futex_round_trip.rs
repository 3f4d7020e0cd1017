//! Two threads that hand a turn to and fro through a futex word.
//!
//! Whoever takes the turn wakes the other and then waits, each with one call,
//! whether or not the other was quicker: four calls a round trip, always.

use super::helper::Helper;
use super::{Event, Failure, Primitive, expect, futex};
use crate::watch::Watch;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

const OURS: u32 = 0;
const THEIRS: u32 = 1;
const STOP: u32 = 2;

#[derive(Default)]
struct Table {
    turn: AtomicU32,
    turns_taken: AtomicU64,
}

/// The two threads.
pub struct FutexRoundTrip {
    table: Arc<Table>,
    helper: Helper,
    round_trips: u64,
}

impl FutexRoundTrip {
    /// Starts the other thread.
    pub fn new() -> Result<FutexRoundTrip, Failure> {
        let table = Arc::new(Table::default());
        let theirs = Arc::clone(&table);
        Ok(FutexRoundTrip {
            helper: Helper::start(move || theirs.answer())?,
            table,
            round_trips: 0,
        })
    }
}

impl Table {
    /// The other thread.
    fn answer(&self) {
        while self.wait_while(OURS) == THEIRS {
            self.turns_taken.fetch_add(1, Ordering::Relaxed);
            self.pass(OURS);
        }
    }

    #[inline(always)]
    fn pass(&self, turn: u32) {
        self.turn.store(turn, Ordering::Release);
        futex::wake(&self.turn, 1);
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

impl Primitive for FutexRoundTrip {
    fn batch(&mut self, operations: u32, watch: &mut Watch<'_>) -> Result<(), Failure> {
        let mut wrong = 0;
        watch.time(|| {
            for _ in 0..operations {
                self.table.pass(THEIRS);
                wrong |= self.table.wait_while(THEIRS) ^ OURS;
            }
        });
        self.round_trips += u64::from(operations);
        let taken = self.table.turns_taken.load(Ordering::Relaxed);
        expect(wrong == 0 && taken == self.round_trips, || {
            format!("{} turns were passed, {taken} were taken", self.round_trips)
        })
    }

    fn settle(&mut self) -> Result<(), Failure> {
        self.helper.settle()
    }

    fn events(&self, operations: u64, _batches: u64) -> Vec<(Event, u64)> {
        vec![(Event::Syscall(libc::SYS_futex), 4 * operations)]
    }
}

impl Drop for FutexRoundTrip {
    fn drop(&mut self) {
        self.table.pass(STOP);
        self.helper.join();
    }
}
