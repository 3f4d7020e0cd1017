//! `ProcessSpawner`, `ProcessHandle` and `CapabilityManager`.

use crate::failure::{Failure, must, must_be_refused};
use crate::granted;
use alloc::vec::Vec;
use capos::syscall::CAP_ENTER_WAIT_FOREVER;
use capos::{
    CONSOLE_INTERFACE_ID, CapSet, CapabilityManagerClient, Console, KernelCapSource,
    PRESERVE_CLIENT_ENDPOINT_BADGE, ProcessHandleClient, ProcessSpawnerClient, RuntimeRingClient,
    SpawnGrant, SpawnGrantMode, SpawnGrantSource, TIMER_INTERFACE_ID,
};

/// The binary of the child, as the boot image calls it.
pub const CHILD: &str = "typed-child";
/// What the child exits with when it finds no endpoint.
const CHILD_EXIT: i64 = 42;
/// A child with a timer of this name sleeps until it is terminated.
const SLEEPS: &str = "sleeps";

pub fn spawn(ring: &mut RuntimeRingClient<'_>, capset: CapSet) -> Result<(), Failure> {
    let mut spawner: ProcessSpawnerClient = granted(capset, "process_spawner")?;
    let grants = grants(capset, "timer")?;
    let child = spawner.spawn_wait(ring, "child", CHILD, &grants, CAP_ENTER_WAIT_FOREVER)?;
    let mut handle = ProcessHandleClient::new(child.capability());
    let code = handle.wait_wait(ring, CAP_ENTER_WAIT_FOREVER)?;
    must!(code == CHILD_EXIT, "the child exited with {code}");
    Ok(())
}

pub fn wait_again(ring: &mut RuntimeRingClient<'_>, capset: CapSet) -> Result<(), Failure> {
    let mut spawner: ProcessSpawnerClient = granted(capset, "process_spawner")?;
    let child = spawner.spawn_wait(ring, "child", CHILD, &[], CAP_ENTER_WAIT_FOREVER)?;
    let mut handle = ProcessHandleClient::new(child.capability());
    let first = handle.wait_wait(ring, CAP_ENTER_WAIT_FOREVER)?;
    let second = handle.wait_wait(ring, CAP_ENTER_WAIT_FOREVER)?;
    must!(first == second, "{first}, then {second}");
    Ok(())
}

pub fn unknown(ring: &mut RuntimeRingClient<'_>, capset: CapSet) -> Result<(), Failure> {
    let mut spawner: ProcessSpawnerClient = granted(capset, "process_spawner")?;
    let answer = spawner.spawn_wait(ring, "child", "no-such", &[], CAP_ENTER_WAIT_FOREVER);
    must_be_refused(answer, None)
}

pub fn terminate(ring: &mut RuntimeRingClient<'_>, capset: CapSet) -> Result<(), Failure> {
    let mut spawner: ProcessSpawnerClient = granted(capset, "process_spawner")?;
    let sleeper = grants(capset, SLEEPS)?;
    let child = spawner.spawn_wait_with_parent_endpoints(
        ring,
        "child",
        CHILD,
        &sleeper,
        CAP_ENTER_WAIT_FOREVER,
    )?;
    must!(
        child.parent_endpoints.is_empty(),
        "{} endpoints that nobody asked for",
        child.parent_endpoints.len()
    );
    let mut manager = CapabilityManagerClient::new(child.capability_manager.capability());
    let held = manager.list_wait(ring, CAP_ENTER_WAIT_FOREVER)?;
    let interfaces: Vec<u64> = held.iter().map(|cap| cap.interface_id).collect();
    let expected = [CONSOLE_INTERFACE_ID, TIMER_INTERFACE_ID];
    must!(interfaces == expected, "it holds {interfaces:x?}");
    let mut handle = ProcessHandleClient::new(child.handle.capability());
    handle.terminate_wait(ring, CAP_ENTER_WAIT_FOREVER)?;
    let code = handle.wait_wait(ring, CAP_ENTER_WAIT_FOREVER)?;
    must!(code != CHILD_EXIT, "the child exited by itself");
    Ok(())
}

/// The parent's console, and a timer of the kernel's under this name.
fn grants(capset: CapSet, timer: &'static str) -> Result<[SpawnGrant<'static>; 2], Failure> {
    let console = capset
        .get_typed::<Console>(b"console")
        .map_err(|_| Failure::NotGranted("console"))?;
    Ok([
        SpawnGrant {
            name: "console",
            source: SpawnGrantSource::Capability(console.raw()),
            mode: SpawnGrantMode::Raw,
            badge: PRESERVE_CLIENT_ENDPOINT_BADGE,
        },
        SpawnGrant {
            name: timer,
            source: SpawnGrantSource::Kernel(KernelCapSource::Timer),
            mode: SpawnGrantMode::Raw,
            badge: PRESERVE_CLIENT_ENDPOINT_BADGE,
        },
    ])
}
