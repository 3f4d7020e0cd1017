//! Taking a capability away from everybody, this program included.

use guest_benchmark::runtime::abi::ring::{Sqe, opcode, result};
use guest_benchmark::runtime::call::{CallError, submit};
use guest_benchmark::runtime::process::{Child, Grant};
use guest_benchmark::runtime::ring::Ring;

/// Revokes the object of a capability, if that was not done before: a child is given a
/// copy, and the child's manager revokes it, which reaches every holder; the child ends
/// when it notices.
pub fn revoke(ring: &mut Ring, spawner: u32, cap_id: u32) -> Result<(), CallError> {
    let call = Sqe {
        opcode: opcode::CALL,
        cap_id,
        ..Sqe::default()
    };
    if submit(ring, &call)?.result == result::INVOKE_FAILED {
        return Ok(());
    }
    let grants = [Grant::held("revoked", cap_id)];
    let child = Child::spawn(ring, spawner, "revoked", "peer", &grants)?;
    child.revoke(ring, 0)?;
    // It ends when it is refused what it calls.
    match child.wait(ring)? {
        0 => child.release(ring),
        _ => Err(CallError::BadAnswer),
    }
}
