//! `SessionManager`: a session for a user who proves an identity.
//!
//! *Chosen*: one account, `operator`, whose proof is the console password; guests and
//! anonymous users need no proof; a session's profile is named as its account. A
//! refusal is the exception `failed` and does not distinguish a wrong name from a wrong
//! password. Other ways to log in are `unimplemented`.

use super::exception::Exception;
use super::interface::{Interface, Methods};
use super::message::{Encoder, Message, root_words};
use super::user_session::{Principal, Session};
use super::{CallError, Context, Object, Reply};
use crate::measure::audit::{Event, Outcome};
use guest_abi::boot_image::BootImage;
use guest_abi::capos_capnp::{
    AuthStrength, LoginSelectorKind, PrincipalKind, session_manager_login_params,
    session_manager_login_results,
};
use guest_abi::interface::{self, KernelSource, USER_SESSION};
use guest_abi::ring::ResultCap;
use kernel_core::capability_table::{Hold, TransferMode};
use kernel_core::password::{Check, Password};
use kernel_core::profiles::Profiles;

/// The interface.
pub const INTERFACE: Interface = Interface {
    index: 22,
    id: interface::SESSION_MANAGER,
    name: "SessionManager",
    // The published `sshPublicKey` follows them, which this kernel does not have.
    methods: Methods::Named(&["login", "guest", "anonymous"]),
    source: KernelSource::SessionManager.name(),
    is_for_measuring: false,
};

/// Bytes of the result message: table, root pointer, one word.
const RESULT_LENGTH: usize = 24;
/// The one way to log in.
const METHOD: &str = "password";

const OPERATOR: Principal = Principal {
    kind: PrincipalKind::Operator,
    name: "operator",
    strength: AuthStrength::Password,
};
const GUEST: Principal = Principal {
    kind: PrincipalKind::Guest,
    name: "guest",
    strength: AuthStrength::None,
};
const ANONYMOUS: Principal = Principal {
    kind: PrincipalKind::Anonymous,
    name: "anonymous",
    strength: AuthStrength::None,
};

/// Who may log in, and what that opens: the boot manifest's kernel parameters.
pub struct Accounts {
    /// The operator's: `console_password`, a verifier.
    pub password: Password,
    /// What sessions may have: `session_profiles`.
    pub profiles: Profiles,
    /// Whether a shell may run without a password: `development_shell = "allowed"`.
    pub development_shell: bool,
    sessions: u64,
}

impl Accounts {
    /// As the manifest says.
    pub fn new(image: &BootImage<'_>) -> Self {
        let password = image.parameter("console_password").map(|verifier| {
            Password::from_verifier(verifier)
                .unwrap_or_else(|error| panic!("console_password is unusable: {error:?}"))
        });
        let profiles = image.parameter("session_profiles").unwrap_or_default();
        Self {
            password: password.unwrap_or_default(),
            profiles: Profiles::parse(profiles)
                .unwrap_or_else(|error| panic!("session_profiles: {error:?}: {profiles:?}")),
            development_shell: image.parameter("development_shell") == Some("allowed"),
            sessions: 0,
        }
    }
}

/// A decoded call.
#[derive(Debug)]
pub enum Request<'m> {
    /// `login`.
    Login {
        /// In which way.
        method: &'m str,
        /// Whether the account is named, and not its principal.
        by_name: bool,
        /// Which account.
        account: &'m [u8],
        /// The password.
        proof: &'m [u8],
        /// Where from.
        source: &'m str,
    },
    /// `guest`.
    Guest,
    /// `anonymous`.
    Anonymous,
}

/// The typed call.
pub fn decode<'m>(method: u16, message: &'m Message<'m>) -> Result<Request<'m>, Exception> {
    Ok(match method {
        0 => {
            let params: session_manager_login_params::Reader<'m> = message.root()?;
            let selector = params.get_selector()?;
            Request::Login {
                method: params.get_method()?.to_str()?,
                by_name: selector.get_kind() == Ok(LoginSelectorKind::AccountName),
                account: selector.get_value()?,
                proof: params.get_proof()?,
                source: params.get_source()?.get_source()?.to_str()?,
            }
        }
        1 => Request::Guest,
        _ => Request::Anonymous,
    })
}

/// The method body.
pub fn invoke(request: Request<'_>, context: &mut Context<'_>) -> Result<Reply, Exception> {
    // A session that could not be reported must not begin.
    if (context.waiter.result_len as usize) < RESULT_LENGTH + size_of::<ResultCap>() {
        return Err(Exception::invalid_argument(
            "the result buffer is too small",
        ));
    }
    if context.caller.capabilities.room() < 1 {
        return Err(Exception::overloaded("no room for the session"));
    }
    match request {
        Request::Login {
            method,
            by_name,
            account,
            proof,
            source,
        } => {
            if method != METHOD {
                return Err(Exception::unimplemented("no such way to log in"));
            }
            // The proof is checked whatever the name: a wrong one takes as long.
            let check = context.kernel.accounts.password.check(proof);
            let known = by_name && account == OPERATOR.name.as_bytes();
            match check {
                Check::Right if known => Ok(begin(OPERATOR, source, context)),
                Check::Unavailable => {
                    audit(context, Outcome::Unavailable, OPERATOR.name, source);
                    Err(Exception::failed("no password is configured"))
                }
                Check::Right | Check::Wrong => {
                    audit(context, Outcome::Denied, OPERATOR.name, source);
                    Err(Exception::failed("login denied"))
                }
            }
        }
        Request::Guest => Ok(begin(GUEST, "", context)),
        Request::Anonymous => Ok(begin(ANONYMOUS, "", context)),
    }
}

/// Begins a session; the caller's table has room.
fn begin(principal: Principal, source: &str, context: &mut Context<'_>) -> Reply {
    let now = context.kernel.clock.now();
    let accounts = &mut context.kernel.accounts;
    accounts.sessions += 1;
    let session = Session::begin(accounts.sessions, principal, now);
    let hold = Hold::new(
        Object::UserSession(session.clone()),
        USER_SESSION,
        TransferMode::Copy,
    );
    session.gives(&hold);
    audit(context, Outcome::Ok, principal.name, source);
    Reply::LoggedIn(context.caller.give(hold))
}

fn audit(context: &mut Context<'_>, outcome: Outcome, account: &str, source: &str) {
    let now = context.kernel.clock.now();
    let pid = context.caller.pid;
    let subject = || match source {
        "" => account.into(),
        _ => [account, " from ", source].concat(),
    };
    let audit = &mut context.kernel.audit;
    audit.record(now, pid, Event::Login, outcome, subject);
}

/// The result message: the index points to the record behind it.
pub fn encode(session: ResultCap, encoder: &mut Encoder<'_>) -> Result<usize, CallError> {
    encoder.write(
        root_words::<session_manager_login_results::Builder<'_>>(),
        &[session],
        |builder| {
            let mut root = builder.init_root::<session_manager_login_results::Builder<'_>>();
            root.set_session_index(0);
        },
    )
}
