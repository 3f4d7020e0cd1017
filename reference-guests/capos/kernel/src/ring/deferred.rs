//! Completions that a dispatch causes and that are not its own.
//!
//! An answer to somebody else's call, the end of a thread that others wait for, a
//! waiter that was woken: each is a dispatch of its own with the flow of the
//! submission that it completes, and runs after the dispatch that caused it. So no
//! dispatch lies inside another, and each is charged to the process it is for.

use super::dispatch::flow;
use crate::capability::endpoint::{self, Delivery};
use crate::capability::exception::Exception;
use crate::capability::message::Encoder;
use crate::capability::{CallError, process_handle, terminal_session, thread_handle};
use crate::kernel::{Kernel, Turn};
use crate::measure;
use crate::process::{Process, Waiter};
use crate::segments;
use crate::step;
use core::ops::ControlFlow;
use guest_abi::ring::{Cqe, result};
use kernel_core::terminal::Answer;
use kernel_measure::{DispatchInfo, Outcome};

/// Something to be completed.
#[derive(Debug)]
pub enum Deferred {
    /// Complete it with a code.
    Code(Waiter, i32),
    /// Complete it with an exception.
    Refused(Waiter, Exception),
    /// Complete it: the process that it waits for has ended, with this exit code.
    ProcessEnded(Waiter, i64),
    /// Complete it: the thread that it waits for has ended, with this exit code.
    ThreadEnded(Waiter, i64),
    /// Complete it: the line that it waits for is there, or will never be.
    Line(Answer<Waiter>),
    /// Bring a message to its receiver.
    Deliver(Delivery),
    /// Keep the calling thread in the kernel until its PARK completes.
    Park,
    /// End the calling thread.
    EndThread(i64),
}

/// Why no more is served for a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// A PARK of its own keeps it.
    Parked,
    /// It ends with this code.
    Ended(i64),
}

impl Kernel {
    /// Makes all completions that are due, those that they cause among them. Breaks if
    /// the calling thread cannot go on. The caller's address space is loaded afterwards.
    #[inline(never)]
    pub fn complete_deferred(&mut self, mut caller: Option<&mut Process>) -> ControlFlow<Stop> {
        let mut flow = ControlFlow::Continue(());
        while let Some(deferred) = self.deferred.pop_front() {
            match deferred {
                Deferred::Code(waiter, result) => {
                    self.complete(caller.as_deref_mut(), waiter, |_| result);
                }
                Deferred::Refused(waiter, exception) => {
                    self.complete(caller.as_deref_mut(), waiter, |encoder| {
                        exception.encode(encoder)
                    });
                }
                Deferred::ProcessEnded(waiter, code) => {
                    self.complete(caller.as_deref_mut(), waiter, |encoder| {
                        length_or_code(process_handle::encode(code, encoder))
                    });
                }
                Deferred::ThreadEnded(waiter, code) => {
                    self.complete(caller.as_deref_mut(), waiter, |encoder| {
                        length_or_code(thread_handle::encode_join(code, encoder))
                    });
                }
                Deferred::Line(answer) => {
                    self.complete(caller.as_deref_mut(), answer.reader, |encoder| {
                        length_or_code(terminal_session::encode(&answer, encoder))
                    });
                }
                Deferred::Deliver(delivery) => {
                    endpoint::deliver(self, caller.as_deref_mut(), delivery);
                }
                Deferred::Park => flow = ControlFlow::Break(Stop::Parked),
                Deferred::EndThread(code) => flow = ControlFlow::Break(Stop::Ended(code)),
            }
        }
        if let Some(caller) = caller {
            self.load(caller);
        }
        flow
    }

    /// Completes a submission that was left pending, with a result that `encode`
    /// writes. Its process may be the caller, one that does not run, or gone.
    fn complete(
        &mut self,
        caller: Option<&mut Process>,
        waiter: Waiter,
        encode: impl FnOnce(&mut Encoder<'_>) -> i32,
    ) {
        // A function of its own: a closure would capture of the waiter just what it
        // uses, which is less where probes are compiled out.
        self.with_process(caller, waiter.thread.pid, |kernel, process| {
            kernel.complete_for(process, waiter, encode);
        });
    }

    /// The same, for its process.
    fn complete_for(
        &mut self,
        process: &mut Process,
        waiter: Waiter,
        encode: impl FnOnce(&mut Encoder<'_>) -> i32,
    ) {
        self.load(process);
        process.outstanding -= 1;
        let mut probe = measure::thread().dispatch(segments::DISPATCH);
        let result = encode(&mut Encoder {
            scratch: self.scratch.results,
            address: waiter.result_addr,
            room: waiter.result_len,
        });
        step::lap::<{ segments::ENCODE.get() }>(&mut probe);
        let cqe = Cqe {
            user_data: waiter.user_data,
            result,
            ..Cqe::default()
        };
        process.ring.post(cqe, waiter.owner);
        step::lap::<{ segments::POST.get() }>(&mut probe);
        self.wake(process, Turn::Own);
        step::lap::<{ segments::WAKE.get() }>(&mut probe);
        probe.end(resumed(&waiter, result), Outcome::Resumed);
        let probe = measure::thread();
        probe.count(measure::CQE_POSTED, 1);
    }
}

fn length_or_code(encoded: Result<usize, CallError>) -> i32 {
    encoded.map_or(result::INVALID_RESULT_BUFFER, |length| length as i32)
}

/// What the second dispatch of a submission was about.
pub fn resumed(waiter: &Waiter, result: i32) -> DispatchInfo {
    DispatchInfo {
        tid: waiter.thread.traced(),
        flow: flow(waiter.thread.pid, waiter.sequence),
        result,
        opcode: waiter.opcode,
        interface: waiter.interface,
        method: waiter.method,
    }
}
