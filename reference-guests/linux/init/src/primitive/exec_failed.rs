//! An `execve` that fails because there is no such program.

use super::{Event, Failure, Primitive, expect};
use crate::watch::Watch;
use std::ffi::CStr;
use std::io;

const PROGRAM: &CStr = c"/capbench-no-such-program";

/// Executes nothing.
pub struct ExecFailed;

impl Primitive for ExecFailed {
    fn batch(&mut self, operations: u32, watch: &mut Watch<'_>) -> Result<(), Failure> {
        let list = [std::ptr::null()];
        let mut refusals = 0;
        watch.time(|| {
            for _ in 0..operations {
                // SAFETY: the name and both lists are terminated and live
                // through the call.
                let result =
                    unsafe { libc::execve(PROGRAM.as_ptr(), list.as_ptr(), list.as_ptr()) };
                refusals += u32::from(result == -1);
            }
        });
        // A guard's calls succeed, so errno is still the last execve's.
        let error = io::Error::last_os_error();
        let absent = error.raw_os_error() == Some(libc::ENOENT);
        expect(refusals == operations && absent, || {
            format!("execve said: {error}")
        })
    }

    fn events(&self, operations: u64, _batches: u64) -> Vec<(Event, u64)> {
        vec![(Event::Syscall(libc::SYS_execve), operations)]
    }
}
