//! Whether an interval belonged to the program alone.
//!
//! Read before and after an interval, outside of it. CPU time that the program
//! and its children did not get was spent by others or idle; the kernel's
//! switch counts say which. Cost: three system calls per reading.

use crate::sys::clock_ns;
use trace_format::SampleFlags;

/// `getrusage` cuts user and system time of children to whole microseconds
/// each, so a difference may come out that much too small.
const CHILD_TIME_ROUNDING_NS: u64 = 2_000;

/// What the kernel has accounted to this process so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    /// CPU time of all threads.
    own_ns: u64,
    /// CPU time of children that were waited for.
    children_ns: u64,
    /// Switches by which a thread or child gave up the CPU.
    voluntary: u64,
    /// Switches by which the CPU was taken from it.
    involuntary: u64,
}

impl Accounts {
    /// Reads them before an interval: what changes on the way, CPU time, last.
    #[inline(never)]
    pub fn before() -> Accounts {
        let mut accounts = Accounts::without_own_time();
        accounts.own_ns = clock_ns(libc::CLOCK_PROCESS_CPUTIME_ID);
        accounts
    }

    /// Reads them after an interval: CPU time first.
    #[inline(never)]
    pub fn after() -> Accounts {
        let own_ns = clock_ns(libc::CLOCK_PROCESS_CPUTIME_ID);
        let mut accounts = Accounts::without_own_time();
        accounts.own_ns = own_ns;
        accounts
    }

    fn without_own_time() -> Accounts {
        let own = usage(libc::RUSAGE_SELF);
        let children = usage(libc::RUSAGE_CHILDREN);
        let time_ns =
            |time: libc::timeval| time.tv_sec as u64 * 1_000_000_000 + time.tv_usec as u64 * 1_000;
        Accounts {
            own_ns: 0,
            children_ns: time_ns(children.ru_utime) + time_ns(children.ru_stime),
            voluntary: (own.ru_nvcsw + children.ru_nvcsw) as u64,
            involuntary: (own.ru_nivcsw + children.ru_nivcsw) as u64,
        }
    }

    /// Flags of an interval of `wall_ns` that lies between `self` and `after`.
    ///
    /// The readings enclose the interval, so an interval that was ours alone
    /// took no longer than the CPU time between them.
    pub fn flags(&self, after: &Accounts, wall_ns: u64) -> SampleFlags {
        let voluntary = after.voluntary > self.voluntary;
        let involuntary = after.involuntary > self.involuntary;
        let children_ns = after.children_ns - self.children_ns;
        let rounding_ns = if after.children_ns > 0 {
            CHILD_TIME_ROUNDING_NS
        } else {
            0
        };
        let cpu_ns = after.own_ns - self.own_ns + children_ns + rounding_ns;
        let absent = wall_ns > cpu_ns;
        if !absent {
            // Threads and children that took turns, and nobody else.
            return SampleFlags::empty();
        }
        let mut flags = SampleFlags::empty();
        flags.set(SampleFlags::PREEMPTED, involuntary);
        // A thread that waited left the CPU idle, or to a kernel thread that
        // worked for it. With switches of both kinds both flags are set: which
        // of them cost the time cannot be told.
        flags.set(SampleFlags::IDLED, voluntary);
        flags
    }
}

fn usage(who: libc::c_int) -> libc::rusage {
    // SAFETY: all zeros are valid.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: `usage` is written to; `who` is one of libc's constants.
    unsafe { libc::getrusage(who, &mut usage) };
    usage
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(cpu_ns: u64, voluntary: u64, involuntary: u64, wall_ns: u64) -> SampleFlags {
        let after = Accounts {
            own_ns: cpu_ns,
            children_ns: 0,
            voluntary,
            involuntary,
        };
        Accounts::default().flags(&after, wall_ns)
    }

    #[test]
    fn an_interval_that_was_never_left_is_clean() {
        assert_eq!(flags(1_000, 0, 0, 900), SampleFlags::empty());
    }

    #[test]
    fn threads_that_only_take_turns_are_clean() {
        assert_eq!(flags(1_000, 2, 1, 900), SampleFlags::empty());
    }

    #[test]
    fn waiting_while_nobody_of_ours_runs_is_idling() {
        assert_eq!(flags(1_000, 1, 0, 5_000), SampleFlags::IDLED);
    }

    #[test]
    fn losing_the_processor_against_ones_will_is_preemption() {
        assert_eq!(flags(1_000, 0, 1, 5_000), SampleFlags::PREEMPTED);
    }

    #[test]
    fn time_without_a_switch_is_the_interrupts_of_others_and_ours_still() {
        assert_eq!(flags(1_000, 0, 0, 1_200), SampleFlags::empty());
    }

    #[test]
    fn absence_with_both_kinds_of_switch_carries_both_flags() {
        let both = SampleFlags::PREEMPTED | SampleFlags::IDLED;
        assert_eq!(flags(1_000, 1, 1, 5_000), both);
    }

    #[test]
    fn time_of_children_counts_as_ours() {
        let before = Accounts::default();
        let after = Accounts {
            own_ns: 1_000,
            children_ns: 50_000,
            voluntary: 2,
            involuntary: 0,
        };
        assert_eq!(before.flags(&after, 50_000), SampleFlags::empty());
        assert_eq!(before.flags(&after, 60_000), SampleFlags::IDLED);
    }
}
