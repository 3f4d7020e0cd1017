//! What waiting, waking and switching between threads of a process cost.
//!
//! Rows of the kinds `alone` need one thread: a wait that is refused, a wait that times
//! out, a wake of nobody, a sleep. The others have workers that wait until they are
//! woken (see [`workers`]). Each result is checked: that a wait ended as it must, how
//! many were woken, what each thread exited with.
#![no_std]
#![no_main]

extern crate alloc;

mod alone;
mod operation;
mod together;
mod workers;

use alloc::boxed::Box;
use alone::Alone;
use guest_benchmark::runtime::entry_point;
use guest_benchmark::runtime::ring::Ring;
use guest_benchmark::{Case, Program, Refusal, Row};
use operation::{Grants, Operation};
use together::Together;

entry_point!(main);

fn main() -> i64 {
    guest_benchmark::run(ThreadBench)
}

struct ThreadBench;

impl Program for ThreadBench {
    const NAME: &'static str = "thread-bench";

    fn prepare(&mut self, ring: &mut Ring, row: &Row<'_>) -> Result<Box<dyn Case>, Refusal> {
        let operation = Operation::from_name(row.operation).ok_or(Refusal::UnknownOperation)?;
        let grants = Grants::find().ok_or(Refusal::NotGranted)?;
        if !operation.allows_batch(row.batch) {
            return Err(Refusal::BadBatch);
        }
        Ok(match operation {
            Operation::Alone(kind) => Box::new(Alone::new(ring, kind, grants)?),
            Operation::Together(kind) => Box::new(Together::start(ring, kind, grants)?),
        })
    }
}
