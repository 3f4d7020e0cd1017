//! What changing a program's memory costs.
//!
//! Each row is an operation on pages: so many of it in one `cap_enter`, a page each. A
//! page beside them stays mapped all the time, so that the tables of the last levels
//! are there, as they are in a program that uses memory at all.
//!
//! In the same run it is checked that data is where it must be and nowhere else: new
//! pages are zero, what is written is read back, a mapping of an object shows the
//! object, the kernel itself can no longer write where it must not. At the end of a
//! row both quotas must be what they were, to the page, and W^X must hold.
#![no_std]
#![no_main]

extern crate alloc;

mod baseline;
mod batches;
mod denials;
mod operation;
mod page;
mod requests;

use alloc::boxed::Box;
use batches::Batches;
use guest_benchmark::runtime::entry_point;
use guest_benchmark::runtime::measure::MeasureControl;
use guest_benchmark::runtime::ring::Ring;
use guest_benchmark::{Case, Program, Refusal, Row};
use operation::{Grants, Operation};

entry_point!(main);

fn main() -> i64 {
    guest_benchmark::run(VmBench)
}

struct VmBench;

impl Program for VmBench {
    const NAME: &'static str = "vm-bench";

    fn prove_denials(
        &mut self,
        ring: &mut Ring,
        control: MeasureControl,
    ) -> Result<(), &'static str> {
        denials::prove(ring, control)
    }

    fn prepare(&mut self, ring: &mut Ring, row: &Row<'_>) -> Result<Box<dyn Case>, Refusal> {
        let operation = Operation::from_name(row.operation).ok_or(Refusal::UnknownOperation)?;
        let grants = Grants::find().ok_or(Refusal::NotGranted)?;
        Ok(Box::new(Batches::prepare(ring, operation, grants, row)?))
    }
}
