//! Who runs next.
//!
//! Cooperative and first come, first served: a process runs until it waits or
//! ends. A process that becomes runnable goes to the end of the queue; one that
//! waits lets the first of the queue run at once.

pub mod timeouts;

use crate::arch::debug_port::{self, ExitCode};
use crate::arch::syscall;
use crate::kernel::Kernel;
use crate::log;
use crate::measure::MEASURE;
use crate::process::{Process, State};
use alloc::boxed::Box;

/// What init appears to have exited with when nothing can run any more. *Chosen*.
const DEADLOCK: i64 = -2;

/// Goes on with this process if it can run, else with another.
pub fn go_on(kernel: &mut Kernel, process: Box<Process>) -> ! {
    match process.state {
        State::Runnable => resume(kernel, process),
        State::Waiting { .. } => {
            kernel.park(process);
            next(kernel)
        }
    }
}

/// Goes on with the first process of the queue, or idles until there is one.
pub fn next(kernel: &mut Kernel) -> ! {
    loop {
        timeouts::expire(kernel);
        if let Some(process) = kernel.take_runnable() {
            resume(kernel, process)
        }
        if kernel.timeouts.is_empty() {
            log!("kernel: every process waits, and nothing can end a wait");
            shut_down(DEADLOCK);
        }
        // Interrupts are off for good, so idling is looking at the clock.
        core::hint::spin_loop();
    }
}

fn resume(kernel: &mut Kernel, process: Box<Process>) -> ! {
    let context = kernel.make_current(process);
    // SAFETY: the context lives in a process that stays where it is while it is
    // current; loader and system-call entry keep its entry address in the user
    // half; its address space is loaded.
    unsafe { syscall::resume(context) }
}

/// Ends the machine, with init or for want of anything that could run.
pub fn shut_down(code: i64) -> ! {
    log!("kernel: the system ends with {code}");
    if let Err(error) = MEASURE.finish() {
        log!("kernel: the trace has no end: {error}");
    }
    debug_port::exit(if code == 0 {
        ExitCode::Clean
    } else {
        ExitCode::InitFailed
    })
}
