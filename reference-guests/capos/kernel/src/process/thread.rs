//! Threads: what runs, and what it waits for.

use super::{Pid, Waiters};
use crate::arch::syscall::UserContext;
use alloc::rc::Rc;
use core::cell::Cell;

/// Identifies a thread within its process; never used twice there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tid(pub u32);

impl Tid {
    /// A process's first thread. *Chosen*.
    pub const MAIN: Self = Self(1);
}

/// Identifies a thread of the whole kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThreadId {
    /// Its process.
    pub pid: Pid,
    /// Which of its threads.
    pub tid: Tid,
}

impl ThreadId {
    /// Nobody: what the kernel switches from the first time.
    pub const NONE: Self = Self {
        pid: Pid(0),
        tid: Tid::MAIN,
    };

    /// One number for both, for the trace. A main thread has that of its process.
    #[inline(always)]
    pub fn traced(self) -> u32 {
        (self.tid.0 - 1) << 16 | self.pid.0
    }
}

/// Whether a thread can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It runs or waits for its turn.
    Runnable,
    /// It is in `cap_enter` until this many completions are there.
    Waiting {
        /// Completions it waits for.
        min_complete: u32,
    },
    /// It is in `cap_enter`, and a PARK of its own keeps it there.
    Parked,
}

/// A thread.
pub struct Thread {
    /// Registers while it does not run.
    pub context: UserContext,
    /// Its id.
    pub tid: Tid,
    /// Whether it can run.
    pub state: State,
    /// Where its thread-local storage is.
    pub fs_base: u64,
    /// How it ends, shared with every holder of a handle.
    pub status: Rc<ThreadStatus>,
}

impl Thread {
    /// A thread that can run.
    pub fn new(tid: Tid, context: UserContext, fs_base: u64) -> Self {
        Self {
            context,
            tid,
            state: State::Runnable,
            fs_base,
            status: Rc::default(),
        }
    }
}

/// How a thread ended, and who wants to know.
#[derive(Debug, Default)]
pub struct ThreadStatus {
    exit_code: Cell<Option<i64>>,
    /// Submissions that complete when it ends.
    pub waiters: Waiters,
}

impl ThreadStatus {
    /// What it exited with, if it did.
    pub fn exit_code(&self) -> Option<i64> {
        self.exit_code.get()
    }

    /// Says that it ended.
    pub fn end(&self, code: i64) {
        self.exit_code.set(Some(code));
    }
}
