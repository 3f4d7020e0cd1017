//! The kernel's clock, and what it makes of the program's own.

use crate::call::{CallError, call_raw};
use crate::clock::ticks;
use crate::platform::VOID;
use crate::ring::Ring;
use guest_abi::capos_capnp::timer_now_results;

/// How long the two clocks are compared, in time-stamp counter ticks.
const COMPARED_TICKS: u64 = 1_000_000;

/// Nanoseconds since the kernel started.
pub fn now(ring: &mut Ring, timer: u32) -> Result<u64, CallError> {
    let answer = call_raw(ring, timer, 0, &VOID)?;
    let message = answer.message()?;
    let root = message.get_root::<timer_now_results::Reader<'_>>()?;
    Ok(root.get_ns())
}

/// How many ticks of the time-stamp counter pass in so many nanoseconds. Compares the
/// two clocks for about a millisecond; the calls around weigh little in that, and alike.
pub fn ticks_of(ring: &mut Ring, timer: u32, nanoseconds: u64) -> Result<u64, CallError> {
    let (first_ns, first) = (now(ring, timer)?, ticks());
    while ticks() - first < COMPARED_TICKS {
        core::hint::spin_loop();
    }
    let (last_ns, last) = (now(ring, timer)?, ticks());
    let passed = u128::from(last - first) * u128::from(nanoseconds);
    Ok((passed / u128::from((last_ns - first_ns).max(1))) as u64)
}
