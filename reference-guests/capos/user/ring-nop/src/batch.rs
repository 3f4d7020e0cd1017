//! A row: batches of one operation, and the oracle.

use crate::operation::{Buffers, Operation};
use alloc::boxed::Box;
use guest_benchmark::runtime::abi::ring::Cqe;
use guest_benchmark::runtime::abi::syscall::TIMEOUT_FOREVER;
use guest_benchmark::runtime::ring::Ring;
use guest_benchmark::runtime::syscall::cap_enter;
use guest_benchmark::{Case, Fault, Record, Row, ticks};

/// Batches of one operation.
pub struct Batches {
    operation: Operation,
    /// The capability it is for; 0 for none.
    target: u32,
    buffers: Box<Buffers>,
    next_user_data: u64,
}

impl Batches {
    /// Ready to run.
    pub fn new(operation: Operation, target: u32) -> Self {
        let mut buffers = Box::new(Buffers::new());
        buffers.settle();
        Self {
            operation,
            target,
            buffers,
            next_user_data: 1,
        }
    }

    /// Takes a batch's completions: each in its place, none missing, none extra.
    fn check(&self, ring: &mut Ring, row: &Row<'_>, first: u64, wrong: bool, record: &mut Record) {
        for place in 0..row.batch {
            let Some(cqe) = ring.pop() else {
                record.fail("a completion is missing");
                return;
            };
            record.completed(1);
            let mut expected = Buffers::expected_result(self.operation);
            if wrong && place == 0 {
                expected = i32::MAX;
            }
            if let Some(detail) = mistake(&cqe, first + u64::from(place), expected) {
                record.fail(detail);
            } else if !self.buffers.is_answered(self.operation, place as usize) {
                record.fail("wrong result message");
            }
        }
        while ring.pop().is_some() {
            record.completed(1);
            record.fail("a completion too many");
        }
    }
}

impl Case for Batches {
    fn run(&mut self, ring: &mut Ring, row: &Row<'_>, record: &mut Record, fault: Option<Fault>) {
        for batch in 0..row.batches() {
            let first = self.next_user_data;
            for place in 0..row.batch {
                let (target, user_data) = (self.target, self.next_user_data);
                let sqe =
                    self.buffers
                        .submission(self.operation, target, place as usize, user_data);
                ring.push(&sqe);
                self.next_user_data += 1;
            }
            let overflow = ring.overflow();

            let start = ticks();
            let entered = cap_enter(row.batch, TIMEOUT_FOREVER);
            let end = ticks();

            record.sample(start, end);
            record.submitted(row.batch);
            record.ensure(entered == Ok(row.batch), "cap_enter returned another count");
            record.ensure(ring.overflow() == overflow, "cq_overflow changed");
            let wrong = fault == Some(Fault::WrongResult) && batch == 0;
            self.check(ring, row, first, wrong, record);
        }
    }
}

fn mistake(cqe: &Cqe, user_data: u64, expected: i32) -> Option<&'static str> {
    if cqe.user_data != user_data {
        Some("wrong user_data, or out of order")
    } else if cqe.result != expected {
        Some("wrong result")
    } else if cqe.flags != 0 || cqe.cap_count != 0 || cqe.badge != 0 || cqe.call_id != 0 {
        Some("unexpected fields in a completion")
    } else {
        None
    }
}
