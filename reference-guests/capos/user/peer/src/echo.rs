//! Answers every call with its own parameters, until one says to stop. The methods are
//! those of [`guest_runtime::peer`].

use guest_runtime::abi::interface::ENDPOINT;
use guest_runtime::abi::ring::opcode;
use guest_runtime::abi::ring::{ResultCap, SQ_ENTRIES, Sqe, TransferDescriptor, TransferMode};
use guest_runtime::abi::syscall::TIMEOUT_FOREVER;
use guest_runtime::capset;
use guest_runtime::clock::ticks;
use guest_runtime::endpoint::{HEADER_WORDS, Received, answer, receive};
use guest_runtime::peer::{GIVE_BACK, LARGEST, STAMP, STOP};
use guest_runtime::ring::Ring;
use guest_runtime::syscall::cap_enter;

const WORDS: usize = HEADER_WORDS + LARGEST / 8 + 2 * SQ_ENTRIES as usize;

/// Exit code: stopped as asked.
const STOPPED: i64 = 0;
/// Exit code: the kernel answered what it must not.
const BROKEN: i64 = 2;

const RECEIVED: u64 = 1;
const ANSWERED: u64 = 2;
const RELEASED: u64 = 3;

/// Serves the endpoint granted as `echo`. An answer and the next receive go in one
/// submission, so that a round trip enters the kernel once on this side.
pub fn serve(ring: &mut Ring) -> i64 {
    let Some(endpoint) = capset::find("echo", ENDPOINT) else {
        return BROKEN;
    };
    let mut buffer = [0u64; WORDS];
    ring.push(&receive(endpoint, &mut buffer, RECEIVED));
    // The call, and what completes besides it.
    let mut awaited = 1;
    loop {
        let entered = cap_enter(awaited, TIMEOUT_FOREVER);
        let received = ticks();
        if entered.is_err() {
            return BROKEN;
        }
        awaited = 0;
        while let Some(cqe) = ring.pop() {
            if cqe.result < 0 {
                return BROKEN;
            }
            if cqe.user_data != RECEIVED {
                continue;
            }
            let call = Received::read(&buffer);
            let words = (call.length as usize).div_ceil(8);
            let (message, records) = buffer.split_at_mut(HEADER_WORDS + words);
            let count = usize::from(cqe.cap_count);
            let transfers = match call.method {
                GIVE_BACK => {
                    to_descriptors(records, count);
                    cqe.cap_count
                }
                _ => {
                    awaited += release(ring, records, count);
                    0
                }
            };
            if call.method == STAMP && words > 0 {
                message[HEADER_WORDS] = received;
            }
            let payload = &raw const message[HEADER_WORDS..] as *const u64;
            let length = call.length;
            ring.push(&answer(
                endpoint,
                cqe.call_id,
                payload,
                length,
                transfers,
                ANSWERED,
            ));
            if call.method == STOP {
                let _ = cap_enter(0, 0);
                return STOPPED;
            }
            ring.push(&receive(endpoint, &mut buffer, RECEIVED));
            awaited += 2;
        }
    }
}

/// Turns the records of what came into descriptors that move it back, in place.
fn to_descriptors(records: &mut [u64], count: usize) {
    const RECORD_WORDS: usize = size_of::<ResultCap>() / 8;
    for place in 0..count {
        // SAFETY: a record in our buffer, which the kernel wrote behind the
        // compiler's back.
        let word = unsafe { (&raw const records[place * RECORD_WORDS]).read_volatile() };
        let descriptor = TransferDescriptor {
            cap_id: word as u32,
            mode: TransferMode::Move,
        };
        records[place] = descriptor.to_word();
    }
}

/// Gives up what came. How many completions that makes.
fn release(ring: &mut Ring, records: &[u64], count: usize) -> u32 {
    for place in 0..count {
        // SAFETY: as above.
        let word = unsafe { (&raw const records[place * 2]).read_volatile() };
        ring.push(&Sqe {
            opcode: opcode::RELEASE,
            cap_id: word as u32,
            user_data: RELEASED,
            ..Sqe::default()
        });
    }
    count as u32
}
