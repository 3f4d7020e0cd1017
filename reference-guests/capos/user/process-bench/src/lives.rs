//! Children, one after the other, and the oracle.

use crate::child::{Child, Expected, Output, SPAWN_ANSWER, is_used_up, succeeds};
use crate::operation::{Grants, Operation};
use alloc::boxed::Box;
use alloc::vec::Vec;
use guest_benchmark::runtime::abi::capos_capnp::ExceptionType;
use guest_benchmark::runtime::abi::ring::{Cqe, CqeFlags, Sqe, opcode, result};
use guest_benchmark::runtime::abi::syscall::TIMEOUT_FOREVER;
use guest_benchmark::runtime::call::{CallError, finish};
use guest_benchmark::runtime::memory::{ANYWHERE, READ, WRITE};
use guest_benchmark::runtime::platform::VOID;
use guest_benchmark::runtime::process::{self, Grant, spawn_parameters};
use guest_benchmark::runtime::ring::Ring;
use guest_benchmark::runtime::syscall::cap_enter;
use guest_benchmark::{Case, Fault, Record, Refusal, Row, ticks};

const PAGE: u64 = 4096;
/// Bytes of an answer with one word: table, root pointer, the word.
const ONE_WORD: i32 = 24;
/// Words for an answer: that of a spawn, or an exception with its text.
const ANSWER: usize = 16;

/// Children, one after the other.
pub struct Lives {
    operation: Operation,
    grants: Grants,
    expected: Expected,
    output: Output,
    /// The parameters of `spawn`.
    spawn: Vec<u64>,
    answer: Box<[u64; ANSWER]>,
    /// The child before, whose places the next one must have.
    last: Option<Child>,
    /// Handle of a child that ended before those that could not be started.
    before: Option<u32>,
    next_user_data: u64,
}

impl Lives {
    /// Makes what the children write to.
    pub fn prepare(
        ring: &mut Ring,
        operation: Operation,
        grants: Grants,
        expected: Expected,
    ) -> Result<Self, Refusal> {
        const NO_MEMORY: Refusal = Refusal::SetUp("no memory");
        let object = grants.frames.allocate(ring).map_err(|_| NO_MEMORY)?;
        let page = object.map(ring, ANYWHERE, 0, PAGE, READ | WRITE);
        let output = Output {
            object,
            page: page.map_err(|_| NO_MEMORY)?,
        };
        let before = match operation {
            Operation::SpawnFailed => Some(usable_place(ring, grants, output)?),
            _ => None,
        };
        let binary = operation.binary();
        let grant = [Grant::held("output", object.id())];
        Ok(Self {
            operation,
            grants,
            expected,
            output,
            before,
            spawn: finish(&spawn_parameters(binary, binary, &grant)),
            answer: Box::new([0; ANSWER]),
            last: None,
            next_user_data: 1,
        })
    }

    fn submission(&mut self) -> Sqe {
        let user_data = self.next_user_data;
        self.next_user_data += 1;
        *self.answer = [u64::MAX; ANSWER];
        Sqe {
            opcode: opcode::CALL,
            user_data,
            result_addr: self.answer.as_mut_ptr() as u64,
            result_len: size_of_val(&*self.answer) as u32,
            ..Sqe::default()
        }
    }

    fn spawn_submission(&mut self) -> Sqe {
        Sqe {
            cap_id: self.grants.spawner,
            addr: self.spawn.as_ptr() as u64,
            len: size_of_val(&*self.spawn) as u32,
            ..self.submission()
        }
    }

    fn wait_submission(&mut self, child: Child) -> Sqe {
        Sqe {
            cap_id: child.handle,
            addr: VOID.as_ptr() as u64,
            len: size_of_val(&VOID) as u32,
            ..self.submission()
        }
    }

    /// The first words of the last answer.
    fn words<const N: usize>(&self) -> [u64; N] {
        // SAFETY: the array is ours; read through a pointer because the kernel wrote
        // it behind the compiler's back.
        let answer = unsafe { (&raw const *self.answer).read_volatile() };
        core::array::from_fn(|index| answer[index])
    }

    /// Submits one entry and waits for its completion. From when to when.
    fn enter(
        &mut self,
        ring: &mut Ring,
        sqe: &Sqe,
        record: &mut Record,
    ) -> (Option<Cqe>, Interval) {
        ring.push(sqe);
        let start = ticks();
        let entered = cap_enter(1, TIMEOUT_FOREVER);
        let end = ticks();
        record.submitted(1);
        record.ensure(entered == Ok(1), "cap_enter returned another count");
        (take(ring, sqe.user_data, record), Interval { start, end })
    }

    /// The child that the last answer is about.
    fn started(&mut self, completion: Option<Cqe>, record: &mut Record) -> Option<Child> {
        let transfer = (ONE_WORD, CqeFlags::TRANSFER_RESULT_CAPS, 2);
        let completed = completion.map(|cqe| (cqe.result, cqe.flags, cqe.cap_count));
        let child = Child::from_answer(self.words::<SPAWN_ANSWER>());
        let (true, Some(child)) = (completed == Some(transfer), child) else {
            record.fail("no child was started");
            return None;
        };
        if let Some(last) = self.last.replace(child) {
            record.ensure(child.succeeds(last), "a capability was left behind");
        }
        Some(child)
    }

    /// What the last answer says of a child's end, held against the manifest.
    fn ended(&self, completion: Option<Cqe>, expected: Expected, record: &mut Record) {
        let result = completion.map(|cqe| cqe.result);
        record.ensure(result == Some(ONE_WORD), "no exit code");
        let code = self.words::<3>();
        let is_right = code == [2 << 32, 1 << 32, expected.exit_code as u64];
        record.ensure(is_right, "another exit code than the manifest says");
        let output = self.output.is(expected.output);
        record.ensure(output, "another output than the manifest says");
    }

