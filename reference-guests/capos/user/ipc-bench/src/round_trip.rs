//! Batches of calls, and the oracle.

use crate::operation::Operation;
use alloc::boxed::Box;
use guest_benchmark::runtime::abi::interface::NULL;
use guest_benchmark::runtime::abi::ring::{
    Cqe, CqeFlags, SQ_ENTRIES, Sqe, TransferDescriptor, TransferMode, opcode, result,
};
use guest_benchmark::runtime::abi::syscall::TIMEOUT_FOREVER;
use guest_benchmark::runtime::call::{release, submit};
use guest_benchmark::runtime::peer::{ECHO, LARGEST, STOP};
use guest_benchmark::runtime::process::Child;
use guest_benchmark::runtime::ring::Ring;
use guest_benchmark::runtime::syscall::cap_enter;
use guest_benchmark::{Case, Fault, Record, Refusal, Row, ticks};

/// Words of the largest message, with a descriptor or a record behind it.
const WORDS: usize = LARGEST / 8 + 2;

/// Submissions a call is, on both sides: CALL here, RETURN and the next RECV there.
const ENTRIES_PER_CALL: u32 = 3;

/// What submissions point at. Must not move while they do.
struct Buffers {
    sent: [[u64; WORDS]; SQ_ENTRIES as usize],
    answered: [[u64; WORDS]; SQ_ENTRIES as usize],
}

/// Batches of calls to one server.
pub struct RoundTrips {
    operation: Operation,
    server: Child,
    endpoint: u32,
    /// The capability that goes along, where one does; under another id after each
    /// trip that moves it.
    token: u32,
    buffers: Box<Buffers>,
    next_user_data: u64,
}

impl RoundTrips {
    /// Ready to run: the server has answered once and waits.
    pub fn start(
        ring: &mut Ring,
        operation: Operation,
        server: Child,
        endpoint: u32,
        token: u32,
    ) -> Result<Self, Refusal> {
        let hello = Sqe {
            opcode: opcode::CALL,
            method_id: ECHO,
            cap_id: endpoint,
            ..Sqe::default()
        };
        let answered = submit(ring, &hello).is_ok_and(|cqe| cqe.result == 0);
        if !answered {
            return Err(Refusal::SetUp("the server does not answer"));
        }
        Ok(Self {
            operation,
            server,
            endpoint,
            token,
            buffers: Box::new(Buffers {
                sent: [[0; WORDS]; SQ_ENTRIES as usize],
                answered: [[0; WORDS]; SQ_ENTRIES as usize],
            }),
            next_user_data: 1,
        })
    }

    fn submission(&mut self, place: usize) -> Sqe {
        let words = self.operation.length() / 8;
        let user_data = self.next_user_data;
        self.next_user_data += 1;
        let sent = &mut self.buffers.sent[place];
        for (index, word) in sent[..words].iter_mut().enumerate() {
            *word = user_data << 16 | index as u64;
        }
        let mode = match self.operation {
            Operation::TransferMove => TransferMode::Move,
            _ => TransferMode::Copy,
        };
        let descriptor = TransferDescriptor {
            cap_id: self.token,
            mode,
        };
        sent[words] = descriptor.to_word();
        self.buffers.answered[place] = [0; WORDS];
        Sqe {
            opcode: opcode::CALL,
            method_id: self.operation.method(),
            cap_id: self.endpoint,
            user_data,
            addr: self.buffers.sent[place].as_ptr() as u64,
            len: self.operation.length() as u32,
            result_addr: self.buffers.answered[place].as_mut_ptr() as u64,
            result_len: size_of_val(&self.buffers.answered[place]) as u32,
            xfer_cap_count: u16::from(self.operation.moves()),
            ..Sqe::default()
        }
    }

    /// A word of an answer.
    fn answered(&self, place: usize, word: usize) -> u64 {
        // SAFETY: the array is ours; read through a pointer because the kernel wrote
        // it behind the compiler's back.
        unsafe { (&raw const self.buffers.answered[place][word]).read_volatile() }
    }

