//! Creating a thread that returns its argument, and joining it. The C library
//! keeps the stack for the next thread.

use super::{Event, Failure, Primitive, expect};
use crate::watch::Watch;
use std::ffi::c_void;
use std::io;
use std::ptr;

/// Creates threads.
pub struct ThreadJoin;

extern "C" fn return_argument(argument: *mut c_void) -> *mut c_void {
    argument
}

impl Primitive for ThreadJoin {
    fn batch(&mut self, operations: u32, watch: &mut Watch<'_>) -> Result<(), Failure> {
        let mut error = 0;
        let mut wrong = 0;
        watch.time(|| {
            for operation in 0..operations as usize {
                let argument = ptr::without_provenance_mut(operation + 1);
                let mut thread = 0;
                let mut returned = ptr::null_mut();
                // SAFETY: the function touches nothing; the thread is joined
                // before anything it could know of is gone.
                unsafe {
                    error =
                        libc::pthread_create(&mut thread, ptr::null(), return_argument, argument);
                    if error != 0 {
                        break;
                    }
                    libc::pthread_join(thread, &mut returned);
                }
                wrong |= returned.addr() ^ argument.addr();
            }
        });
        if error != 0 {
            let error = io::Error::from_raw_os_error(error);
            return Err(Failure::of("pthread_create")(error));
        }
        expect(wrong == 0, || "a thread did not return its argument".into())
    }

    fn tasks_ended(&self, operations: u64, _batches: u64) -> u64 {
        operations
    }

    fn events(&self, operations: u64, _batches: u64) -> Vec<(Event, u64)> {
        vec![
            (Event::Syscall(libc::SYS_clone3), operations),
            (Event::Syscall(libc::SYS_exit), operations),
        ]
    }
}
