//! Bringing a message to its process: the second dispatch of whoever waits for it.
//!
//! Runs outside of the sender's dispatch. Either the message and all its capabilities
//! arrive, or nothing does and what was moved is put back.

use super::{
    Answer, Call, DISCONNECTED, Delivery, Endpoint, InFlight, Outgoing, Parcel, Payload,
    bring_together, own,
};
use crate::arch::user_copy;
use crate::capability::CallError;
use crate::capability::transfer::{self, Arrivals, InTransit};
use crate::kernel::{Kernel, Turn};
use crate::measure;
use crate::process::{Pid, Process, Waiter};
use crate::ring::deferred::{Deferred, resumed};
use crate::ring::dispatch::flags;
use crate::segments;
use crate::step;
use alloc::rc::Rc;
use alloc::vec::Vec;
use guest_abi::ring::{Cqe, ResultCap, recv_header, result};
use kernel_measure::Outcome;

/// Brings a message to its process.
pub fn deliver(kernel: &mut Kernel, caller: Option<&mut Process>, delivery: Delivery) {
    match delivery {
        Delivery::Call {
            endpoint,
            call,
            receiver,
        } => deliver_call(kernel, caller, &endpoint, call, receiver),
        Delivery::Answer {
            caller: to,
            sender,
            kind,
            parcel,
        } => deliver_answer(kernel, caller, to, sender, kind, parcel),
        Delivery::Undelivered(call) => {
            let sender = call.from.waiter;
            kernel.with_process(caller, sender.thread.pid, |kernel, process| {
                transfer::put_back(&mut process.capabilities, call.parcel.capabilities);
                kernel
                    .deferred
                    .push_back(Deferred::Refused(sender, DISCONNECTED));
            });
        }
    }
}

/// How a message arrived.
enum Arrived {
    /// Whole. The sender gives up these slots.
    Whole(Vec<u32>),
    /// Not: the buffer is too small or not there.
    BadBuffer(Vec<InTransit>),
    /// Not: the receiver's table has no room for the capabilities.
    NoRoom(Vec<InTransit>),
}

fn deliver_call(
    kernel: &mut Kernel,
    mut caller: Option<&mut Process>,
    endpoint: &Rc<Endpoint>,
    call: Call,
    receiver: Waiter,
) {
    let Call { from, parcel } = call;
    let sender = from.waiter;
    let Parcel {
        payload,
        capabilities,
    } = parcel;
    let header = recv_header(from.interface_id, sender.method, payload.len() as u32);
    let envelope = Envelope {
        header: &header,
        payload: &payload,
        badge: from.badge,
    };
    let mut capabilities = Some(capabilities);
    let arrived = kernel.with_process(
        caller.as_deref_mut(),
        receiver.thread.pid,
        |kernel, process| {
            let capabilities = capabilities.take().unwrap_or_default();
            let in_flight = |server| {
                endpoint.0.borrow_mut().begin(InFlight {
                    caller: sender,
                    server,
                })
            };
            bring(
                kernel,
                process,
                receiver,
                &envelope,
                capabilities,
                in_flight,
            )
        },
    );
    match arrived {
        Some(Arrived::Whole(moved)) => {
            kernel.with_process(caller, sender.thread.pid, |_, process| {
                transfer::give_up(&mut process.capabilities, moved);
            });
        }
        Some(Arrived::NoRoom(capabilities)) => {
            kernel.with_process(caller, sender.thread.pid, |kernel, process| {
                transfer::put_back(&mut process.capabilities, capabilities);
                let aborted = Deferred::Code(sender, result::TRANSFER_ABORTED);
                kernel.deferred.push_back(aborted);
            });
        }
        Some(Arrived::BadBuffer(kept)) => {
            put_first(kernel, endpoint, from, payload, kept);
        }
        None => {
            let kept = capabilities.unwrap_or_default();
            put_first(kernel, endpoint, from, payload, kept);
        }
    }
    bring_together(kernel, endpoint);
}

/// Puts a call back that its receiver did not take.
fn put_first(
    kernel: &Kernel,
    endpoint: &Endpoint,
    from: Outgoing,
    payload: Payload,
    capabilities: Vec<InTransit>,
) {
    let parcel = own(
        kernel,
        Parcel {
            payload,
            capabilities,
        },
    );
    endpoint.0.borrow_mut().put_back(Call { from, parcel });
}

fn deliver_answer(
    kernel: &mut Kernel,
    mut caller: Option<&mut Process>,
    to: Waiter,
    sender: Pid,
    kind: Answer,
    parcel: Parcel,
) {
    let Parcel {
        payload,
        capabilities,
    } = parcel;
    let envelope = Envelope {
        header: &[],
        payload: &payload,
        badge: 0,
    };
    let mut capabilities = Some(capabilities);
    let arrived =
        kernel.with_process(
            caller.as_deref_mut(),
            to.thread.pid,
            |kernel, process| match kind {
                Answer::Result => {
                    let capabilities = capabilities.take().unwrap_or_default();
                    bring(kernel, process, to, &envelope, capabilities, |_| 0)
                }
                Answer::Exception => {
                    bring_exception(kernel, process, to, &payload);
                    Arrived::Whole(Vec::new())
                }
            },
        );
    kernel.with_process(caller, sender, |_, process| match arrived {
        Some(Arrived::Whole(moved)) => transfer::give_up(&mut process.capabilities, moved),
        Some(Arrived::BadBuffer(kept) | Arrived::NoRoom(kept)) => {
            transfer::put_back(&mut process.capabilities, kept);
        }
        None => {
            let kept = capabilities.unwrap_or_default();
            transfer::put_back(&mut process.capabilities, kept);
        }
    });
}

