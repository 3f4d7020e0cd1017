//! What this kernel states to the recorder: where it records, what the numbers mean,
//! and what became of its processes.
//!
//! Without feature `measure` all of it compiles to nothing.

pub mod audit;
#[cfg(feature = "measure")]
mod declared;
#[cfg(feature = "measure")]
mod facts;
mod report;
#[cfg(feature = "measure")]
mod start;

use kernel_measure::{CounterId, InstantId, Measure, Thread};

#[cfg(feature = "measure")]
pub use facts::tell_all;
#[cfg(feature = "measure")]
pub use report::process_started;
pub use report::{Exercised, process_exited, process_faulted, thread_started};
#[cfg(feature = "measure")]
pub use start::start;

/// Processors of this kernel.
const CPUS: usize = 1;

/// The recorder.
pub static MEASURE: Measure<CPUS> = Measure::new();

/// The handle for everything this kernel records.
#[inline(always)]
pub fn thread() -> Thread<'static> {
    // SAFETY: one processor, and ring 0 is never preempted.
    unsafe { MEASURE.thread(0) }
}

/// System calls.
pub const SYSCALLS: CounterId = CounterId::new(0);
/// Submissions consumed.
pub const SQE_CONSUMED: CounterId = CounterId::new(1);
/// Completions posted, dropped ones included.
pub const CQE_POSTED: CounterId = CounterId::new(2);
/// Submissions that broke a wire rule.
pub const SQE_REFUSED: CounterId = CounterId::new(3);
/// Lookups of ids that were never given out.
pub const LOOKUP_NOT_FOUND: CounterId = CounterId::new(4);
/// Lookups of ids that were given up.
pub const LOOKUP_STALE: CounterId = CounterId::new(5);
/// Lookups of revoked capabilities.
pub const LOOKUP_REVOKED: CounterId = CounterId::new(6);
/// Calls answered with an exception.
pub const EXCEPTIONS: CounterId = CounterId::new(7);
/// Submissions left pending.
pub const PENDING: CounterId = CounterId::new(8);
/// Waits ended by a completion.
pub const WAKES: CounterId = CounterId::new(9);
/// Changes of the running thread.
pub const SWITCHES: CounterId = CounterId::new(10);
/// Processes ended by a fault of their own.
pub const FAULTS: CounterId = CounterId::new(11);
/// Messages whose receiver went on at once, when the sender waited.
pub const HANDOFFS: CounterId = CounterId::new(12);
/// Turns that the timer ended.
pub const PREEMPTIONS: CounterId = CounterId::new(13);
/// Interrupts of programs.
pub const INTERRUPTS: CounterId = CounterId::new(14);
/// Capabilities that went from one process to another.
pub const TRANSFERS: CounterId = CounterId::new(15);

/// A change of the running thread.
pub const SWITCH: InstantId = InstantId::SWITCH;
