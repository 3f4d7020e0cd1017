//! `cap_enter`: serve the submissions, then perhaps wait for completions.
//!
//! *Chosen*: a PARK that has to wait keeps its thread at once, unless the time-out is
//! 0; what is queued behind it is left to whoever enters next. Its own completion ends
//! that wait and no other does.

use super::deferred::Stop;
use super::dispatch::dispatch;
use crate::kernel::Kernel;
use crate::measure;
use crate::process::{Process, State};
use crate::schedule::timeouts::Event;
use core::ops::ControlFlow;
use guest_abi::ring::CQ_ENTRIES;
use guest_abi::syscall::{REJECTED, THREAD_OWNED_HEAD, TIMEOUT_FOREVER};

/// What a thread is when its `cap_enter` is done for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Runnable with its result set, or waiting.
    Alive,
    /// At its end, with this code.
    Ended(i64),
}

/// Serves the caller's ring.
pub fn enter(kernel: &mut Kernel, process: &mut Process, min_complete: u64, timeout: u64) -> Left {
    // More than the queue can hold would wait forever; refusing is *chosen*.
    if min_complete > u64::from(CQ_ENTRIES) {
        process.thread().context.set_result(REJECTED);
        return Left::Alive;
    }
    let mut until = State::Waiting {
        min_complete: min_complete as u32,
    };
    // The count is taken once: no program makes the kernel work forever.
    for _ in 0..process.ring.submitted() {
        if process.head_is_foreign() {
            process.thread().context.set_result(THREAD_OWNED_HEAD);
            return Left::Alive;
        }
        dispatch(kernel, process);
        let probe = measure::thread();
        probe.count(measure::SQE_CONSUMED, 1);
        if !kernel.deferred.is_empty() {
            match kernel.complete_deferred(Some(process)) {
                ControlFlow::Continue(()) => {}
                ControlFlow::Break(Stop::Ended(code)) => return Left::Ended(code),
                ControlFlow::Break(Stop::Parked) if timeout == 0 => {}
                ControlFlow::Break(Stop::Parked) => {
                    until = State::Parked;
                    break;
                }
            }
        }
    }
    let thread = process.thread_id();
    let available = process.available(thread.tid);
    let is_done = match until {
        State::Waiting { min_complete } => available >= min_complete || timeout == 0,
        _ => false,
    };
    if is_done {
        process.thread().context.set_result(u64::from(available));
        return Left::Alive;
    }
    process.begin_wait(until);
    if timeout != TIMEOUT_FOREVER {
        let deadline = kernel.clock.now().saturating_add(timeout);
        kernel.timeouts.add(deadline, Event::Wait(thread));
    }
    Left::Alive
}
