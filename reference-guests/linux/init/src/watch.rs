//! Times a batch, and finds out whether it ran alone.

use crate::clock::{self, Clock, Interval};
use crate::guard::Accounts;
use trace_format::SampleFlags;

/// Takes one measurement at a time.
pub struct Watch<'a> {
    clock: &'a Clock,
    guarded: bool,
    before: Accounts,
    begun: u64,
    unaccounted_ns: u64,
    /// The measurement.
    pub interval: Interval,
    /// What it suffered; empty without a guard.
    pub flags: SampleFlags,
}

impl<'a> Watch<'a> {
    /// Reads the process's accounts around every measurement, where these lose
    /// so much CPU time of ours each.
    pub fn guarded(clock: &'a Clock, unaccounted_ns: u64) -> Self {
        Watch {
            guarded: true,
            unaccounted_ns,
            ..Watch::bare(clock)
        }
    }

    /// Reads nothing but the time.
    pub fn bare(clock: &'a Clock) -> Self {
        Watch {
            clock,
            guarded: false,
            before: Accounts::default(),
            begun: 0,
            unaccounted_ns: 0,
            interval: Interval { start: 0, ticks: 0 },
            flags: SampleFlags::empty(),
        }
    }

    /// Measures `work`.
    #[inline(always)]
    pub fn time(&mut self, work: impl FnOnce()) {
        self.begin();
        let interval = Interval::of(work);
        self.end(interval);
    }

    /// Begins a measurement whose time the caller takes.
    #[inline(never)]
    pub fn begin(&mut self) {
        if self.guarded {
            self.before = Accounts::before();
            self.begun = clock::now();
        }
    }

    /// Ends it.
    #[inline(never)]
    pub fn end(&mut self, interval: Interval) {
        if self.guarded {
            let ticks = clock::now() - self.begun;
            self.judge(ticks);
        }
        self.interval = interval;
    }

    /// Ends one that another program timed somewhere within: what lies around its
    /// interval is no part of it, so only the interval is held against the
    /// accounts. Finds less than a guard around the interval itself would.
    pub fn end_timed_within(&mut self, interval: Interval) {
        if self.guarded {
            self.judge(interval.ticks);
        }
        self.interval = interval;
    }

    fn judge(&mut self, ticks: u64) {
        let after = Accounts::after();
        let wall_ns = self.clock.ticks_to_ns(ticks);
        let wall_ns = wall_ns.saturating_sub(self.unaccounted_ns);
        self.flags = self.before.flags(&after, wall_ns);
    }

    /// The clock that measurements are taken on.
    pub fn clock(&self) -> &'a Clock {
        self.clock
    }

    /// Nanoseconds the measurement took.
    pub fn nanoseconds(&self) -> u64 {
        self.clock.ticks_to_ns(self.interval.ticks)
    }
}
