//! Waiting on words, raw: the submissions and their results.

use core::sync::atomic::AtomicU32;
use guest_abi::ring::{Sqe, SqeFlags, opcode};

/// Result of a PARK that was woken.
pub const WOKEN: i32 = 0;
/// Result of a PARK whose word has another value.
pub const MISMATCH: i32 = 1;
/// Result of a PARK that timed out.
pub const TIMED_OUT: i32 = 2;

/// Thread `tid` waits while the word is `expected`, at most so long.
pub fn park(
    space: u32,
    tid: u32,
    word: &'static AtomicU32,
    expected: u32,
    timeout_ns: u64,
    user_data: u64,
) -> Sqe {
    Sqe {
        opcode: opcode::PARK,
        flags: SqeFlags::THREAD_OWNED,
        cap_id: space,
        call_id: tid,
        user_data,
        addr: word.as_ptr() as u64,
        len: expected,
        pipeline_dep: timeout_ns,
        ..Sqe::default()
    }
}

/// Wakes at most `most` of those that wait on the word.
pub fn unpark(space: u32, word: &'static AtomicU32, most: u32, user_data: u64) -> Sqe {
    Sqe {
        opcode: opcode::UNPARK,
        cap_id: space,
        user_data,
        addr: word.as_ptr() as u64,
        len: most,
        ..Sqe::default()
    }
}
