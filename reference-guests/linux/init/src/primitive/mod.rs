//! What is measured: one operation of the kernel per file, each with the check
//! that it did what it should.
//!
//! A primitive times its own batches, so that the loop around the operation is
//! compiled with it and nothing else is inside. Errors are noted in the loop
//! and judged after it.

mod child;
mod echo;
mod eventfd_round_trip;
mod exec_failed;
mod fork_wait;
mod futex;
mod futex_hand_over;
mod futex_round_trip;
mod futex_wait;
mod futex_wake;
mod helper;
mod io_uring_nop;
mod map_touch;
mod mapping;
mod memory_copy;
mod null_syscall;
mod page_fault;
mod perf_bench;
mod pipe_round_trip;
mod protect;
mod pty;
mod sched_yield;
mod schedule;
mod sleeper;
mod spawn_wait;
mod thread_join;
mod timer_wake;
mod unix_socket_round_trip;

pub use child::status as child_status;

use crate::sys::{errno_name, is_refusal};
use crate::watch::Watch;
use std::io;

/// An operation of the kernel, ready to be measured.
pub trait Primitive {
    /// Name of what a sample holds.
    fn metric(&self) -> &'static str {
        "duration"
    }

    /// Times a batch of operations and checks it.
    fn batch(&mut self, operations: u32, watch: &mut Watch<'_>) -> Result<(), Failure>;

    /// Waits until the helper threads, if any, sleep where the next batch
    /// expects them, so that what a loop caused is counted to its end.
    fn settle(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    /// Events that all `operations` so far, in so many `batches`, have caused
    /// exactly, but for those of preparations.
    fn events(&self, _operations: u64, _batches: u64) -> Vec<(Event, u64)> {
        Vec::new()
    }

    /// Threads and processes that end inside of so many `operations` in so many
    /// `batches`. The kernel folds the accounts of a task up before its last
    /// steps, so their CPU time is charged to nobody.
    fn tasks_ended(&self, _operations: u64, _batches: u64) -> u64 {
        0
    }
}

/// Something the kernel counts for us in the pass that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Entries of a system call, by its number.
    Syscall(libc::c_long),
    /// Page faults taken in user mode.
    UserPageFault,
}

/// Why a primitive gave no result.
#[derive(Debug)]
pub enum Failure {
    /// A call was refused or failed.
    Call {
        /// The call.
        what: &'static str,
        /// Its error.
        error: io::Error,
    },
    /// The row asks for something that does not exist.
    Row(String),
    /// An operation did not do what it should.
    Oracle(String),
}

impl Failure {
    /// For `map_err`: the call that failed.
    pub fn of(what: &'static str) -> impl Fn(io::Error) -> Failure {
        move |error| Failure::Call { what, error }
    }

    /// Whether the kernel lacks or forbids something.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Failure::Call { error, .. } if is_refusal(error))
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Call { what, error } => match error.raw_os_error() {
                Some(errno) => write!(f, "{what}: {} ({errno})", errno_name(errno)),
                None => write!(f, "{what}: {error}"),
            },
            Failure::Row(message) | Failure::Oracle(message) => f.write_str(message),
        }
    }
}

/// Fails the oracle with a message unless `holds`.
pub fn expect(holds: bool, message: impl FnOnce() -> String) -> Result<(), Failure> {
    if holds {
        return Ok(());
    }
    Err(Failure::Oracle(message()))
}

/// Refuses batches where only single operations can be timed.
fn single(batch: u32) -> Result<(), Failure> {
    if batch != 1 {
        return Err(Failure::Row(format!(
            "operations are timed one by one, not {batch} in a batch"
        )));
    }
    Ok(())
}

/// Makes a primitive ready for batches of a size.
type Open = fn(u32) -> Opened;
type Opened = Result<Box<dyn Primitive>, Failure>;

/// Every primitive, by name.
#[rustfmt::skip]
const PRIMITIVES: &[(&str, Open)] = &[
    ("null-syscall", |_| ready(null_syscall::NullSyscall::new())),
    ("pipe-round-trip", |_| pipe_round_trip::open()),
    ("unix-socket-round-trip", |_| unix_socket_round_trip::open()),
    ("eventfd-round-trip", |_| eventfd_round_trip::open()),
    ("futex-round-trip", |_| ready(futex_round_trip::FutexRoundTrip::new())),
    ("io-uring-nop", |batch| ready(io_uring_nop::IoUringNop::new(batch))),
    ("sched-yield", |_| ready(sched_yield::SchedYield::new())),
    ("futex-switch", |batch| ready(futex_hand_over::FutexHandOver::switch(batch))),
    ("timer-wake", |batch| ready(timer_wake::TimerWake::new(batch))),
    ("fork-exit-wait", |_| ready(Ok(fork_wait::ForkWait))),
    ("spawn-exec-wait", |_| ready(Ok(spawn_wait::SpawnWait::new()))),
    ("exec-failed", |_| ready(Ok(exec_failed::ExecFailed))),
    ("thread-create-join", |_| ready(Ok(thread_join::ThreadJoin))),
    ("futex-wait-refused", |_| ready(Ok(futex_wait::FutexWait::refused()))),
    ("futex-wait-timeout", |_| ready(Ok(futex_wait::FutexWait::timed_out()))),
    ("futex-wake-one", |batch| ready(futex_wake::FutexWake::one(batch))),
    ("futex-wake-many", |batch| ready(futex_wake::FutexWake::many(batch))),
    ("futex-wake-resume", |batch| ready(futex_hand_over::FutexHandOver::wake_resume(batch))),
    ("mmap-touch-munmap", |_| ready(Ok(map_touch::MapTouch::anonymous()))),
    ("mprotect", |_| ready(protect::Protect::new())),
    ("page-fault", |batch| ready(page_fault::PageFault::new(batch))),
    ("shared-memory-map", |_| ready(map_touch::MapTouch::shared())),
    ("memcpy-64", |_| ready(Ok(memory_copy::MemoryCopy::new(64)))),
    ("memcpy-4096", |_| ready(Ok(memory_copy::MemoryCopy::new(4096)))),
    ("memcpy-65536", |_| ready(Ok(memory_copy::MemoryCopy::new(65_536)))),
    ("pty-write", |batch| ready(pty::PtyWrite::new(batch))),
    ("pty-readline", |batch| ready(pty::PtyReadline::new(batch))),
    ("perf-bench-syscall", |_| ready(Ok(perf_bench::PerfBench::syscall()))),
    ("perf-bench-pipe", |_| ready(Ok(perf_bench::PerfBench::pipe()))),
];

fn ready<P: Primitive + 'static>(primitive: Result<P, Failure>) -> Opened {
    Ok(Box::new(primitive?))
}

/// Makes the primitive of this name ready for batches of this size.
pub fn open(name: &str, batch: u32) -> Opened {
    match PRIMITIVES.iter().find(|(known, _)| *known == name) {
        Some((_, open)) => open(batch),
        None => Err(Failure::Row(format!("there is no primitive {name}"))),
    }
}
