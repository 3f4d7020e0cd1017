//! What one trip through the capability ring costs.
//!
//! Each row is an operation and how many of it one `cap_enter` carries. Every
//! completion is checked: result, `user_data`, order, overflow, and what the operation
//! promises besides.
#![no_std]
#![no_main]

extern crate alloc;

mod batch;
mod denials;
mod operation;
mod revoke;

use alloc::boxed::Box;
use batch::Batches;
use guest_benchmark::runtime::entry_point;
use guest_benchmark::runtime::measure::MeasureControl;
use guest_benchmark::runtime::ring::Ring;
use guest_benchmark::{Case, Program, Refusal, Row};
use operation::{Operation, Targets};

entry_point!(main);

fn main() -> i64 {
    guest_benchmark::run(RingNop {
        targets: Targets::find(),
    })
}

struct RingNop {
    targets: Targets,
}

impl Program for RingNop {
    const NAME: &'static str = "ring-nop";

    fn prove_denials(
        &mut self,
        ring: &mut Ring,
        control: MeasureControl,
    ) -> Result<(), &'static str> {
        denials::prove(ring, control)
    }

    fn prepare(&mut self, ring: &mut Ring, row: &Row<'_>) -> Result<Box<dyn Case>, Refusal> {
        let operation = Operation::from_name(row.operation).ok_or(Refusal::UnknownOperation)?;
        let target = self.targets.of(ring, operation)?;
        Ok(Box::new(Batches::new(operation, target)))
    }
}
