//! Rows of logging in, and of what that opens.

use crate::message::{Call, is_answer};
use alloc::boxed::Box;
use guest_benchmark::runtime::abi::capos_capnp::PrincipalKind;
use guest_benchmark::runtime::abi::interface::{RESTRICTED_LAUNCHER, SYSTEM_INFO, USER_SESSION};
use guest_benchmark::runtime::abi::ring::result;
use guest_benchmark::runtime::abi::syscall::TIMEOUT_FOREVER;
use guest_benchmark::runtime::call::{CallError, release};
use guest_benchmark::runtime::ring::Ring;
use guest_benchmark::runtime::session::{
    AuthorityBroker, Launcher, SessionManager, SystemInfo, UserSession, bundle_parameters,
    login_parameters,
};
use guest_benchmark::runtime::syscall::cap_enter;
use guest_benchmark::{Case, Fault, Record, Refusal, Row, ticks};

/// The account, whose profile has the same name, and its password: the manifest holds
/// the verifier.
pub const ACCOUNT: &str = "operator";
/// See [`ACCOUNT`].
pub const PASSWORD: &[u8] = b"correct horse battery staple";
/// What the profile's launcher starts, as the manifest declares it.
pub const BINARIES: [&str; 1] = ["peer"];

/// Bytes of an answer of `login`: table, root pointer, one word.
const LOGIN_ANSWER: usize = 24;
/// Bytes of a bundle's: table, root pointer, one word, an empty list with its tag.
const BUNDLE_ANSWER: usize = 40;

/// Submissions around each login: its session is given up.
const LOGIN_SUBMISSIONS: u64 = 2;
/// And around each bundle: its three capabilities are given up.
const BUNDLE_SUBMISSIONS: u64 = 4;

/// One call, timed. Whether it was answered as it must be.
fn timed(
    ring: &mut Ring,
    call: &mut Call,
    record: &mut Record,
    user_data: u64,
    length: usize,
    capabilities: u16,
) -> bool {
    let sqe = call.submission(user_data);
    ring.push(&sqe);

    let start = ticks();
    let entered = cap_enter(1, TIMEOUT_FOREVER);
    let end = ticks();

    record.sample(start, end);
    record.submitted(1);
    record.ensure(entered == Ok(1), "cap_enter returned another count");
    let Some(cqe) = ring.pop() else {
        record.fail("a completion is missing");
        return false;
    };
    record.completed(1);
    let right = is_answer(&cqe, user_data, length, capabilities);
    record.ensure(right, "wrong result, or another number of capabilities");
    right
}

fn give_up(ring: &mut Ring, record: &mut Record, cap_id: u32) {
    record.submitted(1);
    record.completed(1);
    record.ensure(release(ring, cap_id).is_ok(), "not released");
}

/// Logging in over and over.
pub struct Logins {
    manager: SessionManager,
    call: Box<Call>,
    last: Option<UserSession>,
}

impl Logins {
    /// Ready to run.
    pub fn new(manager: SessionManager) -> Self {
        let parameters = login_parameters(ACCOUNT, PASSWORD);
        Self {
            manager,
            call: Box::new(Call::new(manager.0, 0, &parameters)),
            last: None,
        }
    }
}

impl Case for Logins {
    fn submissions(&self, row: &Row<'_>) -> u64 {
        // The last session is kept until the end.
        row.operations() * LOGIN_SUBMISSIONS - 1
    }

    fn run(&mut self, ring: &mut Ring, row: &Row<'_>, record: &mut Record, fault: Option<Fault>) {
        for batch in 0..row.batches() {
            if let Some(session) = self.last.take() {
                give_up(ring, record, session.0);
            }
            let wrong = fault == Some(Fault::WrongResult) && batch == 0;
            let length = if wrong { 0 } else { LOGIN_ANSWER };
            if timed(
                ring,
                &mut self.call,
                record,
                u64::from(batch) + 1,
                length,
                1,
            ) || wrong
            {
                let (session, interface) = self.call.capability(LOGIN_ANSWER, 0);
                record.ensure(interface == USER_SESSION, "no session came");
                self.last = Some(UserSession(session));
            }
        }
    }

