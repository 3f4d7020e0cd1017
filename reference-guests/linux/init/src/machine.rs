//! What the program runs on: the console, and the way out.
//!
//! In the guest both are I/O ports. Access to them is held only for the write
//! itself: a thread that may use ports costs the kernel a bitmap update on
//! every switch to it, which would be measured.

use crate::outcome::Outcome;
use crate::sys::check;
use std::arch::asm;
use std::io;
use std::process::ExitCode;

/// QEMU's debug console.
const DEBUGCON: u16 = 0xE9;

/// QEMU's `isa-debug-exit` device.
const DEBUG_EXIT: u16 = 0xF4;

/// Where the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    /// As process 1 of a virtual machine that is ours.
    Guest,
    /// As an ordinary program.
    Host,
}

impl Machine {
    /// Writes a line for a person. Never fails: a console is a convenience.
    pub fn say(self, line: &str) {
        match self {
            Machine::Host => eprintln!("{line}"),
            Machine::Guest => {
                let bytes = line.bytes().chain([b'\n']);
                // Without the port there is nowhere to complain.
                let _ = with_ports(|| bytes.for_each(|byte| out_byte(DEBUGCON, byte)));
            }
        }
    }

    /// Ends the machine, or hands the status to return from `main`.
    pub fn exit(self, outcome: Outcome) -> ExitCode {
        if self == Machine::Guest {
            let _ = with_ports(|| out_byte(DEBUG_EXIT, outcome.debug_exit()));
            power_off();
        }
        ExitCode::from(outcome.status())
    }
}

fn with_ports(access: impl FnOnce()) -> io::Result<()> {
    // SAFETY: changes what this thread may do, nothing that exists.
    check(unsafe { libc::iopl(3) })?;
    access();
    // SAFETY: as above.
    check(unsafe { libc::iopl(0) })?;
    Ok(())
}

/// The caller holds the privilege to use ports.
fn out_byte(port: u16, byte: u8) {
    // SAFETY: both ports belong to devices that only take the byte.
    unsafe { asm!("out dx, al", in("dx") port, in("al") byte, options(nomem, nostack)) };
}

/// Reached only where the exit device is missing: the host sees QEMU's status
/// 0, which it does not take for success.
fn power_off() {
    // SAFETY: the machine has nothing left to lose.
    unsafe { libc::reboot(libc::RB_POWER_OFF) };
}
