//! `Endpoint`, for which only the ring's operations are published: this program
//! receives and returns, the child calls.

use super::process::CHILD;
use crate::failure::{Failure, must};
use crate::granted;
use alloc::boxed::Box;
use alloc::vec;
use capos::syscall::CAP_ENTER_WAIT_FOREVER;
use capos::{
    ApplicationException, CallId, CapSet, Capability, ClientError, CompletedCall, Endpoint,
    ExceptionType, OwnedCapability, ProcessHandle, ProcessHandleClient, ProcessSpawnerClient,
    RuntimeRingClient, SpawnGrant, SpawnGrantMode, SpawnGrantSource,
};

/// Badge of the child's end.
const BADGE: u64 = 0x7e57;
/// The interface that the child's end appears as, and what the child does with it;
/// the child has the same numbers.
const SERVICE: u64 = 0x8765_4321_0fed_cba9;
const METHOD: u16 = 3;
const REQUEST: &[u8] = b"how many are there?";
const REPLY: &[u8] = b"as many as were granted";
/// What the child exits with when it was answered, and when it was refused.
const ANSWERED: i64 = 0;
const REFUSED: i64 = 1;
/// Room for the header of a received call and its parameters.
const ROOM: usize = 256;

pub fn serve(ring: &mut RuntimeRingClient<'_>, capset: CapSet) -> Result<(), Failure> {
    let endpoint = own_end(capset)?;
    let receiving = receive(ring, endpoint)?;
    let child = start_client(ring, capset, endpoint)?;
    let call_id = received(&wait(ring, receiving)?)?;
    let returning = ring.submit_endpoint_return(endpoint.cap_id(), call_id, Box::from(REPLY))?;
    let result = wait(ring, returning)?.cqe().result;
    must!(result == 0, "RETURN completed with {result}");
    must_end_with(ring, &child, ANSWERED)
}

pub fn exception(ring: &mut RuntimeRingClient<'_>, capset: CapSet) -> Result<(), Failure> {
    let endpoint = own_end(capset)?;
    // The other order: the call is there before anybody receives it, or about to be.
    let child = start_client(ring, capset, endpoint)?;
    let receiving = receive(ring, endpoint)?;
    let call_id = received(&wait(ring, receiving)?)?;
    let overloaded = ApplicationException::new(ExceptionType::Overloaded, "not today".into());
    let returning =
        ring.submit_endpoint_return_exception(endpoint.cap_id(), call_id, overloaded)?;
    let result = wait(ring, returning)?.cqe().result;
    must!(result == 0, "RETURN completed with {result}");
    must_end_with(ring, &child, REFUSED)
}

pub fn cancel(ring: &mut RuntimeRingClient<'_>, capset: CapSet) -> Result<(), Failure> {
    let endpoint = own_end(capset)?;
    let receiving = receive(ring, endpoint)?;
    ring.cancel_endpoint_recv(endpoint.cap_id(), receiving, CAP_ENTER_WAIT_FOREVER)?;
    must!(ring.pending_count() == 0, "something is still pending");
    Ok(())
}

fn own_end(capset: CapSet) -> Result<Capability<Endpoint>, Failure> {
    capset
        .get_typed(b"endpoint")
        .map_err(|_| Failure::NotGranted("endpoint"))
}

fn receive(
    ring: &mut RuntimeRingClient<'_>,
    endpoint: Capability<Endpoint>,
) -> Result<CallId, Failure> {
    let room = vec![0; ROOM].into_boxed_slice();
    Ok(ring.submit_endpoint_recv(endpoint.cap_id(), room)?)
}

fn wait(ring: &mut RuntimeRingClient<'_>, call: CallId) -> Result<CompletedCall, Failure> {
    let completed = ring.wait(call, CAP_ENTER_WAIT_FOREVER);
    Ok(completed.map_err(ClientError::Ring)?)
}

/// The id of a call that is what the child sends.
fn received(completion: &CompletedCall) -> Result<u32, Failure> {
    let message = completion.endpoint_message()?;
    must!(message.params == REQUEST, "received {:?}", message.params);
    must!(message.method_id == METHOD, "method {}", message.method_id);
    must!(
        message.interface_id == SERVICE,
        "interface {:#x}",
        message.interface_id
    );
    must!(message.badge == BADGE, "badge {:#x}", message.badge);
    must!(message.cap_count == 0, "{} capabilities", message.cap_count);
    Ok(message.call_id)
}

fn start_client(
    ring: &mut RuntimeRingClient<'_>,
    capset: CapSet,
    endpoint: Capability<Endpoint>,
) -> Result<OwnedCapability<ProcessHandle>, Failure> {
    let mut spawner: ProcessSpawnerClient = granted(capset, "process_spawner")?;
    let service = SpawnGrant {
        name: "service",
        source: SpawnGrantSource::CapabilityAs {
            capability: endpoint.raw(),
            interface_id: SERVICE,
        },
        mode: SpawnGrantMode::ClientEndpoint,
        badge: BADGE,
    };
    Ok(spawner.spawn_wait(ring, "client", CHILD, &[service], CAP_ENTER_WAIT_FOREVER)?)
}

fn must_end_with(
    ring: &mut RuntimeRingClient<'_>,
    child: &OwnedCapability<ProcessHandle>,
    expected: i64,
) -> Result<(), Failure> {
    let mut handle = ProcessHandleClient::new(child.capability());
    let code = handle.wait_wait(ring, CAP_ENTER_WAIT_FOREVER)?;
    must!(code == expected, "the child exited with {code}");
    Ok(())
}