/// What is written to a receiver.
struct Envelope<'a> {
    header: &'a [u8],
    payload: &'a Payload,
    badge: u64,
}

impl Envelope<'_> {
    fn len(&self) -> usize {
        self.header.len() + self.payload.len()
    }

    /// Writes it, and room for this many records behind it is checked first.
    fn write(&self, kernel: &mut Kernel, to: &Waiter, records: usize) -> Result<(), CallError> {
        let length = self.len() + records * size_of::<ResultCap>();
        if length > to.result_len as usize {
            return Err(CallError::Result);
        }
        let copied = user_copy::write(to.result_addr, self.header).and_then(|()| {
            let at = to.result_addr + self.header.len() as u64;
            user_copy::write(at, self.payload.bytes(kernel))
        });
        copied.map_err(|_| CallError::Result)
    }
}

/// Completes a waiter with a message and its capabilities: the second dispatch of
/// what it submitted. `call_id` is asked once nothing can go wrong any more.
fn bring(
    kernel: &mut Kernel,
    process: &mut Process,
    to: Waiter,
    envelope: &Envelope<'_>,
    capabilities: Vec<InTransit>,
    call_id: impl FnOnce(Pid) -> u32,
) -> Arrived {
    kernel.load(process);
    process.outstanding -= 1;
    let mut probe = measure::thread().dispatch(segments::DISPATCH);
    let count = capabilities.len();
    let copied = envelope.write(kernel, &to, count);
    step::lap::<{ segments::COPY.get() }>(&mut probe);

    let mut cqe = Cqe {
        user_data: to.user_data,
        badge: envelope.badge,
        ..Cqe::default()
    };
    let arrived = match copied {
        Err(_) => {
            cqe.result = result::INVALID_RESULT_BUFFER;
            Arrived::BadBuffer(capabilities)
        }
        Ok(()) if count == 0 => Arrived::Whole(Vec::new()),
        Ok(()) => {
            let arrived = hand_over(process, &to, envelope.len(), capabilities);
            if matches!(arrived, Arrived::NoRoom(_)) {
                cqe.result = result::TRANSFER_ABORTED;
            }
            step::lap::<{ segments::TRANSFER.get() }>(&mut probe);
            arrived
        }
    };
    if matches!(arrived, Arrived::Whole(_)) {
        cqe.result = envelope.len() as i32;
        cqe.cap_count = count as u16;
        cqe.flags = flags(cqe.cap_count);
        cqe.call_id = call_id(process.pid);
    } else {
        cqe.badge = 0;
    }
    process.ring.post(cqe, to.owner);
    step::lap::<{ segments::POST.get() }>(&mut probe);
    kernel.wake(process, Turn::Handoff);
    step::lap::<{ segments::WAKE.get() }>(&mut probe);
    probe.end(resumed(&to, cqe.result), Outcome::Resumed);
    let probe = measure::thread();
    probe.count(measure::CQE_POSTED, 1);
    arrived
}

/// Puts the capabilities into the receiver's table and their records behind the
/// message, where room was checked and memory was just written.
fn hand_over(
    process: &mut Process,
    to: &Waiter,
    length: usize,
    capabilities: Vec<InTransit>,
) -> Arrived {
    match transfer::arrive(process, capabilities) {
        Ok(Arrivals { records, moved }) => {
            let mut at = to.result_addr + length as u64;
            for record in records {
                // A page behind the message that is not there loses the record and
                // not the capability, which the receiver can find by listing.
                let _ = user_copy::write(at, &record.to_bytes());
                at += size_of::<ResultCap>() as u64;
            }
            Arrived::Whole(moved)
        }
        Err(kept) => Arrived::NoRoom(kept),
    }
}

/// Completes a call with the exception that its owner sent.
fn bring_exception(kernel: &mut Kernel, process: &mut Process, to: Waiter, payload: &Payload) {
    kernel.load(process);
    process.outstanding -= 1;
    let mut probe = measure::thread().dispatch(segments::DISPATCH);
    let fits = payload.len() <= to.result_len as usize;
    let written = fits && user_copy::write(to.result_addr, payload.bytes(kernel)).is_ok();
    step::lap::<{ segments::COPY.get() }>(&mut probe);
    let cqe = Cqe {
        user_data: to.user_data,
        result: if written {
            result::APPLICATION_EXCEPTION
        } else {
            result::APPLICATION_EXCEPTION_TRUNCATED
        },
        ..Cqe::default()
    };
    process.ring.post(cqe, to.owner);
    step::lap::<{ segments::POST.get() }>(&mut probe);
    kernel.wake(process, Turn::Handoff);
    step::lap::<{ segments::WAKE.get() }>(&mut probe);
    probe.end(resumed(&to, cqe.result), Outcome::Resumed);
    let probe = measure::thread();
    probe.count(measure::CQE_POSTED, 1);
    let probe = measure::thread();
    probe.count(measure::EXCEPTIONS, 1);
}
