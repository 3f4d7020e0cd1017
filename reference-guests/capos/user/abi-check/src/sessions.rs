//! Logging in, what that opens, and that it closes.

use crate::{Check, Context, ensure};
use guest_runtime::abi::capos_capnp::process_handle_wait_results;
use guest_runtime::abi::capos_capnp::{
    AuthStrength, CredentialCheckStatus, ExceptionType, PrincipalKind,
};
use guest_runtime::abi::interface::KernelSource;
use guest_runtime::abi::ring::result;
use guest_runtime::call::{CallError, call_raw, release};
use guest_runtime::platform::VOID;
use guest_runtime::process::Grant;
use guest_runtime::session::{Bundle, UserSession};

pub const CHECKS: &[Check] = &[
    ("the first password can be set, and only once", password),
    ("only the password logs in", login),
    ("a key logs nobody in", login_by_key),
    ("a session knows whose it is", info),
    ("a bundle is what the profile declares", bundle),
    ("a launcher starts what the profile names", launcher),
    ("a session gets no other profile's bundle", other_profile),
    ("logging out takes everything back", logout),
];

const PASSWORD: &[u8] = b"correct horse";

const FAILED: CallError = CallError::Exception(ExceptionType::Failed);
const INVALID: CallError = CallError::Exception(ExceptionType::InvalidArgument);
const UNIMPLEMENTED: CallError = CallError::Exception(ExceptionType::Unimplemented);
const REVOKED: CallError = CallError::Code(result::INVOKE_FAILED);

fn password(context: &mut Context) -> Result<(), &'static str> {
    let (credentials, ring) = (context.credentials, &mut context.ring);
    ensure(credentials.status(ring) == Ok((false, false)), "configured")?;
    ensure(
        credentials.verify(ring, b"") == Ok(CredentialCheckStatus::Unavailable),
        "verified what there is not",
    )?;
    ensure(
        context.sessions.login(ring, "operator", b"").err() == Some(FAILED),
        "logged in without a password",
    )?;
    ensure(
        credentials.create(ring, b"") == Err(INVALID),
        "an empty one",
    )?;
    ensure(
        credentials.create(ring, PASSWORD) == Ok((true, true)),
        "not set",
    )?;
    ensure(credentials.create(ring, b"x") == Err(FAILED), "set twice")?;
    ensure(credentials.status(ring) == Ok((true, true)), "forgotten")?;
    ensure(
        credentials.verify(ring, PASSWORD) == Ok(CredentialCheckStatus::Success),
        "not the password",
    )?;
    ensure(
        credentials.verify(ring, b"correct horsf") == Ok(CredentialCheckStatus::Denied),
        "another password",
    )?;
    ensure(
        credentials.allows_development_shell(ring) == Ok(false),
        "a shell without a password",
    )
}

fn operator(context: &mut Context) -> Result<UserSession, &'static str> {
    let session = context
        .sessions
        .login(&mut context.ring, "operator", PASSWORD);
    session.map_err(|_| "not logged in")
}

fn login(context: &mut Context) -> Result<(), &'static str> {
    let (sessions, ring) = (context.sessions, &mut context.ring);
    for (account, proof) in [
        ("operator", &b"wrong"[..]),
        ("operator", b""),
        ("root", PASSWORD),
        ("", PASSWORD),
    ] {
        let denied = sessions.login(ring, account, proof).err();
        ensure(denied == Some(FAILED), "somebody else logged in")?;
    }
    let session = operator(context)?;
    release(&mut context.ring, session.0).map_err(|_| "not released")
}

/// The published `sshPublicKey`, which this kernel does not have.
fn login_by_key(context: &mut Context) -> Result<(), &'static str> {
    const SSH_PUBLIC_KEY: u16 = 3;
    let manager = context.sessions.0;
    let answer = call_raw(&mut context.ring, manager, SSH_PUBLIC_KEY, &VOID);
    ensure(
        answer.err() == Some(UNIMPLEMENTED),
        "a session without a proof",
    )
}

fn info(context: &mut Context) -> Result<(), &'static str> {
    let session = operator(context)?;
    let ring = &mut context.ring;
    let info = session.info(ring).map_err(|_| "no info")?;
    ensure(
        info.kind == PrincipalKind::Operator && info.strength == AuthStrength::Password,
        "another user",
    )?;
    ensure(info.profile == "operator", "another profile")?;
    let ids = session.audit_context(ring).map_err(|_| "no context")?;
    ensure(ids == (info.id, info.principal), "other ids")?;
    let other = context.sessions.guest(ring).map_err(|_| "no guest")?;
    let guest = other.info(ring).map_err(|_| "no info")?;
    ensure(
        guest.kind == PrincipalKind::Guest && guest.strength == AuthStrength::None,
        "not a guest",
    )?;
    ensure(guest.id != ids.0, "two sessions of one id")?;
    release(ring, other.0).map_err(|_| "not released")?;
    release(ring, session.0).map_err(|_| "not released")
}

