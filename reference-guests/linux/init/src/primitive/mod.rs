//! What is measured: one operation of the kernel per file, each with the check
//! that it did what it should.
//!
//! A primitive times its own batches, so that the loop around the operation is
//! compiled with it and nothing else is inside. Errors are noted in the loop
//! and judged after it.

mod null_syscall;

use crate::clock::Interval;
use crate::sys::{errno_name, is_refusal};
use std::io;
use std::process::ExitCode;

/// An operation of the kernel, ready to be measured.
pub trait Primitive {
    /// Name of what a sample holds.
    fn metric(&self) -> &'static str {
        "duration"
    }

    /// Times a batch of operations and checks it.
    fn batch(&mut self, operations: u32) -> Result<Interval, Failure>;

    /// Waits until the helper threads, if any, sleep where the next batch
    /// expects them, so that what a loop caused is counted to its end.
    fn settle(&mut self) -> Result<(), Failure> {
        Ok(())
    }

    /// Events that `batches` of `operations` each cause exactly.
    fn events(&self, _operations: u64, _batches: u64) -> Vec<(Event, u64)> {
        Vec::new()
    }

    /// What can only be checked at the end.
    fn finish(self: Box<Self>) -> Result<(), Failure> {
        Ok(())
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

    /// Whether the kernel lacks or forbids what is to be measured.
    pub fn is_unsupported(&self) -> bool {
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

type Open = fn(u32) -> Result<Box<dyn Primitive>, Failure>;

/// Every primitive, by name.
const PRIMITIVES: &[(&str, Open)] = &[("null-syscall", |_| Ok(Box::new(null_syscall::NullSyscall::new())))];

/// Prepares the primitive of this name for batches of this size.
pub fn open(name: &str, batch: u32) -> Result<Box<dyn Primitive>, Failure> {
    match PRIMITIVES.iter().find(|(known, _)| *known == name) {
        Some((_, open)) => open(batch),
        None => Err(Failure::Row(format!("there is no primitive {name}"))),
    }
}

/// The status to exit with at once, where this process was started by a
/// primitive that measures process creation.
pub fn child_status() -> Option<ExitCode> {
    None
}
