//! Fork, exit in the child, wait in the parent. The child exits by the system
//! call alone.

use super::{Event, Failure, Primitive, child};
use crate::watch::Watch;

/// Forks.
pub struct ForkWait;

impl Primitive for ForkWait {
    fn batch(&mut self, operations: u32, watch: &mut Watch<'_>) -> Result<(), Failure> {
        let mut process = 0;
        let mut wrong = 0;
        watch.time(|| {
            for operation in 0..operations {
                let status = operation as u8;
                // SAFETY: the child makes one system call and is gone.
                process = unsafe { libc::fork() };
                match process {
                    // SAFETY: ends the process at once.
                    0 => unsafe { libc::_exit(status.into()) },
                    -1 => break,
                    _ => wrong |= child::wait(process) ^ child::exited_with(status),
                }
            }
        });
        child::judge("fork", process, wrong)
    }

    fn tasks_ended(&self, operations: u64, _batches: u64) -> u64 {
        operations
    }

    fn events(&self, operations: u64, _batches: u64) -> Vec<(Event, u64)> {
        vec![
            (Event::Syscall(libc::SYS_clone), operations),
            (Event::Syscall(libc::SYS_exit_group), operations),
            (Event::Syscall(libc::SYS_wait4), operations),
        ]
    }
}