fn operators_bundle(context: &mut Context) -> Result<(UserSession, Bundle), &'static str> {
    let session = operator(context)?;
    let bundle = context
        .broker
        .shell_bundle(&mut context.ring, session, "operator");
    Ok((session, bundle.map_err(|_| "no bundle")?))
}

fn bundle(context: &mut Context) -> Result<(), &'static str> {
    let (session, bundle) = operators_bundle(context)?;
    let ring = &mut context.ring;
    ensure(bundle.endpoints == 0, "endpoints of no service")?;
    let binaries = bundle.launcher.binaries(ring).map_err(|_| "no list")?;
    ensure(binaries == ["abi-check"], "other binaries")?;
    ensure(
        bundle.system.hostname(ring).as_deref() == Ok("abi-check-host"),
        "another host",
    )?;
    ensure(
        bundle.system.motd(ring).as_deref() == Ok("checked"),
        "another message",
    )?;
    let info = bundle.session.info(ring).map_err(|_| "no info")?;
    ensure(Ok(info) == session.info(ring), "another session")?;
    session.logout(ring).map_err(|_| "not logged out")
}

fn launcher(context: &mut Context) -> Result<(), &'static str> {
    let (session, bundle) = operators_bundle(context)?;
    let null = context.null;
    let ring = &mut context.ring;
    let held = [Grant::held("exit", null)];
    let mut spawn = |binary: &str, grants: &[Grant<'_>]| {
        bundle.launcher.spawn(ring, "launched", binary, grants)
    };
    ensure(spawn("init", &held) == Err(INVALID), "another binary")?;
    let from_the_kernel = [Grant::kernel("exit", KernelSource::Null)];
    ensure(
        spawn("abi-check", &from_the_kernel) == Err(INVALID),
        "more than its holder has",
    )?;
    let handle = spawn("abi-check", &held).map_err(|_| "not started")?;
    let answer = call_raw(ring, handle, 0, &VOID).map_err(|_| "no exit code")?;
    let message = answer.message().map_err(|_| "no message")?;
    let code = message.get_root::<process_handle_wait_results::Reader<'_>>();
    let code = code.map_err(|_| "no results")?.get_exit_code();
    ensure(code == 7, "another exit code")?;
    release(ring, handle).map_err(|_| "not released")?;
    session.logout(ring).map_err(|_| "not logged out")
}

fn other_profile(context: &mut Context) -> Result<(), &'static str> {
    let session = operator(context)?;
    let (broker, ring) = (context.broker, &mut context.ring);
    let mut ask = |session, profile| broker.shell_bundle(ring, session, profile).err();
    ensure(ask(session, "guest") == Some(FAILED), "a guest's")?;
    ensure(ask(session, "") == Some(FAILED), "nobody's")?;
    let no_session = UserSession(context.null);
    ensure(
        ask(no_session, "operator") == Some(INVALID),
        "without a session",
    )?;
    session.logout(ring).map_err(|_| "not logged out")?;
    // Nothing is declared for these.
    let nobody = context.sessions.anonymous(ring).map_err(|_| "no session")?;
    let refused = broker.remote_client_bundle(ring, nobody, "anonymous").err();
    ensure(refused == Some(FAILED), "a bundle of nobody's")?;
    let guest = context.sessions.guest(ring).map_err(|_| "no guest")?;
    let bundle = broker.remote_client_bundle(ring, guest, "guest");
    let bundle = bundle.map_err(|_| "no bundle of a guest's")?;
    let binaries = bundle.launcher.binaries(ring).map_err(|_| "no list")?;
    ensure(binaries.is_empty(), "a guest starts programs")?;
    nobody.logout(ring).map_err(|_| "not logged out")?;
    guest.logout(ring).map_err(|_| "not logged out")
}

fn logout(context: &mut Context) -> Result<(), &'static str> {
    let (session, bundle) = operators_bundle(context)?;
    let (other, others) = operators_bundle(context)?;
    let ring = &mut context.ring;
    session.logout(ring).map_err(|_| "not logged out")?;
    ensure(session.info(ring) == Err(REVOKED), "the session is there")?;
    ensure(session.logout(ring) == Err(REVOKED), "ended twice")?;
    ensure(
        bundle.session.info(ring) == Err(REVOKED),
        "the bundle's session is there",
    )?;
    ensure(
        bundle.launcher.binaries(ring) == Err(REVOKED),
        "the launcher is there",
    )?;
    ensure(
        bundle.system.hostname(ring) == Err(REVOKED),
        "the system's names are there",
    )?;
    let again = context.broker.shell_bundle(ring, session, "operator");
    ensure(again.err() == Some(INVALID), "a bundle of an ended session")?;
    // Another session's is still there, and what was revoked can be given up.
    ensure(others.launcher.binaries(ring).is_ok(), "another's is gone")?;
    for id in [
        session.0,
        bundle.session.0,
        bundle.launcher.0,
        bundle.system.0,
    ] {
        release(ring, id).map_err(|_| "not released")?;
    }
    other.logout(ring).map_err(|_| "not logged out")
}
