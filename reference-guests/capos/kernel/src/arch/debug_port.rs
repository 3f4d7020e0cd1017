//! The two one-way ports of the virtual machine: console out, exit.

use core::fmt;
use x86_64::instructions::port::PortWriteOnly;

/// QEMU's `isa-debugcon`.
const CONSOLE_PORT: u16 = 0xe9;
/// QEMU's `isa-debug-exit`.
const EXIT_PORT: u16 = 0xf4;

/// How the machine ends; QEMU's exit status is `value << 1 | 1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum ExitCode {
    /// Init exited with 0.
    Clean = 0x10,
    /// Init exited with another value.
    InitFailed = 0x11,
    /// The kernel panicked.
    Panic = 0x12,
}

/// Writes bytes to the console.
pub fn write(bytes: &[u8]) {
    let mut port = PortWriteOnly::<u8>::new(CONSOLE_PORT);
    for byte in bytes {
        // SAFETY: the port only takes bytes for the host's log.
        unsafe { port.write(*byte) };
    }
}

/// Ends the virtual machine.
pub fn exit(code: ExitCode) -> ! {
    // SAFETY: the port ends the machine; nothing is left to be broken.
    unsafe { PortWriteOnly::<u32>::new(EXIT_PORT).write(code as u32) };
    loop {
        x86_64::instructions::hlt();
    }
}

/// The console as a formatting target.
pub struct Console;

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        write(text.as_bytes());
        Ok(())
    }
}

/// Prints a line of the kernel's own to the console.
#[macro_export]
macro_rules! log {
    ($($argument:tt)*) => {{
        use core::fmt::Write;
        let _ = writeln!($crate::arch::debug_port::Console, $($argument)*);
    }};
}
