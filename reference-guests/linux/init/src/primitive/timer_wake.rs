//! How late a sleep until a given time ends. Only the lateness is the sample:
//! its start is the time that was due.

use super::{Event, Failure, Primitive, expect, single};
use crate::clock::{self, Interval, both_clocks};
use crate::sys::check;
use crate::watch::Watch;

/// Time to sleep: longer than setting the timer takes.
const SLEEP_NS: u64 = 100_000;

/// The kernel may delay timers of ordinary threads to bundle them; a program
/// that cares says that it does not want that.
const TIMER_SLACK_NS: libc::c_ulong = 1;

/// Sleeps by absolute time.
pub struct TimerWake(());

impl TimerWake {
    /// Asks for timers without slack.
    pub fn new(batch: u32) -> Result<TimerWake, Failure> {
        single(batch)?;
        set_slack(TIMER_SLACK_NS)?;
        Ok(TimerWake(()))
    }
}

impl Primitive for TimerWake {
    fn metric(&self) -> &'static str {
        "lateness"
    }

    fn batch(&mut self, _operations: u32, watch: &mut Watch<'_>) -> Result<(), Failure> {
        watch.begin();
        let (ticks, ns) = both_clocks();
        let due_ns = ns + SLEEP_NS;
        let due_ticks = ticks + watch.clock().ns_to_ticks(SLEEP_NS);
        let time = libc::timespec {
            tv_sec: (due_ns / 1_000_000_000) as libc::time_t,
            tv_nsec: (due_ns % 1_000_000_000) as libc::c_long,
        };
        // SAFETY: the time lives through the call; nothing is written.
        let error = unsafe {
            libc::clock_nanosleep(
                libc::CLOCK_MONOTONIC,
                libc::TIMER_ABSTIME,
                &time,
                std::ptr::null_mut(),
            )
        };
        let woken = clock::now();
        watch.end(Interval::between(due_ticks, woken));
        expect(error == 0, || format!("clock_nanosleep returned {error}"))?;
        expect(woken >= due_ticks, || {
            "the sleep ended before its time".into()
        })
    }

    fn events(&self, operations: u64, _batches: u64) -> Vec<(Event, u64)> {
        vec![(Event::Syscall(libc::SYS_clock_nanosleep), operations)]
    }
}

impl Drop for TimerWake {
    fn drop(&mut self) {
        /// Restores the default.
        const DEFAULT: libc::c_ulong = 0;
        let _ = set_slack(DEFAULT);
    }
}

fn set_slack(ns: libc::c_ulong) -> Result<(), Failure> {
    // SAFETY: concerns the timers of this thread only.
    check(unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, ns) })
        .map_err(Failure::of("prctl PR_SET_TIMERSLACK"))?;
    Ok(())
}