    fn finish(self: Box<Self>, ring: &mut Ring, record: &mut Record) {
        let Some(session) = self.last else {
            record.fail("nobody is logged in");
            return;
        };
        let info = session.info(ring);
        let right =
            info.is_ok_and(|info| info.kind == PrincipalKind::Operator && info.profile == ACCOUNT);
        record.ensure(right, "somebody else is logged in");
        let denied = self.manager.login(ring, ACCOUNT, b"wrong").is_err();
        record.ensure(denied, "another password logs in");
        record.ensure(session.logout(ring).is_ok(), "not logged out");
        record.ensure(release(ring, session.0).is_ok(), "not released");
    }
}

/// Bundles of one session.
pub struct Bundles {
    session: UserSession,
    call: Box<Call>,
    last: Option<[u32; 3]>,
}

impl Bundles {
    /// Logged in.
    pub fn start(
        ring: &mut Ring,
        manager: SessionManager,
        broker: AuthorityBroker,
    ) -> Result<Self, Refusal> {
        let session = manager.login(ring, ACCOUNT, PASSWORD);
        let session = session.map_err(|_| Refusal::SetUp("not logged in"))?;
        let parameters = bundle_parameters(session, ACCOUNT);
        Ok(Self {
            session,
            call: Box::new(Call::new(broker.0, 0, &parameters)),
            last: None,
        })
    }
}

impl Case for Bundles {
    fn submissions(&self, row: &Row<'_>) -> u64 {
        // The last bundle is kept until the end.
        row.operations() * BUNDLE_SUBMISSIONS - (BUNDLE_SUBMISSIONS - 1)
    }

    fn run(&mut self, ring: &mut Ring, row: &Row<'_>, record: &mut Record, fault: Option<Fault>) {
        for batch in 0..row.batches() {
            for cap_id in self.last.take().into_iter().flatten() {
                give_up(ring, record, cap_id);
            }
            let wrong = fault == Some(Fault::WrongResult) && batch == 0;
            let length = if wrong { 0 } else { BUNDLE_ANSWER };
            if timed(
                ring,
                &mut self.call,
                record,
                u64::from(batch) + 1,
                length,
                3,
            ) || wrong
            {
                let expected = [RESTRICTED_LAUNCHER, USER_SESSION, SYSTEM_INFO];
                let mut ids = [0; 3];
                for (index, (id, expected)) in ids.iter_mut().zip(expected).enumerate() {
                    let (cap_id, interface) = self.call.capability(BUNDLE_ANSWER, index);
                    record.ensure(interface == expected, "another capability came");
                    *id = cap_id;
                }
                self.last = Some(ids);
            }
        }
    }

    fn finish(self: Box<Self>, ring: &mut Ring, record: &mut Record) {
        let Some([launcher, session, system]) = self.last else {
            record.fail("there is no bundle");
            return;
        };
        let binaries = Launcher(launcher).binaries(ring);
        let declared = binaries.is_ok_and(|binaries| binaries == BINARIES);
        record.ensure(declared, "the launcher starts other binaries");
        record.ensure(self.session.logout(ring).is_ok(), "not logged out");
        let revoked = CallError::Code(result::INVOKE_FAILED);
        let gone = Launcher(launcher).binaries(ring).err() == Some(revoked)
            && UserSession(session).info(ring).err() == Some(revoked)
            && SystemInfo(system).hostname(ring).err() == Some(revoked);
        record.ensure(gone, "logging out left a capability of the bundle");
        for cap_id in [launcher, session, system, self.session.0] {
            record.ensure(release(ring, cap_id).is_ok(), "not released");
        }
    }
}
