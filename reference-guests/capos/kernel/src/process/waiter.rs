//! Submissions that complete later.

use super::Pid;
use super::thread::ThreadId;
use alloc::vec::Vec;
use core::cell::RefCell;

/// A submission that completes later.
#[derive(Clone, Copy, Debug)]
pub struct Waiter {
    /// Who submitted it.
    pub thread: ThreadId,
    /// The only thread its completion is for, or 0.
    pub owner: u32,
    /// Which of its process's submissions.
    pub sequence: u32,
    /// Operation.
    pub opcode: u8,
    /// Index of the interface it was for.
    pub interface: u8,
    /// Method that was called.
    pub method: u16,
    /// Returned in the completion.
    pub user_data: u64,
    /// Where the result goes.
    pub result_addr: u64,
    /// Room there.
    pub result_len: u32,
}

impl Waiter {
    /// Whether both are the same submission.
    pub fn is_same(&self, other: &Self) -> bool {
        self.thread.pid == other.thread.pid && self.sequence == other.sequence
    }
}

/// Who waits for one thing.
#[derive(Debug, Default)]
pub struct Waiters(RefCell<Vec<Waiter>>);

impl Waiters {
    /// One more.
    pub fn add(&self, waiter: Waiter) {
        self.0.borrow_mut().push(waiter);
    }

    /// Forgets those of a process that has ended itself.
    pub fn forget(&self, pid: Pid) {
        self.0
            .borrow_mut()
            .retain(|waiter| waiter.thread.pid != pid);
    }

    /// Takes all of them, first come first.
    pub fn take(&self) -> Vec<Waiter> {
        self.0.take()
    }
}
