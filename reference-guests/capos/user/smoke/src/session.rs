//! Logging in opens what the profile declares, and logging out closes it.

use crate::smoke::{Found, Smoke, ensure};
use guest_benchmark::Refusal;
use guest_benchmark::runtime::abi::capos_capnp::{ExceptionType, PrincipalKind};
use guest_benchmark::runtime::abi::ring::result;
use guest_benchmark::runtime::call::{CallError, release};
use guest_benchmark::runtime::ring::Ring;
use guest_benchmark::runtime::session::{AuthorityBroker, SessionManager};

/// The account, whose profile has the same name, and its password: the manifest holds
/// the verifier.
const ACCOUNT: &str = "operator";
const PASSWORD: &[u8] = b"correct horse battery staple";
/// What the profile's launcher starts, as the manifest declares it.
const BINARIES: [&str; 1] = ["leaf"];

/// One session, from login to logout.
pub struct Login {
    manager: SessionManager,
    broker: AuthorityBroker,
}

impl Login {
    /// With what was granted.
    pub fn find() -> Result<Self, Refusal> {
        Ok(Self {
            manager: SessionManager::find().ok_or(Refusal::NotGranted)?,
            broker: AuthorityBroker::find().ok_or(Refusal::NotGranted)?,
        })
    }
}

impl Smoke for Login {
    /// A wrong login and a right one, who it is, the bundle, its binaries, the logout,
    /// two refusals, four releases.
    fn own(&self) -> u32 {
        2 + 1 + 2 + 1 + 2 + 4
    }

    fn run(&mut self, ring: &mut Ring, wrong: bool) -> Found {
        let denied = self.manager.login(ring, ACCOUNT, b"wrong").err();
        let session = self.manager.login(ring, ACCOUNT, PASSWORD);
        let session = session.map_err(|_| "not logged in")?;
        let info = session.info(ring);
        let bundle = self.broker.shell_bundle(ring, session, ACCOUNT);
        let bundle = bundle.map_err(|_| "no bundle")?;
        let binaries = bundle.launcher.binaries(ring);
        let logged_out = session.logout(ring);
        let launcher = bundle.launcher.binaries(ring).err();
        let system = bundle.system.hostname(ring).err();
        for cap_id in [
            bundle.launcher.0,
            bundle.session.0,
            bundle.system.0,
            session.0,
        ] {
            release(ring, cap_id).map_err(|_| "not released")?;
        }

        let failed = CallError::Exception(ExceptionType::Failed);
        ensure(denied == Some(failed), "another password logs in")?;
        let kind = if wrong {
            PrincipalKind::Guest
        } else {
            PrincipalKind::Operator
        };
        let is_operator = info.is_ok_and(|info| info.kind == kind && info.profile == ACCOUNT);
        ensure(is_operator, "somebody else is logged in")?;
        let declared = binaries.is_ok_and(|binaries| binaries == BINARIES);
        ensure(declared, "the bundle is not what the profile declares")?;
        logged_out.map_err(|_| "not logged out")?;
        let revoked = Some(CallError::Code(result::INVOKE_FAILED));
        ensure(
            launcher == revoked && system == revoked,
            "logging out left a capability of the bundle",
        )
    }
}
