//! Taking a capability away from everybody, this program included.

use guest_benchmark::runtime::abi::interface::KernelSource;
use guest_benchmark::runtime::abi::ring::{Sqe, opcode, result};
use guest_benchmark::runtime::call::{CallError, submit};
use guest_benchmark::runtime::process::{Child, Grant, PRESERVE_BADGE, Source};
use guest_benchmark::runtime::ring::Ring;

/// Revokes the object of a capability, if that was not done before: a child is given a
/// copy, and the child's manager revokes it, which reaches every holder.
pub fn revoke(ring: &mut Ring, spawner: u32, cap_id: u32) -> Result<(), CallError> {
    let call = Sqe {
        opcode: opcode::CALL,
        cap_id,
        ..Sqe::default()
    };
    if submit(ring, &call)?.result == result::INVOKE_FAILED {
        return Ok(());
    }
    let grants = [
        Grant {
            name: "idle",
            source: Source::Kernel(KernelSource::Null),
            badge: PRESERVE_BADGE,
        },
        Grant {
            name: "revoked",
            source: Source::Held(cap_id),
            badge: PRESERVE_BADGE,
        },
    ];
    let child = Child::spawn(ring, spawner, "idle", "peer", &grants)?;
    // The second of its grants.
    child.revoke(ring, 1)?;
    child.terminate(ring)?;
    child.release(ring)
}
