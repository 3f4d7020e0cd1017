//! `UserSession`: who is logged in, and the end of that.
//!
//! Logging out revokes everything the session gave: its own capability, and the
//! bundles of the broker, in every process that has them. *Chosen*: processes that
//! were started in the session go on without them; sessions do not expire.

use super::interface::{Interface, Methods};
use super::message::{Encoder, root_words, text_words};
use super::{CallError, Context, Object, Reply};
use crate::capability::exception::Exception;
use crate::measure::audit::{Event, Outcome};
use alloc::rc::{Rc, Weak};
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use guest_abi::capos_capnp::{
    AuthStrength, PrincipalKind, principal_info, session_info, user_session_audit_context_results,
    user_session_info_results, user_session_logout_results,
};
use guest_abi::interface;
use kernel_core::capability_table::{Hold, Shared};

/// The interface.
pub const INTERFACE: Interface = Interface {
    index: 23,
    id: interface::USER_SESSION,
    name: "UserSession",
    methods: Methods::Named(&["info", "auditContext", "logout"]),
    source: Interface::RESULT,
    is_for_measuring: false,
};

/// Bytes of a session's id: its number and when it began. *Chosen*.
const ID: usize = 16;

/// Whose session it is.
#[derive(Clone, Copy, Debug)]
pub struct Principal {
    /// What kind of user.
    pub kind: PrincipalKind,
    /// Account, principal id and profile have one name.
    pub name: &'static str,
    /// How well that is proven.
    pub strength: AuthStrength,
}

/// A session.
#[derive(Debug)]
pub struct Session {
    id: [u8; ID],
    principal: Principal,
    /// When it began, in milliseconds of the kernel's clock.
    began: u64,
    is_live: Cell<bool>,
    /// Objects that end with it. They refer to the session, so not the other way.
    given: RefCell<Vec<Weak<Shared<Object>>>>,
}

impl Session {
    /// A session that begins now, in nanoseconds.
    pub fn begin(number: u64, principal: Principal, now: u64) -> Rc<Self> {
        let mut id = [0; ID];
        id[..8].copy_from_slice(&number.to_le_bytes());
        id[8..].copy_from_slice(&now.to_le_bytes());
        Rc::new(Self {
            id,
            principal,
            began: now / 1_000_000,
            is_live: Cell::new(true),
            given: RefCell::new(Vec::new()),
        })
    }

    /// Name of its profile.
    pub fn profile(&self) -> &'static str {
        self.principal.name
    }

    /// Whether it has not ended.
    pub fn is_live(&self) -> bool {
        self.is_live.get()
    }

    /// Remembers a capability that ends with it.
    pub fn gives(&self, hold: &Hold<Object>) {
        let mut given = self.given.borrow_mut();
        // What nobody holds any more need not be revoked.
        given.retain(|object| object.strong_count() != 0);
        given.push(Rc::downgrade(&hold.share()));
    }

    fn end(&self) {
        self.is_live.set(false);
        for object in self.given.take() {
            if let Some(object) = object.upgrade() {
                object.revoke();
            }
        }
    }
}

/// A decoded call.
#[derive(Clone, Copy, Debug)]
pub enum Request {
    /// `info`.
    Info,
    /// `auditContext`.
    AuditContext,
    /// `logout`.
    Logout,
}

/// The typed call; no method has parameters.
pub fn decode(method: u16) -> Request {
    match method {
        0 => Request::Info,
        1 => Request::AuditContext,
        _ => Request::Logout,
    }
}

/// The method body.
pub fn invoke(
    session: &Rc<Session>,
    request: Request,
    context: &mut Context<'_>,
) -> Result<Reply, Exception> {
    Ok(match request {
        Request::Info => Reply::Session(Rc::clone(session)),
        Request::AuditContext => Reply::SessionIds(Rc::clone(session)),
        Request::Logout => {
            session.end();
            let now = context.kernel.clock.now();
            let pid = context.caller.pid;
            let subject = || session.profile().into();
            let audit = &mut context.kernel.audit;
            audit.record(now, pid, Event::Logout, Outcome::Ok, subject);
            Reply::LoggedOut
        }
    })
}

/// The result message of `info`.
pub fn encode_info(session: &Session, encoder: &mut Encoder<'_>) -> Result<usize, CallError> {
    let name = session.principal.name;
    let words = root_words::<user_session_info_results::Builder<'_>>()
        + root_words::<session_info::Builder<'_>>()
        + root_words::<principal_info::Builder<'_>>()
        + ID.div_ceil(8)
        + name.len().div_ceil(8)
        + 2 * text_words(name.len());
    encoder.write(words, &[], |builder| {
        let root = builder.init_root::<user_session_info_results::Builder<'_>>();
        let mut info = root.init_info();
        info.set_session_id(&session.id);
        info.set_auth_strength(session.principal.strength);
        info.set_created_at_ms(session.began);
        // Never.
        info.set_expires_at_ms(0);
        info.set_profile(session.profile());
        let mut principal = info.init_principal();
        principal.set_id(name.as_bytes());
        principal.set_kind(session.principal.kind);
        principal.set_display_name(name);
    })
}

/// The result message of `auditContext`.
pub fn encode_ids(session: &Session, encoder: &mut Encoder<'_>) -> Result<usize, CallError> {
    let name = session.principal.name;
    let words = root_words::<user_session_audit_context_results::Builder<'_>>();
    let words = words + ID.div_ceil(8) + name.len().div_ceil(8);
    encoder.write(words, &[], |builder| {
        let mut root = builder.init_root::<user_session_audit_context_results::Builder<'_>>();
        root.set_session_id(&session.id);
        root.set_principal_id(name.as_bytes());
    })
}

/// The result message of `logout`.
pub fn encode_logged_out(encoder: &mut Encoder<'_>) -> Result<usize, CallError> {
    encoder.write(
        root_words::<user_session_logout_results::Builder<'_>>(),
        &[],
        |builder| {
            builder.init_root::<user_session_logout_results::Builder<'_>>();
        },
    )
}
