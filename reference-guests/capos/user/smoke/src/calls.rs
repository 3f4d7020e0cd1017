//! Another process is called, and what it holds taken away.

use crate::server::{
    ECHO, ENTRIES_OF_ECHO, ENTRIES_OF_READ, GRANT, MORE, OBJECT, READ, STOP, STOPPED, WORDS, read,
};
use crate::smoke::{Found, Mistake, Smoke, ensure};
use alloc::boxed::Box;
use alloc::vec::Vec;
use guest_benchmark::Refusal;
use guest_benchmark::runtime::abi::interface::{
    ENDPOINT, KernelSource, MEMORY_OBJECT, PROCESS_SPAWNER,
};
use guest_benchmark::runtime::abi::ring::{Sqe, opcode, result};
use guest_benchmark::runtime::call::submit;
use guest_benchmark::runtime::capset;
use guest_benchmark::runtime::memory::{FrameAllocator, MemoryObject};
use guest_benchmark::runtime::process::{Child, Grant};
use guest_benchmark::runtime::ring::Ring;

/// What the server's callers are known by.
const BADGE: u64 = 0x5_e1f;

/// A process that answers.
struct Server {
    child: Child,
    endpoint: u32,
}

impl Server {
    /// Starts it and waits until it waits for calls.
    fn start(ring: &mut Ring, object: Option<MemoryObject>) -> Result<Self, Refusal> {
        let spawner = capset::find("spawner", PROCESS_SPAWNER).ok_or(Refusal::NotGranted)?;
        let mut grants = Vec::from([Grant {
            badge: BADGE,
            ..Grant::kernel(GRANT, KernelSource::Endpoint)
        }]);
        grants.extend(object.map(|object| Grant::held(OBJECT, object.id())));
        let child = Child::spawn(ring, spawner, "server", "smoke", &grants);
        let child = child.map_err(|_| Refusal::SetUp("the server was not started"))?;
        let no_endpoint = Refusal::SetUp("no way to call the server");
        let server = Self {
            child,
            endpoint: child.endpoint().ok_or(no_endpoint)?,
        };
        let answered = server.call(ring, ECHO, &[]);
        match answered {
            Ok((length, _)) if length == MORE * 8 => Ok(server),
            _ => Err(Refusal::SetUp("the server does not answer")),
        }
    }

    /// Calls it. The answer's bytes and words.
    fn call(
        &self,
        ring: &mut Ring,
        method: u16,
        sent: &[u64],
    ) -> Result<(usize, [u64; WORDS]), Mistake> {
        let mut answered = [0u64; WORDS];
        let call = Sqe {
            opcode: opcode::CALL,
            method_id: method,
            cap_id: self.endpoint,
            user_data: u64::from(method),
            addr: sent.as_ptr() as u64,
            len: size_of_val(sent) as u32,
            result_addr: answered.as_mut_ptr() as u64,
            result_len: size_of_val(&answered) as u32,
            ..Sqe::default()
        };
        let cqe = submit(ring, &call).map_err(|_| "no completion of a call")?;
        let length = usize::try_from(cqe.result).map_err(|_| "a call was refused")?;
        // SAFETY: ours; read through a pointer because the kernel wrote it behind the
        // compiler's back.
        Ok((length, unsafe { (&raw const answered).read_volatile() }))
    }

    fn stop(&self, ring: &mut Ring) -> Found {
        self.call(ring, STOP, &[])?;
        let code = self.child.wait(ring);
        ensure(code == Ok(STOPPED), "the server exited with another code")?;
        let released = self.child.release(ring);
        released.map_err(|_| "the server was not released")
    }
}

/// A call arrives whole, with its interface and badge, and its answer comes back.
pub struct Ipc(Server);

impl Ipc {
    /// With a server that waits.
    pub fn prepare(ring: &mut Ring) -> Result<Self, Refusal> {
        Server::start(ring, None).map(Self)
    }
}

impl Smoke for Ipc {
    /// The call.
    fn own(&self) -> u32 {
        1
    }

    fn peers(&self) -> u32 {
        ENTRIES_OF_ECHO
    }

    fn run(&mut self, ring: &mut Ring, wrong: bool) -> Found {
        let sent = [7, u64::MAX, 9];
        let (length, answered) = self.0.call(ring, ECHO, &sent)?;
        ensure(length == (sent.len() + MORE) * 8, "an answer's length")?;
        let [first, second, third, interface, badge, ..] = answered;
        ensure([first, second, third] == sent, "another answer")?;
        ensure(interface == ENDPOINT, "another interface")?;
        ensure(badge == BADGE + u64::from(wrong), "another badge")
    }

    fn finish(self: Box<Self>, ring: &mut Ring) -> Found {
        self.0.stop(ring)
    }
}

/// An object is read here and elsewhere, revoked, and then by nobody.
pub struct RevocableRead {
    server: Server,
    object: MemoryObject,
    /// The server's hold.
    lent: u32,
}

impl RevocableRead {
    /// With a server that holds the object too.
    pub fn prepare(ring: &mut Ring) -> Result<Self, Refusal> {
        let frames = FrameAllocator::find().ok_or(Refusal::NotGranted)?;
        let object = frames.allocate(ring);
        let object = object.map_err(|_| Refusal::SetUp("no object"))?;
        let server = Server::start(ring, Some(object))?;
        let held = server.child.list(ring).unwrap_or_default();
        let lent = held
            .iter()
            .find(|(_, interface)| *interface == MEMORY_OBJECT);
        let (lent, _) = lent.ok_or(Refusal::SetUp("the server does not hold the object"))?;
        Ok(Self {
            server,
            object,
            lent: *lent,
        })
    }

    /// What reading answers here, and in the server.
    fn read(&self, ring: &mut Ring) -> Result<(i64, i64), Mistake> {
        let here = read(ring, self.object.id());
        let (length, answered) = self.server.call(ring, READ, &[])?;
        ensure(length == 8, "an answer's length")?;
        Ok((here, answered[0] as i64))
    }
}

/// Bytes that the size of an object is reported in.
const SIZE: i64 = 32;

impl Smoke for RevocableRead {
    /// Twice a read and a call of the server, and the revocation between.
    fn own(&self) -> u32 {
        2 * 2 + 1
    }

    fn peers(&self) -> u32 {
        2 * ENTRIES_OF_READ
    }

    fn run(&mut self, ring: &mut Ring, wrong: bool) -> Found {
        let before = self.read(ring)?;
        let revoked = self.server.child.revoke(ring, self.lent);
        let after = self.read(ring)?;
        ensure(before == (SIZE, SIZE), "it cannot be read")?;
        revoked.map_err(|_| "it cannot be revoked")?;
        let refused = i64::from(result::INVOKE_FAILED);
        let expected = if wrong { SIZE } else { refused };
        ensure(
            after == (expected, expected),
            "it can be read after it was revoked",
        )
    }

    fn finish(self: Box<Self>, ring: &mut Ring) -> Found {
        let released = self.object.release(ring);
        released.map_err(|_| "what was revoked cannot be given up")?;
        self.server.stop(ring)
    }
}
