//! The other process of a smoke: answers calls until one says to stop.

use alloc::vec;
use guest_benchmark::runtime::abi::interface::MEMORY_OBJECT;
use guest_benchmark::runtime::abi::ring::{Sqe, opcode};
use guest_benchmark::runtime::abi::syscall::TIMEOUT_FOREVER;
use guest_benchmark::runtime::call::submit;
use guest_benchmark::runtime::capset;
use guest_benchmark::runtime::endpoint::{HEADER_WORDS, Received, answer, receive};
use guest_benchmark::runtime::ring::Ring;
use guest_benchmark::runtime::syscall::cap_enter;

/// The grant that makes a process the server: its endpoint.
pub const GRANT: &str = "serve";
/// What it may be granted besides.
pub const OBJECT: &str = "object";

/// Method: answer with the parameters, and behind them the interface that was called
/// and the badge.
pub const ECHO: u16 = 0;
/// Method: read the object; answer with the result.
pub const READ: u16 = 1;
/// Method: answer, and end.
pub const STOP: u16 = 2;

/// Submissions of the server for a call of [`ECHO`]: RETURN and the next RECV.
pub const ENTRIES_OF_ECHO: u32 = 2;
/// And for one of [`READ`].
pub const ENTRIES_OF_READ: u32 = 3;

/// Words of a message at most.
pub const WORDS: usize = 8;
/// Words that an echo has more than the call.
pub const MORE: usize = 2;

/// Exit code: stopped as asked.
pub const STOPPED: i64 = 0;
/// Exit code: the kernel answered what it must not.
const BROKEN: i64 = 2;

const RECEIVED: u64 = 1;
const ANSWERED: u64 = 2;

/// Serves.
pub fn serve(endpoint: u32) -> i64 {
    let mut ring = Ring::take().expect("the ring is free at the start");
    let object = capset::find(OBJECT, MEMORY_OBJECT);
    let mut buffer = vec![0u64; HEADER_WORDS + WORDS + MORE];
    ring.push(&receive(endpoint, &mut buffer, RECEIVED));
    // The call; later also the completion of the answer before.
    let mut awaited = 1;
    loop {
        if cap_enter(awaited, TIMEOUT_FOREVER).is_err() {
            return BROKEN;
        }
        let mut received = None;
        while let Some(cqe) = ring.pop() {
            if cqe.result < 0 {
                return BROKEN;
            }
            if cqe.user_data == RECEIVED {
                received = Some(cqe);
            }
        }
        let Some(cqe) = received else {
            awaited = 1;
            continue;
        };
        let call = Received::read(&buffer);
        let message = &mut buffer[HEADER_WORDS..];
        let mut length = call.length;
        match (call.method, object) {
            (ECHO, _) => {
                let words = length as usize / 8;
                message[words] = call.interface_id;
                message[words + 1] = cqe.badge;
                length += (MORE * 8) as u32;
            }
            (READ, Some(object)) => {
                message[0] = read(&mut ring, object) as u64;
                length = 8;
            }
            _ => {}
        }
        let payload = message.as_ptr();
        ring.push(&answer(endpoint, cqe.call_id, payload, length, 0, ANSWERED));
        if call.method == STOP {
            let _ = cap_enter(0, 0);
            return STOPPED;
        }
        ring.push(&receive(endpoint, &mut buffer, RECEIVED));
        awaited = 2;
    }
}

/// Asks an object for its size. The completion's result.
pub fn read(ring: &mut Ring, object: u32) -> i64 {
    let mut answer = [0u64; WORDS];
    let info = Sqe {
        opcode: opcode::CALL,
        cap_id: object,
        result_addr: answer.as_mut_ptr() as u64,
        result_len: size_of_val(&answer) as u32,
        ..Sqe::default()
    };
    submit(ring, &info).map_or(i64::MIN, |cqe| cqe.result.into())
}
