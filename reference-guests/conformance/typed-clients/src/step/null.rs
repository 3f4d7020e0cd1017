//! `NullCap`, for which nothing is published but its interface id: calls are made
//! without a typed client.

use crate::failure::{Failure, must};
use alloc::vec;
use capos::syscall::CAP_ENTER_WAIT_FOREVER;
use capos::{CapSet, CapabilityType, ClientError, RuntimeRingClient, decode_completed_call};

enum NullCap {}

impl CapabilityType for NullCap {
    const INTERFACE_ID: u64 = capos_config::NULL_INTERFACE_ID;
}

/// The method does not matter.
const METHOD: u16 = 7;

pub fn empty(ring: &mut RuntimeRingClient<'_>, capset: CapSet) -> Result<(), Failure> {
    call(ring, capset, 0)
}

pub fn small(ring: &mut RuntimeRingClient<'_>, capset: CapSet) -> Result<(), Failure> {
    call(ring, capset, 64)
}

fn call(
    ring: &mut RuntimeRingClient<'_>,
    capset: CapSet,
    parameter_bytes: usize,
) -> Result<(), Failure> {
    let null = capset
        .get_typed::<NullCap>(b"null")
        .map_err(|_| Failure::NotGranted("null"))?;
    let parameters = vec![0; parameter_bytes].into_boxed_slice();
    let call = ring.submit_call(null.cap_id(), METHOD, parameters, vec![].into())?;
    let completion = ring
        .wait(call, CAP_ENTER_WAIT_FOREVER)
        .map_err(ClientError::Ring)?;
    let written = decode_completed_call(&completion)?;
    must!(written == 0, "{written} bytes came back");
    Ok(())
}
