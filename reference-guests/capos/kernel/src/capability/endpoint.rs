//! `Endpoint`: calls from one process to another.
//!
//! A client's CALL waits for a RECV of the owner, in the order of each; the message
//! is copied through the kernel's scratch, because sender and receiver are never
//! mapped at once. The owner's RETURN completes the CALL. If the owner waits in
//! `cap_enter` when the call arrives, it runs as soon as the client waits, without a
//! place in the queue, and the same on the way back.
//!
//! When the last owner is gone, every call that was not answered is answered with
//! `disconnected`, and so is every later one.
//!
//! *Chosen*: a receiver whose buffer is too small completes with −3 and the call
//! stays first in line; one whose table is full aborts both with −8; an answer too
//! large for the caller's buffer leaves the caller −3 and the owner 0; a RECV that was
//! cancelled completes with −8.

use super::exception::Exception;
use super::scratch::bytes_mut;
use super::transfer::{self, Arrivals, InTransit};
use super::{CallError, Object};
use crate::arch::user_copy;
use crate::inject;
use crate::kernel::{Kernel, Turn};
use crate::measure;
use crate::process::{Pid, Process, Waiter};
use crate::ring::deferred::{Deferred, resumed};
use crate::ring::dispatch::flags;
use crate::segments;
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;
use guest_abi::ring::{Cqe, RECV_HEADER_LENGTH, ResultCap, Sqe, recv_header, result};
use kernel_core::capability_table::Hold;
use kernel_core::endpoint::{Endpoint as Queues, Refused};
use kernel_measure::Outcome;

/// An endpoint.
#[derive(Debug, Default)]
pub struct Endpoint(RefCell<Queues<Call, Waiter, InFlight>>);

/// A message's bytes.
#[derive(Debug)]
pub enum Payload {
    /// The first so many bytes of the parameter scratch, until the next dispatch.
    Scratch(usize),
    /// Bytes of its own.
    Own(Box<[u8]>),
}

/// A message and what goes with it.
#[derive(Debug)]
pub struct Parcel {
    /// Its bytes.
    pub payload: Payload,
    /// Its capabilities.
    pub capabilities: Vec<InTransit>,
}

/// Through what a call is made, and by whom.
#[derive(Debug)]
pub struct Outgoing {
    /// Interface of the caller's hold.
    pub interface_id: u64,
    /// Its badge.
    pub badge: u64,
    /// The call's place.
    pub waiter: Waiter,
}

/// A call that was not received yet.
#[derive(Debug)]
pub struct Call {
    from: Outgoing,
    parcel: Parcel,
}

/// A call that was received and not answered yet.
#[derive(Debug)]
struct InFlight {
    caller: Waiter,
    server: Pid,
}

/// How a call is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// With the method's result.
    Result,
    /// With a `CapException`.
    Exception,
}

/// A message to be brought to a process, outside of the sender's dispatch.
#[derive(Debug)]
pub enum Delivery {
    /// A call, to a receiver.
    Call {
        /// The endpoint.
        endpoint: Rc<Endpoint>,
        /// The call.
        call: Call,
        /// Who receives it.
        receiver: Waiter,
    },
    /// An answer, to the caller.
    Answer {
        /// The caller.
        caller: Waiter,
        /// Who answers.
        sender: Pid,
        /// With what.
        kind: Answer,
        /// The answer.
        parcel: Parcel,
    },
    /// A call that nobody receives any more, back to the caller.
    Undelivered(Call),
}

/// Why a message was not sent.
#[derive(Clone, Copy, Debug)]
pub enum SendError {
    /// With a completion's code.
    Code(i32),
    /// With an exception.
    Exception(Exception),
}

impl From<Exception> for SendError {
    fn from(exception: Exception) -> Self {
        Self::Exception(exception)
    }
}

/// Copies a message into the scratch. Its length in bytes.
pub fn copy_in(kernel: &mut Kernel, sqe: &Sqe) -> Result<usize, SendError> {
    let length = sqe.len as usize;
    let bytes = bytes_mut(kernel.scratch.parameters).get_mut(..length);
    let copied = bytes.map(|bytes| match length {
        0 => Ok(()),
        _ => user_copy::read(bytes, sqe.addr),
    });
    match copied {
        Some(Ok(())) => Ok(length),
        _ => Err(SendError::Code(result::INVALID_PARAMS_BUFFER)),
    }
}

/// Takes a call in.
pub fn call(
    kernel: &mut Kernel,
    caller: &mut Process,
    endpoint: &Rc<Endpoint>,
    from: Outgoing,
    parcel: Parcel,
) -> Result<(), SendError> {
    let refused = match endpoint.0.borrow().refuses_call() {
        Some(Refused::Closed) => Some(DISCONNECTED),
        Some(Refused::Full) => Some(Exception::overloaded("32 calls wait for the receiver")),
        None => caller.take_outstanding().err(),
    };
    if let Some(exception) = refused {
        transfer::put_back(&mut caller.capabilities, parcel.capabilities);
        return Err(exception.into());
    }
    let parcel = if endpoint.0.borrow().has_receiver() {
        parcel
    } else {
        own(kernel, parcel)
    };
    let taken_in = endpoint.0.borrow_mut().call(Call { from, parcel });
    debug_assert!(taken_in.is_ok(), "just asked");
    bring_together(kernel, endpoint);
    Ok(())
}

const DISCONNECTED: Exception = Exception::disconnected("the endpoint's owner is gone");

