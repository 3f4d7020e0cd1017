//! Logging in, and what a session opens.

use crate::call::{Answer, CallError, Parameters, call, call_raw};
use crate::capset;
use crate::platform::VOID;
use crate::process::{Grant, spawn_parameters};
use crate::ring::Ring;
use alloc::string::String;
use alloc::vec::Vec;
use guest_abi::capos_capnp::{
    AuthStrength, CredentialCheckStatus, LoginSelectorKind, PrincipalKind,
    authority_broker_bundle_params, authority_broker_bundle_results,
    credential_store_create_params, credential_store_create_results,
    credential_store_policy_results, credential_store_status_results,
    credential_store_verify_params, credential_store_verify_results,
    restricted_launcher_list_binaries_results, restricted_launcher_spawn_results,
    session_manager_login_params, session_manager_login_results, system_info_hostname_results,
    system_info_motd_results, user_session_audit_context_results, user_session_info_results,
};
use guest_abi::interface::{AUTHORITY_BROKER, CREDENTIAL_STORE, SESSION_MANAGER};

/// The console's password.
#[derive(Clone, Copy, Debug)]
pub struct CredentialStore(pub u32);

impl CredentialStore {
    /// The `credentials` grant.
    pub fn find() -> Option<Self> {
        capset::find("credentials", CREDENTIAL_STORE).map(Self)
    }

    /// Whether there is a password, and whether it is gone with the next boot.
    pub fn status(self, ring: &mut Ring) -> Result<(bool, bool), CallError> {
        let answer = call_raw(ring, self.0, 0, &VOID)?;
        let message = answer.message()?;
        let root = message.get_root::<credential_store_status_results::Reader<'_>>()?;
        Ok((root.get_configured(), root.get_volatile()))
    }

    /// Checks an attempt.
    pub fn verify(
        self,
        ring: &mut Ring,
        attempt: &[u8],
    ) -> Result<CredentialCheckStatus, CallError> {
        let mut parameters = Parameters::new_default();
        parameters
            .init_root::<credential_store_verify_params::Builder<'_>>()
            .set_password(attempt);
        let answer = call(ring, self.0, 1, &parameters)?;
        let message = answer.message()?;
        let root = message.get_root::<credential_store_verify_results::Reader<'_>>()?;
        root.get_status().map_err(|_| CallError::BadAnswer)
    }

    /// Whether a shell may run without a password.
    pub fn allows_development_shell(self, ring: &mut Ring) -> Result<bool, CallError> {
        let answer = call_raw(ring, self.0, 2, &VOID)?;
        let message = answer.message()?;
        let root = message.get_root::<credential_store_policy_results::Reader<'_>>()?;
        Ok(root.get_development_shell_allowed())
    }

    /// Sets the first password: whether there is one then, and as `status`.
    pub fn create(self, ring: &mut Ring, password: &[u8]) -> Result<(bool, bool), CallError> {
        let mut parameters = Parameters::new_default();
        parameters
            .init_root::<credential_store_create_params::Builder<'_>>()
            .set_password(password);
        let answer = call(ring, self.0, 3, &parameters)?;
        let message = answer.message()?;
        let root = message.get_root::<credential_store_create_results::Reader<'_>>()?;
        Ok((root.get_configured(), root.get_volatile()))
    }
}

/// Makes sessions.
#[derive(Clone, Copy, Debug)]
pub struct SessionManager(pub u32);

impl SessionManager {
    /// The `sessions` grant.
    pub fn find() -> Option<Self> {
        capset::find("sessions", SESSION_MANAGER).map(Self)
    }

    /// Logs in to an account with its password.
    pub fn login(
        self,
        ring: &mut Ring,
        account: &str,
        password: &[u8],
    ) -> Result<UserSession, CallError> {
        let answer = call(ring, self.0, 0, &login_parameters(account, password))?;
        session_of(&answer)
    }

    /// A guest's session.
    pub fn guest(self, ring: &mut Ring) -> Result<UserSession, CallError> {
        session_of(&call_raw(ring, self.0, 1, &VOID)?)
    }

    /// A session of nobody in particular.
    pub fn anonymous(self, ring: &mut Ring) -> Result<UserSession, CallError> {
        session_of(&call_raw(ring, self.0, 2, &VOID)?)
    }
}

/// Parameters of `login` with a password.
pub fn login_parameters(account: &str, password: &[u8]) -> Parameters {
    let mut parameters = Parameters::new_default();
    let mut root = parameters.init_root::<session_manager_login_params::Builder<'_>>();
    root.set_method("password");
    root.set_proof(password);
    let mut selector = root.reborrow().init_selector();
    selector.set_kind(LoginSelectorKind::AccountName);
    selector.set_value(account.as_bytes());
    root.init_source().set_source("terminal");
    parameters
}

fn session_of(answer: &Answer) -> Result<UserSession, CallError> {
    let message = answer.message()?;
    let root = message.get_root::<session_manager_login_results::Reader<'_>>()?;
    let session = answer.capability(root.get_session_index())?;
    Ok(UserSession(session))
}

/// Who is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// The session.
    pub id: Vec<u8>,
    /// The user.
    pub principal: Vec<u8>,
    /// What kind of user.
    pub kind: PrincipalKind,
    /// How well that is proven.
    pub strength: AuthStrength,
    /// What it may ask the broker for.
    pub profile: String,
}

/// A session.
#[derive(Clone, Copy, Debug)]
pub struct UserSession(pub u32);

