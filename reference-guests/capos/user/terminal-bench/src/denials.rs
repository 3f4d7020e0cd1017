//! What this program must not be able to do, tried and denied.

use crate::sessions::{ACCOUNT, PASSWORD};
use guest_benchmark::denied;
use guest_benchmark::runtime::abi::capos_capnp::ExceptionType;
use guest_benchmark::runtime::abi::interface::{
    AUTHORITY_BROKER, PROCESS_SPAWNER, RESTRICTED_LAUNCHER, SESSION_MANAGER,
};
use guest_benchmark::runtime::abi::ring::result;
use guest_benchmark::runtime::call::{CallError, release};
use guest_benchmark::runtime::capset;
use guest_benchmark::runtime::measure::MeasureControl;
use guest_benchmark::runtime::ring::Ring;
use guest_benchmark::runtime::session::{AuthorityBroker, SessionManager};

const FAILED: CallError = CallError::Exception(ExceptionType::Failed);
const INVALID: CallError = CallError::Exception(ExceptionType::InvalidArgument);
const REVOKED: CallError = CallError::Code(result::INVOKE_FAILED);

/// Tries each, and reports those that were denied.
pub fn prove(ring: &mut Ring, control: MeasureControl) -> Result<(), &'static str> {
    let manager = SessionManager::find().ok_or("no session manager")?;
    let broker = AuthorityBroker::find().ok_or("no broker")?;

    let wrong = manager.login(ring, ACCOUNT, b"wrong").err();
    if wrong != Some(FAILED) {
        return Err("logging in with another password");
    }
    denied(
        ring,
        control,
        "wrong-credential",
        SESSION_MANAGER,
        "exception failed",
    )?;

    let session = manager.login(ring, ACCOUNT, PASSWORD);
    let session = session.map_err(|_| "logging in failed")?;
    let other = broker.shell_bundle(ring, session, "guest").err();
    if other != Some(FAILED) {
        return Err("another profile's bundle");
    }
    denied(
        ring,
        control,
        "other-profile",
        AUTHORITY_BROKER,
        "exception failed",
    )?;

    let bundle = broker.shell_bundle(ring, session, ACCOUNT);
    let bundle = bundle.map_err(|_| "no bundle")?;
    let undeclared = bundle.launcher.spawn(ring, "x", "init", &[]).err();
    if undeclared != Some(INVALID) {
        return Err("starting a binary that the profile does not name");
    }
    denied(
        ring,
        control,
        "undeclared-binary",
        RESTRICTED_LAUNCHER,
        "exception invalidArgument",
    )?;

    session.logout(ring).map_err(|_| "not logged out")?;
    if bundle.launcher.binaries(ring).err() != Some(REVOKED) {
        return Err("using a bundle after logging out");
    }
    denied(
        ring,
        control,
        "ended-session",
        RESTRICTED_LAUNCHER,
        "-4 INVOKE_FAILED",
    )?;
    for cap_id in [
        bundle.launcher.0,
        bundle.session.0,
        bundle.system.0,
        session.0,
    ] {
        release(ring, cap_id).map_err(|_| "not released")?;
    }

    // Starting whatever one likes is for whoever was granted the spawner.
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
