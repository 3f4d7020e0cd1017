//! `CredentialStore`: whether there is a console password, whether an attempt is it,
//! and setting the first one. The verifier never leaves the kernel.

use super::exception::Exception;
use super::interface::{Interface, Methods};
use super::message::{Encoder, Message, root_words};
use super::{CallError, Context, Reply};
use crate::arch::clock;
use crate::measure::audit::{Event, Outcome};
use guest_abi::capos_capnp::{
    CredentialCheckStatus, credential_store_create_params, credential_store_create_results,
    credential_store_policy_results, credential_store_status_results,
    credential_store_verify_params, credential_store_verify_results,
};
use guest_abi::interface::{self, KernelSource};
use kernel_core::password::{Check, SALT, Unusable};

/// The interface.
pub const INTERFACE: Interface = Interface {
    index: 21,
    id: interface::CREDENTIAL_STORE,
    name: "CredentialStore",
    methods: Methods::Named(&[
        "consolePasswordStatus",
        "verifyConsolePassword",
        "consoleBootstrapPolicy",
        "createConsolePassword",
    ]),
    source: KernelSource::CredentialStore.name(),
    is_for_measuring: false,
};

/// A decoded call.
#[derive(Debug)]
pub enum Request<'m> {
    /// `consolePasswordStatus`.
    Status,
    /// `verifyConsolePassword`.
    Verify(&'m [u8]),
    /// `consoleBootstrapPolicy`.
    Policy,
    /// `createConsolePassword`.
    Create(&'m [u8]),
}

/// What a method found.
#[derive(Clone, Copy, Debug)]
pub enum Results {
    /// Of `consolePasswordStatus`: configured, volatile.
    Status(bool, bool),
    /// Of `verifyConsolePassword`: the finding, volatile.
    Verified(Check, bool),
    /// Of `consoleBootstrapPolicy`.
    Policy(bool),
    /// Of `createConsolePassword`: configured, volatile.
    Created(bool, bool),
}

/// The typed call.
pub fn decode<'m>(method: u16, message: &'m Message<'m>) -> Result<Request<'m>, Exception> {
    Ok(match method {
        0 => Request::Status,
        1 => {
            let params: credential_store_verify_params::Reader<'_> = message.root()?;
            Request::Verify(params.get_password()?)
        }
        2 => Request::Policy,
        _ => {
            let params: credential_store_create_params::Reader<'_> = message.root()?;
            Request::Create(params.get_password()?)
        }
    })
}

/// The method body.
pub fn invoke(request: Request<'_>, context: &mut Context<'_>) -> Result<Reply, Exception> {
    let kernel = &mut *context.kernel;
    let accounts = &mut kernel.accounts;
    let pid = context.caller.pid;
    let results = match request {
        Request::Status => Results::Status(
            accounts.password.is_configured(),
            accounts.password.is_volatile(),
        ),
        Request::Verify(attempt) => {
            let check = accounts.password.check(attempt);
            let outcome = Outcome::of_check(check);
            let now = kernel.clock.now();
            kernel
                .audit
                .record(now, pid, Event::Password, outcome, || "verify".into());
            Results::Verified(check, accounts.password.is_volatile())
        }
        Request::Policy => Results::Policy(accounts.development_shell),
        Request::Create(password) => {
            let created = accounts.password.create(password, salt());
            let outcome = match created {
                Ok(()) => Outcome::Ok,
                Err(_) => Outcome::Denied,
            };
            let now = kernel.clock.now();
            kernel
                .audit
                .record(now, pid, Event::Password, outcome, || "create".into());
            created.map_err(|error| match error {
                Unusable::Configured => Exception::failed("there is a password already"),
                _ => Exception::invalid_argument("this can be no password"),
            })?;
            Results::Created(
                accounts.password.is_configured(),
                accounts.password.is_volatile(),
            )
        }
    };
    Ok(Reply::Credential(results))
}

/// A salt must be another for each password; it need not be secret, so the counter
/// will do where there is no source of entropy.
fn salt() -> [u8; SALT] {
    let mut salt = [0; SALT];
    salt[..8].copy_from_slice(&clock::ticks().to_le_bytes());
    salt[8..].copy_from_slice(&clock::ticks().to_le_bytes());
    salt
}

/// The result message of whichever method it was.
pub fn encode(results: Results, encoder: &mut Encoder<'_>) -> Result<usize, CallError> {
    // One word of data each.
    let words = root_words::<credential_store_verify_results::Builder<'_>>();
    encoder.write(words, &[], |builder| match results {
        Results::Status(configured, volatile) => {
            let mut root = builder.init_root::<credential_store_status_results::Builder<'_>>();
            root.set_configured(configured);
            root.set_volatile(volatile);
        }
        Results::Verified(check, volatile) => {
            let mut root = builder.init_root::<credential_store_verify_results::Builder<'_>>();
            root.set_status(match check {
                Check::Right => CredentialCheckStatus::Success,
                Check::Wrong => CredentialCheckStatus::Denied,
                Check::Unavailable => CredentialCheckStatus::Unavailable,
            });
            root.set_volatile(volatile);
        }
        Results::Policy(allowed) => {
            let mut root = builder.init_root::<credential_store_policy_results::Builder<'_>>();
            root.set_development_shell_allowed(allowed);
        }
        Results::Created(configured, volatile) => {
            let mut root = builder.init_root::<credential_store_create_results::Builder<'_>>();
            root.set_configured(configured);
            root.set_volatile(volatile);
        }
    })
}
