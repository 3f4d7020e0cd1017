//! Scheduling policies of the calling thread.

use crate::sys::check;
use libc::{SCHED_BATCH, SCHED_FIFO, SCHED_OTHER, sched_param, sched_setscheduler};
use std::io;

/// Wakes up without preempting whoever runs. Any thread may choose this.
pub fn use_batch_policy() {
    let _ = set(SCHED_BATCH, 0);
}

/// The policy every thread starts with.
pub fn use_normal_policy() {
    let _ = set(SCHED_OTHER, 0);
}

/// Takes turns with its like in strict order; needs a privilege.
pub fn use_turns_policy() -> io::Result<()> {
    const LOWEST: libc::c_int = 1;
    set(SCHED_FIFO, LOWEST)
}

fn set(policy: libc::c_int, priority: libc::c_int) -> io::Result<()> {
    let parameters = sched_param {
        sched_priority: priority,
    };
    // SAFETY: the parameters live through the call.
    check(unsafe { sched_setscheduler(0, policy, &parameters) })?;
    Ok(())
}
