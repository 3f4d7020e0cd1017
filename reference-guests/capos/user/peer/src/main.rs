//! The other side of benchmarks that need two processes.
//!
//! What it does follows from the name of its first grant, because a child has no
//! parameters: `echo` answers the calls of an endpoint, `revoked` calls its capability
//! until that is revoked. It serves and checks nothing else, and keeps nothing between
//! calls.
#![no_std]
#![no_main]

extern crate alloc;

mod echo;

use guest_runtime::abi::interface::NULL;
use guest_runtime::abi::ring::{Sqe, opcode, result};
use guest_runtime::call::submit;
use guest_runtime::ring::Ring;
use guest_runtime::syscall::cap_enter;
use guest_runtime::{capset, entry_point};

/// Exit code: the first grant names no role.
const NO_ROLE: i64 = 1;

entry_point!(main);

fn main() -> i64 {
    let mut ring = Ring::take().expect("the ring is free at the start");
    match capset::entries().first().map(|entry| entry.name()) {
        Some(b"echo") => echo::serve(&mut ring),
        Some(b"revoked") => use_until_revoked(&mut ring),
        _ => NO_ROLE,
    }
}

/// Between two calls the parent runs.
const PAUSE_NS: u64 = 1;

fn use_until_revoked(ring: &mut Ring) -> i64 {
    let Some(cap_id) = capset::find("revoked", NULL) else {
        return NO_ROLE;
    };
    let call = Sqe {
        opcode: opcode::CALL,
        cap_id,
        ..Sqe::default()
    };
    loop {
        match submit(ring, &call).map(|cqe| cqe.result) {
            Ok(0) => {
                let _ = cap_enter(1, PAUSE_NS);
            }
            Ok(result::INVOKE_FAILED) => return 0,
            _ => return NO_ROLE,
        }
    }
}
