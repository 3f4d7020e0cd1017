//! The other side of benchmarks that need two processes.
//!
//! What it does follows from the name of its first grant, because a child has no
//! parameters: `idle` waits until it is ended, `echo` answers the calls of an
//! endpoint. It serves and checks nothing else, and keeps nothing between calls.
#![no_std]
#![no_main]

extern crate alloc;

mod echo;

use guest_runtime::abi::syscall::TIMEOUT_FOREVER;
use guest_runtime::ring::Ring;
use guest_runtime::syscall::cap_enter;
use guest_runtime::{capset, entry_point};

/// Exit code: the first grant names no role.
const NO_ROLE: i64 = 1;

entry_point!(main);

fn main() -> i64 {
    let mut ring = Ring::take().expect("the ring is free at the start");
    match capset::entries().first().map(|entry| entry.name()) {
        Some(b"idle") => loop {
            let _ = cap_enter(1, TIMEOUT_FOREVER);
        },
        Some(b"echo") => echo::serve(&mut ring),
        _ => NO_ROLE,
    }
}
