//! `Timer`.

use crate::failure::{Failure, must};
use crate::granted;
use capos::syscall::CAP_ENTER_WAIT_FOREVER;
use capos::{CapSet, RuntimeRingClient, TimerClient};

/// Long against a system call, short against a boot.
const NAP_NS: u64 = 2_000_000;

pub fn now(ring: &mut RuntimeRingClient<'_>, capset: CapSet) -> Result<(), Failure> {
    let mut timer: TimerClient = granted(capset, "timer")?;
    let first = timer.now_wait(ring, CAP_ENTER_WAIT_FOREVER)?;
    let second = timer.now_wait(ring, CAP_ENTER_WAIT_FOREVER)?;
    must!(
        second.monotonic_ns >= first.monotonic_ns,
        "{} ns after {} ns",
        second.monotonic_ns,
        first.monotonic_ns
    );
    Ok(())
}

pub fn sleep(ring: &mut RuntimeRingClient<'_>, capset: CapSet) -> Result<(), Failure> {
    let mut timer: TimerClient = granted(capset, "timer")?;
    let before = timer.now_wait(ring, CAP_ENTER_WAIT_FOREVER)?.monotonic_ns;
    timer.sleep_wait(ring, NAP_NS, CAP_ENTER_WAIT_FOREVER)?;
    let slept = timer.now_wait(ring, CAP_ENTER_WAIT_FOREVER)?.monotonic_ns - before;
    must!(slept >= NAP_NS, "slept {slept} ns of {NAP_NS}");
    Ok(())
}
