//! What this program must not be able to do, tried and denied.

use crate::operation::Grants;
use guest_benchmark::denied;
use guest_benchmark::runtime::abi::capos_capnp::ExceptionType;
use guest_benchmark::runtime::abi::interface::{PROCESS_SPAWNER, VIRTUAL_MEMORY};
use guest_benchmark::runtime::call::CallError;
use guest_benchmark::runtime::measure::MeasureControl;
use guest_benchmark::runtime::memory::VirtualMemory;
use guest_benchmark::runtime::process::{Child, Grant};
use guest_benchmark::runtime::ring::Ring;

/// An id that no table of this size can have given out.
const ABSENT: u32 = 0x00ff_ffff;

/// Tries each, and reports those that were denied.
pub fn prove(ring: &mut Ring, control: MeasureControl) -> Result<(), &'static str> {
    let grants = Grants::find().ok_or("anything: not granted what is needed")?;

    let unheld = [Grant::held("output", ABSENT)];
    let child = Child::spawn(ring, grants.spawner, "leaf", "leaf", &unheld);
    let invalid = CallError::Exception(ExceptionType::InvalidArgument);
    if child.err() != Some(invalid) {
        return Err("granting what is not held");
    }
    let observed = "exception invalidArgument";
    denied(ring, control, "unheld-grant", PROCESS_SPAWNER, observed)?;

    if VirtualMemory::find().is_none() {
        denied(
            ring,
            control,
            "no-memory",
            VIRTUAL_MEMORY,
            "not in the CapSet",
        )?;
    }
    Ok(())
}