    fn release(&mut self, ring: &mut Ring, child: Child, record: &mut Record) {
        let first = self.next_user_data;
        // The handle last: its place is the next one's handle's.
        for cap_id in [child.manager, child.handle] {
            ring.push(&Sqe {
                opcode: opcode::RELEASE,
                cap_id,
                user_data: self.next_user_data,
                ..Sqe::default()
            });
            self.next_user_data += 1;
        }
        record.submitted(2);
        let entered = cap_enter(2, TIMEOUT_FOREVER);
        record.ensure(entered == Ok(2), "cap_enter returned another count");
        for user_data in [first, first + 1] {
            let result = take(ring, user_data, record).map(|cqe| cqe.result);
            record.ensure(result == Some(0), "a capability was not released");
        }
    }

    /// One child from its start to its end, or none. For a test `wrong` expects what no
    /// child leaves.
    fn live(&mut self, ring: &mut Ring, wrong: bool, record: &mut Record) {
        let mut expected = self.expected;
        if wrong {
            expected.exit_code = !expected.exit_code;
        }
        self.output.clear();
        let spawn = self.spawn_submission();
        let overflow = ring.overflow();
        let (completion, starting) = self.enter(ring, &spawn, record);
        if self.operation == Operation::SpawnFailed {
            record.sample(starting.start, starting.end);
            self.refused(completion, wrong, record);
            return;
        }
        let Some(child) = self.started(completion, record) else {
            // Without a sample for each batch the row is not judged by what it lacks.
            record.sample(starting.start, starting.end);
            return;
        };
        let wait = self.wait_submission(child);
        let (completion, mut waiting) = self.enter(ring, &wait, record);
        self.ended(completion, expected, record);
        // The child's own.
        record.submitted(1);
        record.completed(1);
        if self.operation == Operation::WaitEnded {
            let wait = self.wait_submission(child);
            let completion;
            (completion, waiting) = self.enter(ring, &wait, record);
            self.ended(completion, expected, record);
        }
        let measured = match self.operation {
            Operation::WaitRunning | Operation::WaitEnded => waiting,
            Operation::SpawnWait => Interval {
                start: starting.start,
                end: waiting.end,
            },
            _ => starting,
        };
        record.sample(measured.start, measured.end);
        self.release(ring, child, record);
        record.ensure(ring.overflow() == overflow, "cq_overflow changed");
    }

    fn refused(&self, completion: Option<Cqe>, wrong: bool, record: &mut Record) {
        let result = completion.map(|cqe| cqe.result);
        record.ensure(
            result == Some(result::APPLICATION_EXCEPTION),
            "no exception",
        );
        // Root: one data word and one pointer right behind; its type.
        let [_, root, kind] = self.words();
        let expected = match wrong {
            true => ExceptionType::Disconnected,
            false => ExceptionType::InvalidArgument,
        };
        let is_expected = root == 1 << 32 | 1 << 48 && kind == expected as u64;
        record.ensure(is_expected, "another exception");
    }
}

/// From when to when.
#[derive(Clone, Copy, Debug)]
struct Interval {
    start: u64,
    end: u64,
}

/// Lets a leaf live, outside of every window. The handle it had.
fn place(ring: &mut Ring, grants: Grants, output: Output) -> Result<u32, CallError> {
    let grant = [Grant::held("output", output.object.id())];
    let child = process::Child::spawn(ring, grants.spawner, "leaf", "leaf", &grant)?;
    child.wait(ring)?;
    child.release(ring)?;
    Ok(child.handle())
}

/// A place in the capability table that can be had again.
fn usable_place(ring: &mut Ring, grants: Grants, output: Output) -> Result<u32, Refusal> {
    const NO_CHILD: Refusal = Refusal::SetUp("no child can be started");
    let handle = place(ring, grants, output).map_err(|_| NO_CHILD)?;
    if is_used_up(handle) {
        return place(ring, grants, output).map_err(|_| NO_CHILD);
    }
    Ok(handle)
}

fn take(ring: &mut Ring, user_data: u64, record: &mut Record) -> Option<Cqe> {
    let Some(cqe) = ring.pop() else {
        record.fail("a completion is missing");
        return None;
    };
    record.completed(1);
    record.ensure(
        cqe.user_data == user_data,
        "wrong user_data, or out of order",
    );
    Some(cqe)
}

impl Case for Lives {
    fn submissions(&self, row: &Row<'_>) -> u64 {
        row.operations() * u64::from(self.operation.submissions())
    }

    fn run(&mut self, ring: &mut Ring, row: &Row<'_>, record: &mut Record, fault: Option<Fault>) {
        for number in 0..row.batches() {
            let wrong = fault == Some(Fault::WrongResult) && number == 0;
            self.live(ring, wrong, record);
            record.ensure(ring.pop().is_none(), "a completion too many");
        }
    }

    fn finish(self: Box<Self>, ring: &mut Ring, record: &mut Record) {
        // However many could not be started: the next that can has the place that the
        // last one before them had.
        if let Some(before) = self.before {
            let after = place(ring, self.grants, self.output);
            let is_next = after.is_ok_and(|after| succeeds(after, before));
            record.ensure(is_next, "a capability was left behind");
        }
        let Output { object, page } = self.output;
        let unmapped = object.unmap(ring, page, PAGE);
        record.ensure(unmapped.is_ok(), "the page is gone");
        record.ensure(object.release(ring).is_ok(), "the object is gone");
    }
}
