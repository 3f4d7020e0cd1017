//! `AuthorityBroker`: what a session's profile declares, and nothing else.
//!
//! A bundle is a launcher of the profile's binaries, the session and the system's
//! names. *Chosen*: shells and remote clients get the same; this kernel has no
//! services, so the list of endpoints is empty; a session may ask for its own profile
//! only.

use super::exception::Exception;
use super::interface::{Interface, Methods};
use super::message::{Encoder, Message, root_words};
use super::user_session::Session;
use super::{CallError, Context, Object, Reply};
use crate::measure::audit::{Event, Outcome};
use alloc::rc::Rc;
use guest_abi::capos_capnp::{authority_broker_bundle_params, authority_broker_bundle_results};
use guest_abi::interface::{self, KernelSource, RESTRICTED_LAUNCHER, SYSTEM_INFO, USER_SESSION};
use guest_abi::ring::ResultCap;
use kernel_core::capability_table::{Hold, TransferMode};

/// The interface.
pub const INTERFACE: Interface = Interface {
    index: 24,
    id: interface::AUTHORITY_BROKER,
    name: "AuthorityBroker",
    methods: Methods::Named(&["shellBundle", "remoteClientBundle"]),
    source: KernelSource::AuthorityBroker.name(),
    is_for_measuring: false,
};

/// Bytes of the result message: table, root pointer, one word, an empty list.
const RESULT_LENGTH: usize = 40;
/// Capabilities of a bundle.
const CAPABILITIES: usize = 3;

/// A decoded call, of either method.
#[derive(Debug)]
pub struct Request<'m> {
    session: u32,
    profile: &'m str,
}

/// The typed call.
pub fn decode<'m>(_: u16, message: &'m Message<'m>) -> Result<Request<'m>, Exception> {
    let params: authority_broker_bundle_params::Reader<'m> = message.root()?;
    Ok(Request {
        session: params.get_session_cap_id(),
        profile: params.get_profile()?.to_str()?,
    })
}

/// The method body.
pub fn invoke(request: Request<'_>, context: &mut Context<'_>) -> Result<Reply, Exception> {
    let bundle = bundle(&request, context);
    let now = context.kernel.clock.now();
    let pid = context.caller.pid;
    let outcome = match bundle {
        Ok(_) => Outcome::Ok,
        Err(_) => Outcome::Denied,
    };
    let subject = || request.profile.into();
    let audit = &mut context.kernel.audit;
    audit.record(now, pid, Event::Bundle, outcome, subject);
    bundle.map(Reply::Bundle)
}

fn bundle(
    request: &Request<'_>,
    context: &mut Context<'_>,
) -> Result<[ResultCap; CAPABILITIES], Exception> {
    let Context {
        kernel,
        caller,
        waiter,
    } = context;
    // A bundle that could not be reported must not be given.
    let needed = RESULT_LENGTH + CAPABILITIES * size_of::<ResultCap>();
    if (waiter.result_len as usize) < needed {
        return Err(Exception::invalid_argument(
            "the result buffer is too small",
        ));
    }
    if caller.capabilities.room() < CAPABILITIES {
        return Err(Exception::overloaded("no room for the bundle"));
    }
    let session = session(request, caller)?;
    if request.profile != session.profile() {
        return Err(Exception::failed("the session has another profile"));
    }
    if kernel.accounts.profiles.find(request.profile).is_none() {
        return Err(Exception::failed("the profile declares no bundle"));
    }
    let objects = [
        (
            Object::RestrictedLauncher(Rc::clone(&session)),
            RESTRICTED_LAUNCHER,
        ),
        (Object::UserSession(Rc::clone(&session)), USER_SESSION),
        (Object::SystemInfo, SYSTEM_INFO),
    ];
    Ok(objects.map(|(object, interface_id)| {
        let hold = Hold::new(object, interface_id, TransferMode::Copy);
        session.gives(&hold);
        caller.give(hold)
    }))
}

/// The session that the caller names, which must be its own and live.
fn session(
    request: &Request<'_>,
    caller: &crate::process::Process,
) -> Result<Rc<Session>, Exception> {
    let hold = caller.capabilities.lookup(request.session);
    match hold.map(Hold::object) {
        Ok(Object::UserSession(session)) if session.is_live() => Ok(Rc::clone(session)),
        _ => Err(Exception::invalid_argument(
            "no live session of this capability",
        )),
    }
}

/// The result message: the indices point into the records behind it.
pub fn encode(
    bundle: &[ResultCap; CAPABILITIES],
    encoder: &mut Encoder<'_>,
) -> Result<usize, CallError> {
    /// Of a list of structures, before the first of them.
    const TAG: usize = 1;
    encoder.write(
        root_words::<authority_broker_bundle_results::Builder<'_>>() + TAG,
        bundle,
        |builder| {
            let mut root = builder.init_root::<authority_broker_bundle_results::Builder<'_>>();
            root.set_launcher_index(0);
            root.set_session_index(1);
            root.set_system_info_index(2);
            root.init_service_endpoints(0);
        },
    )
}
