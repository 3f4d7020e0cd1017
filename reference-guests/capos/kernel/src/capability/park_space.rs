//! `ParkSpace`: threads that wait until a word of their process's memory changes.
//!
//! PARK looks at the word and queues its thread in one step, so that a change
//! between the two cannot be missed; UNPARK wakes those that wait on a word, first
//! come, first served. Both are operations of the ring and not method calls.

use super::interface::{Interface, Methods};
use crate::arch::user_copy;
use crate::kernel::Kernel;
use crate::process::{Pid, Process, Waiter};
use crate::ring::deferred::Deferred;
use crate::schedule::timeouts::Event;
use guest_abi::interface::{self, KernelSource};
use guest_abi::ring::{Sqe, result};
use guest_abi::syscall::TIMEOUT_FOREVER;

/// The interface.
pub const INTERFACE: Interface = Interface {
    index: 10,
    id: interface::PARK_SPACE,
    name: "ParkSpace",
    // Operations of the ring, not methods.
    methods: Methods::Named(&[]),
    source: KernelSource::ParkSpace.name(),
    is_for_measuring: false,
};

/// Result of a PARK that was woken.
pub const WOKEN: i32 = 0;
/// Result of a PARK whose word has another value.
pub const MISMATCH: i32 = 1;
/// Result of a PARK that timed out.
pub const TIMED_OUT: i32 = 2;

/// Bytes of a word, and its alignment.
const WORD: u64 = 4;

/// Who waits on a word.
#[derive(Debug)]
pub struct Parked {
    /// The PARK.
    pub waiter: Waiter,
    address: u64,
}

/// PARK. The completion's result, or `None` if the thread waits.
pub fn park(kernel: &mut Kernel, caller: &mut Process, waiter: Waiter, sqe: &Sqe) -> Option<i32> {
    if !sqe.addr.is_multiple_of(WORD) {
        return Some(result::INVALID_REQUEST);
    }
    let mut word = [0; WORD as usize];
    if user_copy::read(&mut word, sqe.addr).is_err() {
        return Some(result::INVALID_PARAMS_BUFFER);
    }
    if u32::from_le_bytes(word) != sqe.len {
        return Some(MISMATCH);
    }
    let timeout = sqe.pipeline_dep;
    if timeout == 0 {
        return Some(TIMED_OUT);
    }
    if caller.take_outstanding().is_err() {
        return Some(result::INVOKE_FAILED);
    }
    if timeout != TIMEOUT_FOREVER {
        let deadline = kernel.clock.now().saturating_add(timeout);
        kernel.timeouts.add(deadline, Event::Park(waiter));
    }
    kernel.parked.push(Parked {
        waiter,
        address: sqe.addr,
    });
    kernel.deferred.push_back(Deferred::Park);
    None
}

/// UNPARK. How many were woken, or a code.
pub fn unpark(kernel: &mut Kernel, pid: Pid, sqe: &Sqe) -> i32 {
    let most = sqe.len as usize;
    if most == 0 || !sqe.addr.is_multiple_of(WORD) {
        return result::INVALID_REQUEST;
    }
    let Kernel {
        parked,
        deferred,
        timeouts,
        ..
    } = kernel;
    let is_here =
        |parked: &mut Parked| parked.address == sqe.addr && parked.waiter.thread.pid == pid;
    let mut woken = 0;
    for parked in parked.extract_if(.., is_here).take(most) {
        timeouts.end_park(&parked.waiter);
        deferred.push_back(Deferred::Code(parked.waiter, WOKEN));
        woken += 1;
    }
    woken
}

/// A PARK's time is over.
pub fn time_out(kernel: &mut Kernel, waiter: Waiter) {
    kernel
        .parked
        .retain(|parked| !parked.waiter.is_same(&waiter));
    kernel.deferred.push_back(Deferred::Code(waiter, TIMED_OUT));
}
