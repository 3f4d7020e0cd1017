//! `cap_enter`: serve the submissions, then perhaps wait for completions.

use super::dispatch::dispatch;
use crate::kernel::Kernel;
use crate::measure;
use crate::process::Process;
use crate::schedule::timeouts::Event;
use core::ops::ControlFlow;
use guest_abi::ring::CQ_ENTRIES;
use guest_abi::syscall::{REJECTED, THREAD_OWNED_HEAD, TIMEOUT_FOREVER};

/// Serves the caller's ring. Returns with the calling thread runnable and its
/// result set, or waiting, or with the code that it ends with.
pub fn enter(
    kernel: &mut Kernel,
    process: &mut Process,
    min_complete: u64,
    timeout: u64,
) -> ControlFlow<i64> {
    // More than the queue can hold would wait forever; refusing is *chosen*.
    if min_complete > u64::from(CQ_ENTRIES) {
        process.thread().context.set_result(REJECTED);
        return ControlFlow::Continue(());
    }
    let min_complete = min_complete as u32;
    // The count is taken once: no program makes the kernel work forever.
    for _ in 0..process.ring.submitted() {
        if process.head_is_foreign() {
            process.thread().context.set_result(THREAD_OWNED_HEAD);
            return ControlFlow::Continue(());
        }
        dispatch(kernel, process);
        let probe = measure::thread();
        probe.count(measure::SQE_CONSUMED, 1);
        if !kernel.deferred.is_empty() {
            kernel.complete_deferred(Some(process))?;
        }
    }
    let thread = process.thread_id();
    let available = process.available(thread.tid);
    if available >= min_complete || timeout == 0 {
        process.thread().context.set_result(u64::from(available));
        return ControlFlow::Continue(());
    }
    process.begin_wait(min_complete);
    if timeout != TIMEOUT_FOREVER {
        let deadline = kernel.clock.now().saturating_add(timeout);
        kernel.timeouts.add(deadline, Event::Wait(thread));
    }
    ControlFlow::Continue(())
}
