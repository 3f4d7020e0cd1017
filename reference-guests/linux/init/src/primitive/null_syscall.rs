//! The null system call: `getppid`, which reads one number.

use super::{Event, Failure, Primitive, expect};
use crate::clock::Interval;

/// Calls `getppid` by number, past any cache in libc.
pub struct NullSyscall {
    parent: libc::c_long,
}

impl NullSyscall {
    /// Asks libc who the parent is.
    pub fn new() -> NullSyscall {
        NullSyscall {
            // SAFETY: reads a number.
            parent: unsafe { libc::getppid() }.into(),
        }
    }
}

impl Primitive for NullSyscall {
    fn batch(&mut self, operations: u32) -> Result<Interval, Failure> {
        let mut wrong = 0;
        let interval = Interval::of(|| {
            for _ in 0..operations {
                // SAFETY: reads a number.
                wrong |= unsafe { libc::syscall(libc::SYS_getppid) } ^ self.parent;
            }
        });
        expect(wrong == 0, || "getppid did not return the parent".into())?;
        Ok(interval)
    }

    fn events(&self, operations: u64, _batches: u64) -> Vec<(Event, u64)> {
        vec![(Event::Syscall(libc::SYS_getppid), operations)]
    }
}
