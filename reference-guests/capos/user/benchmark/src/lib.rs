//! What all benchmark programs share.
//!
//! A program gets `rows` as its parameter, separated by commas; each is one benchmark
//! at one batch size. For each it sets a [`Case`] up, opens a window, runs the batches
//! with its own clock around exactly what is measured, closes the window, takes the
//! case down, and says what its oracle found. Nothing here runs between the two clock
//! readings. In a boot without `MeasureControl` a row is printed instead, as one line.
//!
//! Parameter `fault` is for tests only: the program misbehaves in its first row, so
//! that a result can be seen to be refused. See [`Fault`].
#![no_std]

extern crate alloc;

mod denial;
mod drive;
mod fault;
pub mod mail;
mod record;
mod row;
mod summary;

pub use denial::denied;
pub use drive::{Case, Program, Refusal, run};
pub use fault::Fault;
pub use guest_runtime as runtime;
pub use guest_runtime::clock::ticks;
pub use record::Record;
pub use row::Row;
