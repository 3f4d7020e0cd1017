//! A row: batches, samples and the oracle.

use crate::Fault;
use crate::clock::ticks;
use crate::operation::Buffers;
use crate::row::Row;
use alloc::boxed::Box;
use alloc::vec::Vec;
use guest_runtime::abi::ring::Cqe;
use guest_runtime::abi::syscall::TIMEOUT_FOREVER;
use guest_runtime::measure::{Oracle, Sample};
use guest_runtime::ring::Ring;
use guest_runtime::syscall::cap_enter;

/// What a row found.
#[derive(Debug)]
pub struct Outcome {
    /// The counts.
    pub oracle: Oracle,
    /// The first thing that was wrong; empty if nothing was.
    pub detail: &'static str,
    /// One for every batch, the cold first one and the warm-up flagged.
    pub samples: Vec<Sample>,
}

/// Runs a row.
pub fn run(ring: &mut Ring, row: &Row<'_>, target: u32, fault: Option<Fault>) -> Outcome {
    // The memory is touched here, not in the first timed batches.
    let mut outcome = Outcome {
        oracle: Oracle::default(),
        detail: "",
        samples: alloc::vec![Sample::default(); row.batches() as usize],
    };
    let mut buffers = Box::new(Buffers::new());
    buffers.settle();
    let mut next_user_data = 1;
    for batch in 0..row.batches() {
        match fault {
            // SAFETY: none; the test wants the fault.
            Some(Fault::Crash) => unsafe {
                core::arch::asm!("mov rax, [0]", out("rax") _);
            },
            Some(Fault::Hang) => loop {
                core::hint::spin_loop();
            },
            Some(Fault::WrongResult) | None => {}
        }
        let first = next_user_data;
        for place in 0..row.batch {
            let sqe = buffers.submission(row.operation, target, place as usize, next_user_data);
            ring.push(&sqe);
            next_user_data += 1;
        }
        let overflow = ring.overflow();

        let start = ticks();
        let entered = cap_enter(row.batch, TIMEOUT_FOREVER);
        let end = ticks();

        outcome.samples[batch as usize] = Sample {
            start,
            ticks: end - start,
            operations: row.batch,
            flags: flags(row, batch),
            metric: 0,
        };
        outcome.oracle.submitted += u64::from(row.batch);
        if entered != Ok(row.batch) {
            outcome.fail("cap_enter returned another count");
        }
        if ring.overflow() != overflow {
            outcome.fail("cq_overflow changed");
        }
        let wrong = fault == Some(Fault::WrongResult) && batch == 0;
        outcome.check_batch(ring, row, &buffers, first, wrong);
    }
    outcome
}

fn flags(row: &Row<'_>, batch: u32) -> u16 {
    let cold = if batch == 0 { Sample::COLD } else { 0 };
    let warm_up = if batch < row.warmup {
        Sample::WARM_UP
    } else {
        0
    };
    cold | warm_up
}

impl Outcome {
    /// Takes a batch's completions: each in its place, none missing, none extra.
    fn check_batch(
        &mut self,
        ring: &mut Ring,
        row: &Row<'_>,
        buffers: &Buffers,
        first_user_data: u64,
        wrong: bool,
    ) {
        for place in 0..row.batch {
            let Some(cqe) = ring.pop() else {
                self.fail("a completion is missing");
                return;
            };
            self.oracle.completed += 1;
            let mut expected = Buffers::expected_result(row.operation);
            if wrong && place == 0 {
                expected = i32::MAX;
            }
            if let Some(detail) = mistake(&cqe, first_user_data + u64::from(place), expected) {
                self.fail(detail);
            } else if !buffers.is_answered(row.operation, place as usize) {
                self.fail("wrong result message");
            }
        }
        while ring.pop().is_some() {
            self.oracle.completed += 1;
            self.fail("a completion too many");
        }
    }

    fn fail(&mut self, detail: &'static str) {
        self.oracle.failures = self.oracle.failures.saturating_add(1);
        if self.detail.is_empty() {
            self.detail = detail;
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
