//! The null system call: `getppid`, which reads one number. The C library does
//! not cache it.

use super::{Event, Failure, Primitive, expect};
use crate::watch::Watch;

/// Calls `getppid`.
pub struct NullSyscall {
    parent: libc::pid_t,
}

impl NullSyscall {
    /// Learns the parent another way, from the process's status file.
    pub fn new() -> Result<NullSyscall, Failure> {
        let status = std::fs::read_to_string("/proc/self/status")
            .map_err(Failure::of("read /proc/self/status"))?;
        let parent = status
            .lines()
            .find_map(|line| line.strip_prefix("PPid:")?.trim().parse().ok());
        match parent {
            Some(parent) => Ok(NullSyscall { parent }),
            None => Err(Failure::Oracle("/proc/self/status names no parent".into())),
        }
    }
}

impl Primitive for NullSyscall {
    fn batch(&mut self, operations: u32, watch: &mut Watch<'_>) -> Result<(), Failure> {
        let mut wrong = 0;
        watch.time(|| {
            for _ in 0..operations {
                // SAFETY: reads a number.
                wrong |= unsafe { libc::getppid() } ^ self.parent;
            }
        });
        expect(wrong == 0, || "getppid did not return the parent".into())
    }

    fn events(&self, operations: u64, _batches: u64) -> Vec<(Event, u64)> {
        vec![(Event::Syscall(libc::SYS_getppid), operations)]
    }
}