/// Lets a process receive.
pub fn receive(
    kernel: &mut Kernel,
    owner: &mut Process,
    endpoint: &Rc<Endpoint>,
    receiver: Waiter,
) -> Result<(), i32> {
    if (receiver.result_len as usize) < RECV_HEADER_LENGTH {
        return Err(result::INVALID_RESULT_BUFFER);
    }
    owner
        .take_outstanding()
        .map_err(|_| result::INVOKE_FAILED)?;
    endpoint.0.borrow_mut().receive(receiver);
    bring_together(kernel, endpoint);
    Ok(())
}

/// Lets waiting calls meet waiting receivers.
fn bring_together(kernel: &mut Kernel, endpoint: &Rc<Endpoint>) {
    // One at a time: the next goes when this one has arrived.
    if let Some((call, receiver)) = endpoint.0.borrow_mut().pair() {
        kernel.deferred.push_back(Deferred::Deliver(Delivery::Call {
            endpoint: Rc::clone(endpoint),
            call,
            receiver,
        }));
    }
}

/// Whether this process has received this call and not answered it.
pub fn is_received(endpoint: &Endpoint, call_id: u32, server: Pid) -> bool {
    let queues = endpoint.0.borrow();
    let call = queues.in_flight(call_id);
    call.is_some_and(|call| call.server == server)
}

/// Answers a call, which must have been received.
pub fn answer(
    kernel: &mut Kernel,
    sender: &Process,
    endpoint: &Rc<Endpoint>,
    call_id: u32,
    kind: Answer,
    parcel: Parcel,
) {
    let call = endpoint.0.borrow_mut().end(call_id);
    let call = call.expect("the call was received");
    kernel
        .deferred
        .push_back(Deferred::Deliver(Delivery::Answer {
            caller: call.caller,
            sender: sender.pid,
            kind,
            parcel,
        }));
    bring_together(kernel, endpoint);
}

/// Cancels the process's receive with this `user_data`. The completion's code.
pub fn cancel(kernel: &mut Kernel, owner: &Process, endpoint: &Endpoint, user_data: u64) -> i32 {
    let cancelled = endpoint
        .0
        .borrow_mut()
        .cancel(|receiver| receiver.thread.pid == owner.pid && receiver.user_data == user_data);
    match cancelled {
        Some(receiver) => {
            let aborted = Deferred::Code(receiver, result::TRANSFER_ABORTED);
            kernel.deferred.push_back(aborted);
            0
        }
        None => result::INVALID_REQUEST,
    }
}

/// Forgets what a process that has ended wanted of an endpoint, and tells whoever
/// waits for an answer of its.
pub fn abandon(kernel: &mut Kernel, pid: Pid, object: &Object) {
    let (Object::Endpoint(endpoint) | Object::EndpointClient(endpoint)) = object else {
        return;
    };
    let mut queues = endpoint.0.borrow_mut();
    queues.forget_receivers(|receiver| receiver.thread.pid == pid);
    queues.withdraw(|call| call.from.waiter.thread.pid == pid);
    for call in queues.end_where(|call| call.server == pid) {
        let refused = Deferred::Refused(call.caller, DISCONNECTED);
        kernel.deferred.push_back(refused);
    }
}

impl Kernel {
    /// Drops a hold that is in no table any more. The last hold of an owner closes
    /// its endpoint.
    pub fn drop_hold(&mut self, hold: Hold<Object>) {
        if let Object::Endpoint(endpoint) = hold.object()
            && hold.is_last()
        {
            let (calls, in_flight) = endpoint.0.borrow_mut().close();
            for call in calls {
                let undelivered = Deferred::Deliver(Delivery::Undelivered(call));
                self.deferred.push_back(undelivered);
            }
            for call in in_flight {
                let refused = Deferred::Refused(call.caller, DISCONNECTED);
                self.deferred.push_back(refused);
            }
        }
    }
}

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
    inject::point::<{ segments::COPY.get() }>();
    probe.lap(segments::COPY);

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
            inject::point::<{ segments::TRANSFER.get() }>();
            probe.lap(segments::TRANSFER);
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
    inject::point::<{ segments::POST.get() }>();
    probe.lap(segments::POST);
    kernel.wake(process, Turn::Handoff);
    inject::point::<{ segments::WAKE.get() }>();
    probe.lap(segments::WAKE);
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
    inject::point::<{ segments::COPY.get() }>();
    probe.lap(segments::COPY);
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
    probe.lap(segments::POST);
    kernel.wake(process, Turn::Handoff);
    probe.lap(segments::WAKE);
    probe.end(resumed(&to, cqe.result), Outcome::Resumed);
    let probe = measure::thread();
    probe.count(measure::CQE_POSTED, 1);
    let probe = measure::thread();
    probe.count(measure::EXCEPTIONS, 1);
}

impl Payload {
    fn len(&self) -> usize {
        match self {
            Self::Scratch(length) => *length,
            Self::Own(bytes) => bytes.len(),
        }
    }

    fn bytes<'a>(&'a self, kernel: &'a Kernel) -> &'a [u8] {
        match self {
            Self::Scratch(length) => &kernel.scratch.parameter_bytes()[..*length],
            Self::Own(bytes) => bytes,
        }
    }
}

/// Gives a message bytes of its own.
fn own(kernel: &Kernel, parcel: Parcel) -> Parcel {
    let payload = match parcel.payload {
        Payload::Scratch(length) => Payload::Own(kernel.scratch.parameter_bytes()[..length].into()),
        own @ Payload::Own(_) => own,
    };
    Parcel { payload, ..parcel }
}
