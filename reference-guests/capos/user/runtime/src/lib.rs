//! The runtime of the benchmark programs.
//!
//! Promise: nothing between a program and the ring that the program did not ask
//! for. [`ring`] is the raw shared page, [`call`] one method call at a time for
//! everything that is not measured, [`platform`] the guesses about capOS that are
//! not published, each in one place.
#![no_std]

extern crate alloc;
// Only its symbols are used.
extern crate link_support as _;

pub mod call;
pub mod capset;
pub mod clock;
pub mod console;
pub mod endpoint;
pub mod entry;
mod heap;
pub mod measure;
pub mod memory;
pub mod park;
pub mod peer;
pub mod platform;
pub mod process;
pub mod ring;
pub mod session;
pub mod syscall;
pub mod terminal;
pub mod thread;
pub mod timer;

pub use capnp;
pub use guest_abi as abi;
