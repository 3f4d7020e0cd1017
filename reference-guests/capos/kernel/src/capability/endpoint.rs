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

mod delivery;

use super::Object;
use super::exception::Exception;
use super::interface::{Interface, Methods};
use super::scratch::bytes_mut;
use super::transfer::{self, InTransit};
use crate::arch::user_copy;
use crate::kernel::Kernel;
use crate::process::{Pid, Process, Waiter};
use crate::ring::deferred::Deferred;
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;
use guest_abi::interface::{self, KernelSource};
use guest_abi::ring::{RECV_HEADER_LENGTH, Sqe, result};
use kernel_core::capability_table::Hold;
use kernel_core::endpoint::{Endpoint as Queues, Refused};

pub use delivery::deliver;

/// The interface.
pub const INTERFACE: Interface = Interface {
    index: 9,
    id: interface::ENDPOINT,
    name: "Endpoint",
    // Its calls are its owner's to answer.
    methods: Methods::Any,
    source: KernelSource::Endpoint.name(),
    is_for_measuring: false,
};

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

/// Forgets what a process that has ended wanted of an endpoint, and answers the
/// callers that wait for it.
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
