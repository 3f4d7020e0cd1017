//! Waking sleepers: one by one, each on a word of its own, or several at once
//! on one word. Only the wake calls are timed.
//!
//! The sleepers run under `SCHED_BATCH`, whose threads do not preempt the one
//! that wakes them: otherwise their own work would be part of the call.

use super::helper::Helper;
use super::{Event, Failure, Primitive, expect, futex, schedule};
use crate::watch::Watch;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// Sleepers of one word in the wake of many.
pub const MANY: u32 = 8;

/// Most sleepers there may be: each is a thread.
const SLEEPERS_MAX: u32 = 64;

#[derive(Default)]
struct Bed {
    /// Number of the last round; who sleeps, sleeps for the next.
    round: AtomicU32,
    stop: AtomicU32,
    risen: AtomicU64,
}

/// Sleepers and their words.
pub struct FutexWake {
    beds: Vec<Arc<Bed>>,
    helpers: Vec<Helper>,
    sleepers_per_bed: u32,
    rounds: u32,
}

impl FutexWake {
    /// `batch` words with one sleeper each.
    pub fn one(batch: u32) -> Result<FutexWake, Failure> {
        FutexWake::start(batch, 1)
    }

    /// One word with [`MANY`] sleepers.
    pub fn many(batch: u32) -> Result<FutexWake, Failure> {
        super::single(batch)?;
        FutexWake::start(1, MANY)
    }

    fn start(words: u32, sleepers_per_bed: u32) -> Result<FutexWake, Failure> {
        if words * sleepers_per_bed > SLEEPERS_MAX {
            return Err(Failure::Row(format!(
                "a batch of {words} is more than {SLEEPERS_MAX}"
            )));
        }
        let beds: Vec<_> = (0..words).map(|_| Arc::new(Bed::default())).collect();
        let sleepers = beds
            .iter()
            .flat_map(|bed| std::iter::repeat_n(bed, sleepers_per_bed as usize).map(Arc::clone));
        let helpers = sleepers
            .map(|bed| Helper::start(move || bed.sleep()))
            .collect::<Result<_, _>>()?;
        Ok(FutexWake {
            beds,
            helpers,
            sleepers_per_bed,
            rounds: 0,
        })
    }
}

impl Bed {
    fn sleep(&self) {
        schedule::use_batch_policy();
        let mut seen = 0;
        while self.stop.load(Ordering::Relaxed) == 0 {
            futex::wait(&self.round, seen);
            let round = self.round.load(Ordering::Acquire);
            if round != seen {
                seen = round;
                self.risen.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

impl Primitive for FutexWake {
    fn batch(&mut self, _operations: u32, watch: &mut Watch<'_>) -> Result<(), Failure> {
        self.settle()?;
        self.rounds += 1;
        for bed in &self.beds {
            bed.round.store(self.rounds, Ordering::Release);
        }
        let sleepers = self.sleepers_per_bed as i32;
        let mut wrong = 0;
        watch.time(|| {
            for bed in &self.beds {
                wrong |= futex::wake(&bed.round, sleepers) ^ libc::c_long::from(sleepers);
            }
        });
        expect(wrong == 0, || "a wake did not find its sleepers".into())?;
        self.settle()?;
        let risen: u64 = self
            .beds
            .iter()
            .map(|bed| bed.risen.load(Ordering::Relaxed))
            .sum();
        let woken = u64::from(self.rounds) * self.helpers.len() as u64;
        expect(risen == woken, || {
            format!("{woken} were woken, {risen} rose")
        })
    }

    fn settle(&mut self) -> Result<(), Failure> {
        self.helpers.iter().try_for_each(Helper::settle)
    }

    /// One wake, and as many waits as it ended.
    fn events(&self, operations: u64, _batches: u64) -> Vec<(Event, u64)> {
        let calls = operations * (1 + u64::from(self.sleepers_per_bed));
        vec![(Event::Syscall(libc::SYS_futex), calls)]
    }
}

impl Drop for FutexWake {
    fn drop(&mut self) {
        for bed in &self.beds {
            bed.stop.store(1, Ordering::Relaxed);
            bed.round.store(self.rounds + 1, Ordering::Release);
            futex::wake(&bed.round, i32::MAX);
        }
        self.helpers.iter_mut().for_each(Helper::join);
    }
}
