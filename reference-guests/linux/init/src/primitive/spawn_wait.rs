//! `posix_spawn` of this very program, which exits at once, and waiting for
//! it. The C library spawns by a child that borrows the parent's memory until
//! it has executed the program, as `vfork` does.

use super::{Event, Failure, Primitive, child};
use crate::watch::Watch;
use std::ffi::{CStr, CString};
use std::io;

const PROGRAM: &CStr = c"/proc/self/exe";

/// Spawns.
pub struct SpawnWait {
    name: CString,
}

impl SpawnWait {
    /// Prepares the arguments.
    pub fn new() -> SpawnWait {
        SpawnWait {
            name: CString::new(child::NAME).expect("the name holds no zero"),
        }
    }
}

impl Primitive for SpawnWait {
    fn batch(&mut self, operations: u32, watch: &mut Watch<'_>) -> Result<(), Failure> {
        let mut error = 0;
        let mut wrong = 0;
        watch.time(|| {
            for operation in 0..operations {
                // One digit, so that no text is formatted inside the loop.
                let digit = operation as u8 % 10;
                let status = [b'0' + digit, 0];
                let arguments = [
                    self.name.as_ptr().cast_mut(),
                    status.as_ptr().cast_mut().cast(),
                    std::ptr::null_mut(),
                ];
                let environment = [std::ptr::null_mut()];
                let mut process = 0;
                // SAFETY: all strings and both lists are terminated and live
                // through the call, which does not write to them.
                error = unsafe {
                    libc::posix_spawn(
                        &mut process,
                        PROGRAM.as_ptr(),
                        std::ptr::null(),
                        std::ptr::null(),
                        arguments.as_ptr(),
                        environment.as_ptr(),
                    )
                };
                if error != 0 {
                    break;
                }
                wrong |= child::wait(process) ^ child::exited_with(digit);
            }
        });
        if error != 0 {
            let error = io::Error::from_raw_os_error(error);
            return Err(Failure::of("posix_spawn")(error));
        }
        child::judge("posix_spawn", 0, wrong)
    }

    fn tasks_ended(&self, operations: u64, _batches: u64) -> u64 {
        operations
    }

    fn events(&self, operations: u64, _batches: u64) -> Vec<(Event, u64)> {
        vec![
            (Event::Syscall(libc::SYS_execve), operations),
            (Event::Syscall(libc::SYS_exit_group), operations),
            (Event::Syscall(libc::SYS_wait4), operations),
        ]
    }
}
