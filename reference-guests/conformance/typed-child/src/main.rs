//! What `typed-clients` starts.
//!
//! With an endpoint called `service` it is a client: it calls once and exits with 0
//! when it was answered as expected, with 1 when it was refused. With a timer called
//! `sleeps` it sleeps for longer than anybody waits. Else it says a line, if it can,
//! and exits with 42.
#![no_std]
#![no_main]

extern crate alloc;
// Only its symbols are used.
extern crate link_support as _;

use alloc::boxed::Box;
use alloc::vec;
use capos::syscall::CAP_ENTER_WAIT_FOREVER;
use capos::{
    CapSet, CapabilityType, ClientError, ConsoleClient, ExceptionType, Runtime, RuntimeRingClient,
    TimerClient, decode_completed_call,
};

/// The service; `typed-clients` has the same numbers.
enum Service {}

impl CapabilityType for Service {
    const INTERFACE_ID: u64 = 0x8765_4321_0fed_cba9;
}

const METHOD: u16 = 3;
const REQUEST: &[u8] = b"how many are there?";
const REPLY: &[u8] = b"as many as were granted";
/// Room for the reply, and for the exception in its place.
const ROOM: usize = 512;

/// An hour.
const FOR_LONG_NS: u64 = 3_600_000_000_000;

/// Exit codes.
mod exit {
    pub const ANSWERED: i64 = 0;
    pub const REFUSED: i64 = 1;
    pub const WRONG_REPLY: i64 = 2;
    pub const WRONG_REFUSAL: i64 = 3;
    pub const CALL_FAILED: i64 = 4;
    pub const NO_RING: i64 = 5;
    pub const NOT_SAID: i64 = 6;
    pub const NO_SERVICE: i64 = 42;
}

capos::entry_point!(main);

fn main(mut runtime: Runtime) -> i64 {
    let capset = runtime.capset();
    let Ok(mut ring) = runtime.ring_client() else {
        return exit::NO_RING;
    };
    if let Ok(service) = capset.get_typed::<Service>(b"service") {
        return call(&mut ring, service.cap_id());
    }
    if let Ok(mut timer) = capset.get_client::<TimerClient>(b"sleeps") {
        let _ = timer.sleep_wait(&mut ring, FOR_LONG_NS, CAP_ENTER_WAIT_FOREVER);
    }
    speak(&mut ring, capset)
}

fn speak(ring: &mut RuntimeRingClient<'_>, capset: CapSet) -> i64 {
    let Ok(mut console) = capset.get_client::<ConsoleClient>(b"console") else {
        return exit::NO_SERVICE;
    };
    match console.write_line_wait(ring, "typed-child: here", CAP_ENTER_WAIT_FOREVER) {
        Ok(()) => exit::NO_SERVICE,
        Err(_) => exit::NOT_SAID,
    }
}

fn call(ring: &mut RuntimeRingClient<'_>, service: u32) -> i64 {
    let room = vec![0; ROOM].into_boxed_slice();
    let Ok(call) = ring.submit_call(service, METHOD, Box::from(REQUEST), room) else {
        return exit::CALL_FAILED;
    };
    let Ok(completion) = ring.wait(call, CAP_ENTER_WAIT_FOREVER) else {
        return exit::CALL_FAILED;
    };
    match decode_completed_call(&completion) {
        Ok(length) if completion.result_buffer()[..length] == *REPLY => exit::ANSWERED,
        Ok(_) => exit::WRONG_REPLY,
        Err(ClientError::Application(refusal)) => {
            if refusal.exception_type() == ExceptionType::Overloaded
                && refusal.message() == "not today"
            {
                exit::REFUSED
            } else {
                exit::WRONG_REFUSAL
            }
        }
        Err(_) => exit::CALL_FAILED,
    }
}
