//! Rows of one thread.

use crate::operation::{AloneKind, Grants};
use core::sync::atomic::{AtomicU32, Ordering};
use guest_benchmark::runtime::abi::ring::{Sqe, opcode};
use guest_benchmark::runtime::abi::syscall::TIMEOUT_FOREVER;
use guest_benchmark::runtime::park::{MISMATCH, TIMED_OUT, park, unpark};
use guest_benchmark::runtime::platform::MAIN_THREAD;
use guest_benchmark::runtime::ring::Ring;
use guest_benchmark::runtime::syscall::cap_enter;
use guest_benchmark::runtime::timer;
use guest_benchmark::{Case, Fault, Record, Refusal, Row, ticks};

/// The word that is waited on.
static WORD: AtomicU32 = AtomicU32::new(1);
/// What a wait that is refused expects it to be.
const OTHER: u32 = 0;
/// How long a wait or sleep is asked for, in nanoseconds: long enough that the
/// processor idles, short enough for many.
const PERIOD: u64 = 50_000;

/// One thread, and the clock that says how late it was woken.
pub struct Alone {
    kind: AloneKind,
    grants: Grants,
    sleep: [u64; 3],
    /// What was asked for, in ticks of the program's clock.
    period_ticks: u64,
    next_user_data: u64,
}

impl Alone {
    /// Ready to run.
    pub fn new(ring: &mut Ring, kind: AloneKind, grants: Grants) -> Result<Self, Refusal> {
        WORD.store(1, Ordering::Relaxed);
        let period_ticks = timer::ticks_of(ring, grants.timer, PERIOD)
            .map_err(|_| Refusal::SetUp("the timer does not answer"))?;
        Ok(Self {
            kind,
            grants,
            // One segment of two words; root: one data word.
            sleep: [2 << 32, 1 << 32, PERIOD],
            period_ticks,
            next_user_data: 1,
        })
    }

    fn submission(&mut self) -> Sqe {
        let user_data = self.next_user_data;
        self.next_user_data += 1;
        let Grants {
            park: space, timer, ..
        } = self.grants;
        match self.kind {
            AloneKind::FailedWait => {
                park(space, MAIN_THREAD, &WORD, OTHER, TIMEOUT_FOREVER, user_data)
            }
            AloneKind::TimeOut => park(space, MAIN_THREAD, &WORD, 1, PERIOD, user_data),
            AloneKind::WakeNobody => unpark(space, &WORD, 1, user_data),
            AloneKind::TimerWake => Sqe {
                opcode: opcode::CALL,
                cap_id: timer,
                method_id: 1,
                user_data,
                addr: self.sleep.as_ptr() as u64,
                len: size_of_val(&self.sleep) as u32,
                ..Sqe::default()
            },
        }
    }

    fn expected(&self) -> i32 {
        match self.kind {
            AloneKind::FailedWait => MISMATCH,
            AloneKind::TimeOut => TIMED_OUT,
            AloneKind::WakeNobody | AloneKind::TimerWake => 0,
        }
    }

    fn is_late_by(&self) -> bool {
        matches!(self.kind, AloneKind::TimeOut | AloneKind::TimerWake)
    }
}

impl Case for Alone {
    fn run(&mut self, ring: &mut Ring, row: &Row<'_>, record: &mut Record, fault: Option<Fault>) {
        for batch in 0..row.batches() {
            let first = self.next_user_data;
            for _ in 0..row.batch {
                let sqe = self.submission();
                ring.push(&sqe);
            }

            let start = ticks();
            let entered = cap_enter(row.batch, TIMEOUT_FOREVER);
            let end = ticks();

            if self.is_late_by() {
                // What counts is how much later than asked for.
                record.ensure(end - start >= self.period_ticks, "it ended too early");
                record.sample(start + self.period_ticks, end);
            } else {
                record.sample(start, end);
            }
            record.submitted(row.batch);
            record.ensure(entered == Ok(row.batch), "cap_enter returned another count");
            let wrong = fault == Some(Fault::WrongResult) && batch == 0;
            for place in 0..row.batch {
                let Some(cqe) = ring.pop() else {
                    record.fail("a completion is missing");
                    break;
                };
                record.completed(1);
                let expected = if wrong { i32::MAX } else { self.expected() };
                record.ensure(
                    cqe.user_data == first + u64::from(place),
                    "wrong user_data, or out of order",
                );
                record.ensure(cqe.result == expected, "wrong result");
            }
            record.ensure(ring.pop().is_none(), "a completion too many");
        }
    }
}