impl UserSession {
    /// Who is logged in.
    pub fn info(self, ring: &mut Ring) -> Result<Info, CallError> {
        let answer = call_raw(ring, self.0, 0, &VOID)?;
        let message = answer.message()?;
        let root = message.get_root::<user_session_info_results::Reader<'_>>()?;
        let info = root.get_info()?;
        let principal = info.get_principal()?;
        let unknown = |_| CallError::BadAnswer;
        Ok(Info {
            id: info.get_session_id()?.to_vec(),
            principal: principal.get_id()?.to_vec(),
            kind: principal.get_kind().map_err(unknown)?,
            strength: info.get_auth_strength().map_err(unknown)?,
            profile: text(info.get_profile()?)?,
        })
    }

    /// Ids of session and user.
    pub fn audit_context(self, ring: &mut Ring) -> Result<(Vec<u8>, Vec<u8>), CallError> {
        let answer = call_raw(ring, self.0, 1, &VOID)?;
        let message = answer.message()?;
        let root = message.get_root::<user_session_audit_context_results::Reader<'_>>()?;
        Ok((
            root.get_session_id()?.to_vec(),
            root.get_principal_id()?.to_vec(),
        ))
    }

    /// Ends it, and everything that it gave.
    pub fn logout(self, ring: &mut Ring) -> Result<(), CallError> {
        // The one method without results that answers with a message.
        call_raw(ring, self.0, 2, &VOID)?.message().map(|_| ())
    }
}

/// What a session's profile declares.
#[derive(Clone, Copy, Debug)]
pub struct Bundle {
    /// Starts programs.
    pub launcher: Launcher,
    /// The session.
    pub session: UserSession,
    /// What the system is called.
    pub system: SystemInfo,
    /// How many endpoints of services came along.
    pub endpoints: u32,
}

/// Gives sessions their bundles.
#[derive(Clone, Copy, Debug)]
pub struct AuthorityBroker(pub u32);

impl AuthorityBroker {
    /// The `broker` grant.
    pub fn find() -> Option<Self> {
        capset::find("broker", AUTHORITY_BROKER).map(Self)
    }

    /// What a shell gets.
    pub fn shell_bundle(
        self,
        ring: &mut Ring,
        session: UserSession,
        profile: &str,
    ) -> Result<Bundle, CallError> {
        self.bundle(ring, 0, session, profile)
    }

    /// What a remote client gets.
    pub fn remote_client_bundle(
        self,
        ring: &mut Ring,
        session: UserSession,
        profile: &str,
    ) -> Result<Bundle, CallError> {
        self.bundle(ring, 1, session, profile)
    }

    fn bundle(
        self,
        ring: &mut Ring,
        method: u16,
        session: UserSession,
        profile: &str,
    ) -> Result<Bundle, CallError> {
        let answer = call(ring, self.0, method, &bundle_parameters(session, profile))?;
        let message = answer.message()?;
        let root = message.get_root::<authority_broker_bundle_results::Reader<'_>>()?;
        Ok(Bundle {
            launcher: Launcher(answer.capability(root.get_launcher_index())?),
            session: UserSession(answer.capability(root.get_session_index())?),
            system: SystemInfo(answer.capability(root.get_system_info_index())?),
            endpoints: root.get_service_endpoints()?.len(),
        })
    }
}

/// Parameters of the broker's methods.
pub fn bundle_parameters(session: UserSession, profile: &str) -> Parameters {
    let mut parameters = Parameters::new_default();
    let mut root = parameters.init_root::<authority_broker_bundle_params::Builder<'_>>();
    root.set_session_cap_id(session.0);
    root.set_profile(profile);
    parameters
}

/// Starts the binaries of a profile.
#[derive(Clone, Copy, Debug)]
pub struct Launcher(pub u32);

impl Launcher {
    /// Starts one: its process handle.
    pub fn spawn(
        self,
        ring: &mut Ring,
        name: &str,
        binary: &str,
        grants: &[Grant<'_>],
    ) -> Result<u32, CallError> {
        let answer = call(ring, self.0, 0, &spawn_parameters(name, binary, grants))?;
        let message = answer.message()?;
        let root = message.get_root::<restricted_launcher_spawn_results::Reader<'_>>()?;
        answer.capability(root.get_handle_index())
    }

    /// What it can start.
    pub fn binaries(self, ring: &mut Ring) -> Result<Vec<String>, CallError> {
        let answer = call_raw(ring, self.0, 1, &VOID)?;
        let message = answer.message()?;
        let root = message.get_root::<restricted_launcher_list_binaries_results::Reader<'_>>()?;
        let names = root.get_names()?;
        names.iter().map(|name| text(name?)).collect()
    }
}

/// What the system is called.
#[derive(Clone, Copy, Debug)]
pub struct SystemInfo(pub u32);

impl SystemInfo {
    /// The message of the day.
    pub fn motd(self, ring: &mut Ring) -> Result<String, CallError> {
        let answer = call_raw(ring, self.0, 0, &VOID)?;
        let message = answer.message()?;
        let root = message.get_root::<system_info_motd_results::Reader<'_>>()?;
        text(root.get_text()?)
    }

    /// The host's name.
    pub fn hostname(self, ring: &mut Ring) -> Result<String, CallError> {
        let answer = call_raw(ring, self.0, 1, &VOID)?;
        let message = answer.message()?;
        let root = message.get_root::<system_info_hostname_results::Reader<'_>>()?;
        text(root.get_name()?)
    }
}

fn text(reader: capnp::text::Reader<'_>) -> Result<String, CallError> {
    let text = reader.to_str().map_err(|_| CallError::BadAnswer)?;
    Ok(text.into())
}
