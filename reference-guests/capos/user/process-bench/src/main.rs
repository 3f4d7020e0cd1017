//! What starting programs and waiting for them costs.
//!
//! The children are leaves: programs of a few pages, or with a megabyte more, that
//! write a line into an object they are granted and exit with a code. Both are held
//! against what the manifest says, of every child; and every child must leave the
//! capability table as it was.
#![no_std]
#![no_main]

extern crate alloc;

mod child;
mod denials;
mod lives;
mod operation;

use alloc::boxed::Box;
use child::Expected;
use guest_benchmark::runtime::measure::MeasureControl;
use guest_benchmark::runtime::ring::Ring;
use guest_benchmark::runtime::{entry_point, platform};
use guest_benchmark::{Case, Program, Refusal, Row};
use lives::Lives;
use operation::{Grants, Operation};

entry_point!(main);

fn main() -> i64 {
    guest_benchmark::run(ProcessBench { expected: None })
}

struct ProcessBench {
    /// Read once, for all rows.
    expected: Option<Expected>,
}

impl Program for ProcessBench {
    const NAME: &'static str = "process-bench";

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
        if row.batch != 1 {
            return Err(Refusal::BadBatch);
        }
        let expected = match self.expected {
            Some(expected) => expected,
            None => {
                let program = platform::program(ring);
                let program = program.map_err(|_| Refusal::SetUp("no parameters"))?;
                Expected::from_parameters(&program.parameters)
                    .ok_or(Refusal::SetUp("parameters `exit_code` and `output`"))?
            }
        };
        self.expected = Some(expected);
        Ok(Box::new(Lives::prepare(ring, operation, grants, expected)?))
    }
}
