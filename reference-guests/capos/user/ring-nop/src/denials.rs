//! What this program must not be able to do, tried and denied.

use crate::revoke::revoke;
use guest_benchmark::denied;
use guest_benchmark::runtime::abi::interface::{CONSOLE, NULL, PROCESS_SPAWNER};
use guest_benchmark::runtime::abi::ring::{Sqe, opcode, result};
use guest_benchmark::runtime::call::submit;
use guest_benchmark::runtime::capset;
use guest_benchmark::runtime::measure::MeasureControl;
use guest_benchmark::runtime::ring::Ring;

/// An id that no table of this size can have given out.
const ABSENT: u32 = 0x00ff_ffff;

/// Tries each, and reports those that were denied.
pub fn prove(ring: &mut Ring, control: MeasureControl) -> Result<(), &'static str> {
    // Nothing is found under an id that was not given.
    let absent = Sqe {
        opcode: opcode::CALL,
        cap_id: ABSENT,
        ..Sqe::default()
    };
    let answer = submit(ring, &absent).map_err(|_| "no answer")?;
    if answer.result != result::INVOKE_FAILED {
        return Err("a call through a capability that is not there");
    }
    denied(ring, control, "absent-capability", 0, "-4 INVOKE_FAILED")?;

    // A capability is good for its own interface and nothing else: RECV is an
    // endpoint owner's operation.
    if let Some(console) = capset::find("console", CONSOLE) {
        let receive = Sqe {
            opcode: opcode::RECV,
            cap_id: console,
            ..Sqe::default()
        };
        let answer = submit(ring, &receive).map_err(|_| "no answer")?;
        if answer.result != result::INVOKE_FAILED {
            return Err("receiving through a console");
        }
        denied(
            ring,
            control,
            "wrong-interface",
            CONSOLE,
            "-4 INVOKE_FAILED",
        )?;
    }

    // What was given up stays given up.
    if let Some(stale) = capset::find("stale", NULL) {
        let call = Sqe {
            opcode: opcode::CALL,
            cap_id: stale,
            ..Sqe::default()
        };
        let release = Sqe {
            opcode: opcode::RELEASE,
            ..call
        };
        let released = submit(ring, &release).map_err(|_| "no answer")?;
        let answer = submit(ring, &call).map_err(|_| "no answer")?;
        if released.result != 0 || answer.result != result::INVOKE_FAILED {
            return Err("a call through a capability that was given up");
        }
        denied(ring, control, "stale-capability", NULL, "-4 INVOKE_FAILED")?;
    }

    // What was revoked is gone for every holder.
    let revocable = capset::find("revocable", NULL);
    if let (Some(revocable), Some(spawner)) = (revocable, capset::find("spawner", PROCESS_SPAWNER))
    {
        revoke(ring, spawner, revocable).map_err(|_| "revoking")?;
        let call = Sqe {
            opcode: opcode::CALL,
            cap_id: revocable,
            ..Sqe::default()
        };
        let answer = submit(ring, &call).map_err(|_| "no answer")?;
        if answer.result != result::INVOKE_FAILED {
            return Err("a call of an object that was revoked");
        }
        denied(
            ring,
            control,
            "revoked-capability",
            NULL,
            "-4 INVOKE_FAILED",
        )?;
    }

    // Starting processes is for whoever was granted the spawner.
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
