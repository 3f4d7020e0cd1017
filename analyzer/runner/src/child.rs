//! Child processes that never outlive the thread that started them.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};

/// Makes the kernel kill the child when the spawning thread ends, however it
/// ends: an emulator without a runner would burn a core for ever.
pub fn dies_with_us(command: &mut Command) {
    let parent = getpid();
    // SAFETY: between fork and exec only two system calls are made, neither of
    // which allocates, locks or unwinds.
    unsafe {
        command.pre_exec(move || {
            set_parent_process_death_signal(Some(Signal::KILL))?;
            // The parent may have died before the line above.
            if getppid() == Some(parent) {
                Ok(())
            } else {
                Err(io::ErrorKind::BrokenPipe.into())
            }
        });
    }
}
