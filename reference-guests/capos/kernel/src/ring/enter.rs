//! `cap_enter`: serve the submissions, then perhaps wait for completions.

use super::dispatch::dispatch;
use crate::kernel::Kernel;
use crate::measure;
use crate::process::{Process, State};
use crate::schedule::timeouts::Event;
use guest_abi::ring::CQ_ENTRIES;
use guest_abi::syscall::{REJECTED, THREAD_OWNED_HEAD, TIMEOUT_FOREVER};

/// Serves the caller's ring. Returns with the caller runnable and its result set,
/// or waiting.
pub fn enter(kernel: &mut Kernel, process: &mut Process, min_complete: u64, timeout: u64) {
    // More than the queue can hold would wait forever; refusing is *chosen*.
    if min_complete > u64::from(CQ_ENTRIES) {
        process.context.set_result(REJECTED);
        return;
    }
    let min_complete = min_complete as u32;
    // The count is taken once: no program makes the kernel work forever.
    for _ in 0..process.ring.submitted() {
        if process.ring.head_is_foreign() {
            process.context.set_result(THREAD_OWNED_HEAD);
            return;
        }
        dispatch(kernel, process);
        let probe = measure::thread();
        probe.count(measure::SQE_CONSUMED, 1);
    }
    kernel.complete_ended(Some(process));
    let available = process.ring.available();
    if available >= min_complete || timeout == 0 {
        process.context.set_result(u64::from(available));
        return;
    }
    process.state = State::Waiting { min_complete };
    if timeout != TIMEOUT_FOREVER {
        let deadline = kernel.clock.now().saturating_add(timeout);
        process.wait_number += 1;
        let event = Event::EndWait {
            pid: process.pid,
            wait_number: process.wait_number,
        };
        kernel.timeouts.add(deadline, event);
    }
}