    /// What is wrong with an answer, if anything is.
    fn mistake(&self, cqe: &Cqe, place: usize, user_data: u64) -> Option<&'static str> {
        if cqe.user_data != user_data {
            return Some("wrong user_data, or out of order");
        }
        if cqe.result != self.operation.length() as i32 {
            return Some("wrong result");
        }
        let words = self.operation.length() / 8;
        // The first word of a stamped answer is the stamp.
        let first = usize::from(self.operation == Operation::Handoff);
        let is_echo =
            (first..words).all(|word| self.answered(place, word) == self.buffers.sent[place][word]);
        if !is_echo {
            return Some("the answer is not what was sent");
        }
        let (flags, count) = match self.operation.moves() {
            true => (CqeFlags::TRANSFER_RESULT_CAPS, 1),
            false => (0, 0),
        };
        if cqe.flags != flags || cqe.cap_count != count {
            return Some("another number of capabilities came back");
        }
        if self.operation.moves() && self.answered(place, words + 1) != NULL {
            return Some("another capability came back");
        }
        None
    }

    /// Submissions that checking a returned capability is: two calls, or two and a
    /// release.
    fn entries_to_take_back(&self) -> u32 {
        match self.operation {
            Operation::TransferMove => 2,
            Operation::TransferCopy => 3,
            _ => 0,
        }
    }

    /// Takes a capability that came back: it must work, and what was moved must not
    /// any more.
    fn take_back(&mut self, ring: &mut Ring, record: &mut Record) {
        let submissions = self.entries_to_take_back();
        record.submitted(submissions);
        record.completed(submissions);
        let returned = self.answered(0, self.operation.length() / 8) as u32;
        let call = |ring: &mut Ring, cap_id| {
            let sqe = Sqe {
                opcode: opcode::CALL,
                cap_id,
                ..Sqe::default()
            };
            submit(ring, &sqe).map_or(i32::MIN, |cqe| cqe.result)
        };
        record.ensure(call(ring, returned) == 0, "what came back does not work");
        if self.operation == Operation::TransferMove {
            let gone = call(ring, self.token) == result::INVOKE_FAILED;
            record.ensure(gone, "what was moved is still there");
            self.token = returned;
        } else {
            record.ensure(call(ring, self.token) == 0, "what was copied is gone");
            record.ensure(release(ring, returned).is_ok(), "a copy was not released");
        }
    }
}

impl Case for RoundTrips {
    fn submissions(&self, row: &Row<'_>) -> u64 {
        let per_call = ENTRIES_PER_CALL + self.entries_to_take_back();
        row.operations() * u64::from(per_call)
    }

    fn run(&mut self, ring: &mut Ring, row: &Row<'_>, record: &mut Record, fault: Option<Fault>) {
        for batch in 0..row.batches() {
            let first = self.next_user_data;
            for place in 0..row.batch {
                let sqe = self.submission(place as usize);
                ring.push(&sqe);
            }
            let overflow = ring.overflow();

            let start = ticks();
            let entered = cap_enter(row.batch, TIMEOUT_FOREVER);
            let mut end = ticks();

            if self.operation == Operation::Handoff {
                let stamp = self.answered(0, 0);
                record.ensure((start..end).contains(&stamp), "the stamp is out of range");
                end = stamp;
            }
            record.sample(start, end);
            record.submitted(row.batch * ENTRIES_PER_CALL);
            record.ensure(entered == Ok(row.batch), "cap_enter returned another count");
            record.ensure(ring.overflow() == overflow, "cq_overflow changed");
            if fault == Some(Fault::WrongResult) && batch == 0 {
                self.buffers.sent[0][1] ^= 1;
            }
            for place in 0..row.batch {
                let Some(cqe) = ring.pop() else {
                    record.fail("a completion is missing");
                    break;
                };
                record.completed(ENTRIES_PER_CALL);
                let user_data = first + u64::from(place);
                if let Some(mistake) = self.mistake(&cqe, place as usize, user_data) {
                    record.fail(mistake);
                }
            }
            record.ensure(ring.pop().is_none(), "a completion too many");
            if self.operation.moves() {
                self.take_back(ring, record);
            }
        }
    }

    fn finish(self: Box<Self>, ring: &mut Ring, record: &mut Record) {
        let stop = Sqe {
            opcode: opcode::CALL,
            method_id: STOP,
            cap_id: self.endpoint,
            user_data: self.next_user_data,
            ..Sqe::default()
        };
        let stopped = submit(ring, &stop).is_ok_and(|cqe| cqe.result == 0);
        record.ensure(stopped, "the server did not answer the last call");
        let ended = self.server.wait(ring) == Ok(0);
        record.ensure(ended, "the server exited with another code");
        record.ensure(
            self.server.release(ring).is_ok(),
            "the server was not released",
        );
    }
}
