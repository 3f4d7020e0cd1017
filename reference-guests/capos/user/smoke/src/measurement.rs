//! A kernel that is built to measure lets itself be asked to; any other has nothing to
//! ask.

use crate::smoke::{Found, Smoke, ensure};
use guest_benchmark::Refusal;
use guest_benchmark::runtime::abi::capos_capnp::ExceptionType;
use guest_benchmark::runtime::abi::interface::{KernelSource, MEASURE_CONTROL, PROCESS_SPAWNER};
use guest_benchmark::runtime::abi::measure_capnp::measure_control_samples_params;
use guest_benchmark::runtime::call::{CallError, Parameters, call};
use guest_benchmark::runtime::capset;
use guest_benchmark::runtime::process::{Child, Grant};
use guest_benchmark::runtime::ring::Ring;

const INVALID: CallError = CallError::Exception(ExceptionType::InvalidArgument);

/// `MeasureControl` answers: that half a sample is none.
pub struct Present {
    control: u32,
}

impl Present {
    /// With what was granted.
    pub fn find() -> Result<Self, Refusal> {
        let control = capset::find("measure", MEASURE_CONTROL).ok_or(Refusal::NotGranted)?;
        Ok(Self { control })
    }
}

impl Smoke for Present {
    fn own(&self) -> u32 {
        1
    }

    fn run(&mut self, ring: &mut Ring, wrong: bool) -> Found {
        let mut parameters = Parameters::new_default();
        parameters
            .init_root::<measure_control_samples_params::Builder<'_>>()
            .set_data(&[0; 12]);
        let answer = call(ring, self.control, 2, &parameters).map(|_| ());
        let expected = if wrong { Ok(()) } else { Err(INVALID) };
        ensure(answer == expected, "it takes half a sample")
    }
}

/// The kernel has no `MeasureControl` to give.
pub struct Absent {
    spawner: u32,
}

impl Absent {
    /// With what was granted.
    pub fn find() -> Result<Self, Refusal> {
        let spawner = capset::find("spawner", PROCESS_SPAWNER).ok_or(Refusal::NotGranted)?;
        Ok(Self { spawner })
    }
}

impl Smoke for Absent {
    fn own(&self) -> u32 {
        1
    }

    fn run(&mut self, ring: &mut Ring, wrong: bool) -> Found {
        let grants = [Grant::kernel("measure", KernelSource::MeasureControl)];
        let child = Child::spawn(ring, self.spawner, "leaf", "leaf", &grants);
        ensure(child.is_err() != wrong, "a plain kernel measures")
    }
}
