//! From `_start` to the program's function.

use crate::{capset, console, heap, syscall};
use core::panic::PanicInfo;
use guest_abi::layout::{CAPSET_VADDR, RING_VADDR};

/// Exit code of a program that was started wrongly.
pub const BAD_BOOTSTRAP: i64 = 120;
/// Exit code of a program that panicked.
pub const PANICKED: i64 = 101;

/// Defines `_start` for a `fn() -> i64`, whose value is the exit code.
#[macro_export]
macro_rules! entry_point {
    ($main:path) => {
        #[unsafe(no_mangle)]
        extern "C" fn _start(ring: u64, pid: u64, capset: u64) -> ! {
            $crate::entry::run(ring, pid, capset, $main)
        }
    };
}

/// Checks what the kernel set up, runs the program and exits.
pub fn run(ring: u64, _pid: u64, capset: u64, main: fn() -> i64) -> ! {
    if ring != RING_VADDR || capset != CAPSET_VADDR || !capset::is_valid() {
        syscall::exit(BAD_BOOTSTRAP);
    }
    // SAFETY: once, at the start.
    unsafe { heap::init() };
    syscall::exit(main())
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    console::panic_line(format_args!("{info}"));
    syscall::exit(PANICKED)
}
