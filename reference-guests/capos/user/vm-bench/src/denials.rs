//! What this program must not be able to do, tried and denied.

use crate::operation::Grants;
use crate::requests::PAGE;
use guest_benchmark::denied;
use guest_benchmark::runtime::abi::capos_capnp::ExceptionType;
use guest_benchmark::runtime::abi::interface::{MEMORY_OBJECT, PROCESS_SPAWNER, VIRTUAL_MEMORY};
use guest_benchmark::runtime::abi::layout::{CAPSET_VADDR, IMAGE_BASE};
use guest_benchmark::runtime::abi::ring::{Sqe, opcode, result};
use guest_benchmark::runtime::call::{CallError, submit};
use guest_benchmark::runtime::capset;
use guest_benchmark::runtime::measure::MeasureControl;
use guest_benchmark::runtime::memory::{ANYWHERE, EXECUTE, READ, WRITE};
use guest_benchmark::runtime::ring::Ring;

const INVALID: &str = "exception invalidArgument";

/// Tries each, and reports those that were denied.
pub fn prove(ring: &mut Ring, control: MeasureControl) -> Result<(), &'static str> {
    let grants = Grants::find().ok_or("anything: not granted what is needed")?;
    let memory = grants.memory;

    let mapped = memory.map(ring, ANYWHERE, PAGE, READ | WRITE | EXECUTE);
    is_invalid(mapped, "memory to write and execute")?;
    denied(ring, control, "write-and-execute", VIRTUAL_MEMORY, INVALID)?;

    // What the loader set up is not the interface's to change.
    let code = memory.protect(ring, IMAGE_BASE, PAGE, READ | WRITE);
    is_invalid(code, "writing its own code")?;
    let capset = memory.protect(ring, CAPSET_VADDR, PAGE, READ | WRITE);
    is_invalid(capset, "writing its own CapSet")?;
    denied(ring, control, "loaded-memory", VIRTUAL_MEMORY, INVALID)?;

    // An object that was given up cannot be mapped.
    let object = grants.frames.allocate(ring).map_err(|_| "no object")?;
    object.release(ring).map_err(|_| "no release")?;
    let info = Sqe {
        opcode: opcode::CALL,
        cap_id: object.id(),
        ..Sqe::default()
    };
    let answer = submit(ring, &info).map_err(|_| "no answer")?;
    if answer.result != result::INVOKE_FAILED {
        return Err("an object that was given up");
    }
    denied(
        ring,
        control,
        "stale-object",
        MEMORY_OBJECT,
        "-4 INVOKE_FAILED",
    )?;

    if capset::find("spawner", PROCESS_SPAWNER).is_none() {
        denied(
            ring,
            control,
            "no-spawner",
            PROCESS_SPAWNER,
            "not in the CapSet",
        )?;
    }
    Ok(())
}

fn is_invalid<T>(answer: Result<T, CallError>, what: &'static str) -> Result<(), &'static str> {
    match answer.err() {
        Some(CallError::Exception(ExceptionType::InvalidArgument)) => Ok(()),
        _ => Err(what),
    }
}
