//! Who runs next.
//!
//! Threads take turns, first come, first served. A turn ends when the thread
//! waits, or, if others want to run, when [`TURN`] is over: the timer interrupts
//! it then. A thread that becomes runnable goes to the end of the queue, but for
//! one that a message woke: it goes on at once when the sender waits, with what is
//! left of the sender's turn.
//!
//! There is no periodic tick. The timer is set only while somebody else wants to
//! run or something is to happen at a time, so a program that has the processor
//! for itself is never interrupted.

pub mod timeouts;

use crate::arch::debug_port::{self, ExitCode};
use crate::arch::{local_apic, syscall};
use crate::kernel::{KERNEL, Kernel};
use crate::log;
use crate::measure::{self, MEASURE};
use crate::process::{Process, State};
use crate::segments;
use crate::step;
use alloc::boxed::Box;

/// How long a turn is while others want to run, in nanoseconds: the published tick.
pub const TURN: u64 = 10_000_000;

/// What init appears to have exited with when nothing can run any more. *Chosen*.
const DEADLOCK: i64 = -2;

/// Goes on with the process's active thread if it can run, else with another.
pub fn go_on(kernel: &mut Kernel, mut process: Box<Process>) -> ! {
    match process.thread().state {
        State::Runnable => resume(kernel, process),
        State::Waiting { .. } | State::Parked => {
            kernel.park(process);
            next(kernel)
        }
    }
}

/// Goes on with whoever's turn it is, or idles until there is somebody.
pub fn next(kernel: &mut Kernel) -> ! {
    loop {
        timeouts::expire(kernel, None);
        let probe = step::span::<{ segments::SCHEDULE.get() }>();
        let chosen = kernel.take_runnable();
        probe.end();
        if let Some(process) = chosen {
            resume(kernel, process)
        }
        let Some(earliest) = kernel.timeouts.earliest() else {
            log!("kernel: every thread waits, and nothing can end a wait");
            shut_down(kernel, DEADLOCK);
        };
        kernel.timer.set(&kernel.clock, earliest);
        let probe = step::span::<{ segments::IDLE.get() }>();
        local_apic::wait_for_interrupt();
        probe.end();
        kernel.timer.fired();
    }
}

/// The timer interrupted a program, whose state is saved: does what is due, and
/// lets others run if the turn is over.
pub extern "C" fn interrupted() -> ! {
    syscall::record_interrupt();
    // SAFETY: entered from a program, so nothing in the kernel is running.
    let kernel = unsafe { KERNEL.get() };
    let mut process = kernel.take_current();
    kernel.timer.fired();
    local_apic::end_of_interrupt();
    timeouts::expire(kernel, Some(&mut process));
    if kernel.others_want_to_run() && kernel.clock.now() >= kernel.turn_end {
        let probe = measure::thread();
        probe.count(measure::PREEMPTIONS, 1);
        kernel.end_turn(process.thread_id());
        kernel.park(process);
        next(kernel)
    }
    resume(kernel, process)
}

fn resume(kernel: &mut Kernel, process: Box<Process>) -> ! {
    set_timer(kernel);
    let context = kernel.make_current(process);
    // SAFETY: the context lives in a thread that stays where it is while it is
    // current; loader, thread creation and system-call entry keep its entry address
    // in the user half; its address space is loaded.
    unsafe { syscall::resume(context) }
}

/// Sets the timer to whatever must not wait until the program calls.
#[inline(always)]
fn set_timer(kernel: &mut Kernel) {
    let others = kernel.others_want_to_run();
    if !others && kernel.timeouts.is_empty() {
        return;
    }
    let earliest = kernel.timeouts.earliest().unwrap_or(u64::MAX);
    let deadline = if others {
        earliest.min(kernel.turn_end)
    } else {
        earliest
    };
    kernel.timer.set(&kernel.clock, deadline);
}

/// Ends the machine, with init or for want of anything that could run.
pub fn shut_down(kernel: &Kernel, code: i64) -> ! {
    // `capbench guest exec` reads the code here: the machine's own has no room for it.
    log!(
        "kernel: the system ends with {code}, {} free frames",
        kernel.frames.free_frames(),
    );
    // None, if every process has ended: what one had goes back, whatever it did.
    let missing = kernel.free_at_start - kernel.frames.free_frames();
    log!("kernel: {missing} frames are not back");
    #[cfg(feature = "measure")]
    measure::tell_all();
    if let Err(error) = MEASURE.finish() {
        log!("kernel: the trace has no end: {error}");
    }
    debug_port::exit(if code == 0 {
        ExitCode::Clean
    } else {
        ExitCode::InitFailed
    })
}
