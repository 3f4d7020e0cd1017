//! The kernel cannot go on: say where and why, and end the machine.

use crate::arch::debug_port::{self, ExitCode};
use crate::log;
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicBool, Ordering};

/// A panic while panicking ends the machine without another word.
static PANICKING: AtomicBool = AtomicBool::new(false);

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    if !PANICKING.swap(true, Ordering::Relaxed) {
        log!("kernel: {info}");
    }
    debug_port::exit(ExitCode::Panic)
}
