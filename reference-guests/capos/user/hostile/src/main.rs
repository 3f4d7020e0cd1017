//! Does to the kernel whatever a program can do to it, from a seed.
//!
//! The program starts children of itself, one after the other, hands each a seed and a
//! number of submissions, and checks after each that the kernel still serves it. A child
//! sends that many submissions made of noise and of half-truths (see [`attack`]), with
//! every capability it was given; it may well end by a fault of its own, and then only
//! it does. Other children take as much of everything as they are given (see
//! [`quotas`]).
//!
//! Parameters: `seed`, `submissions` in all, `round` (how many a child sends). The last
//! line is `hostile: submissions=… rounds=… faults=… completions=…`; the exit code is 0
//! if the kernel kept its promises.
#![no_std]
#![no_main]

extern crate alloc;

mod attack;
mod noise;
mod quotas;

use alloc::vec::Vec;
use guest_runtime::abi::boot_image::find;
use guest_runtime::abi::capset::Entry;
use guest_runtime::abi::interface::{BOOT_PACKAGE, CONSOLE, KernelSource, NULL, PROCESS_SPAWNER};
use guest_runtime::abi::ring::{Sqe, opcode};
use guest_runtime::call::submit;
use guest_runtime::process::{Child, Grant};
use guest_runtime::ring::Ring;
use guest_runtime::{capset, console, entry_point, platform};

/// Exit code: the parameters or grants are not what the program needs.
const BAD_PARAMETERS: i64 = 1;
/// Exit code: the kernel did not keep a promise.
const BROKEN: i64 = 2;
/// Exit codes of children that faulted: at most this.
const FAULT: i64 = -0x1000;

entry_point!(main);

fn main() -> i64 {
    let mut ring = Ring::take().expect("the ring is free at the start");
    match capset::entries().first().map(Entry::name) {
        Some(b"attack") => return attack::run(&mut ring),
        Some(b"quotas") => return quotas::run(&mut ring),
        _ => {}
    }
    let program = platform::program(&mut ring).expect("a grant named `boot`");
    let number = |name| find(&program.parameters, name)?.parse::<u64>().ok();
    let console = console::find().expect("a grant named `console`");
    let (Some(seed), Some(submissions), Some(round)) =
        (number("seed"), number("submissions"), number("round"))
    else {
        return BAD_PARAMETERS;
    };
    let outcome = drive(&mut ring, seed, submissions, round.max(1));
    let line = match &outcome {
        Ok(totals) => console::write_line(
            &mut ring,
            console,
            format_args!(
                "hostile: submissions={} rounds={} faults={} completions={}",
                totals.submissions, totals.rounds, totals.faults, totals.completions
            ),
        ),
        Err(broken) => console::write_line(
            &mut ring,
            console,
            format_args!("hostile: BROKEN: {broken}"),
        ),
    };
    if outcome.is_ok() && line.is_ok() {
        0
    } else {
        BROKEN
    }
}

#[derive(Debug, Default)]
struct Totals {
    /// Submissions of children that ended by themselves.
    submissions: u64,
    rounds: u64,
    /// Children that ended by a fault of their own.
    faults: u64,
    /// Completions those saw that did not.
    completions: u64,
}

fn drive(ring: &mut Ring, seed: u64, submissions: u64, round: u64) -> Result<Totals, &'static str> {
    let mut totals = Totals::default();
    while totals.submissions < submissions {
        let seed = seed.wrapping_add(totals.rounds);
        totals.rounds += 1;
        let child = start(ring, "attack").ok_or("no child was started")?;
        let order = [seed, round.min(submissions - totals.submissions)];
        let mut answer = [0u64; 1];
        let endpoint = child.endpoint().ok_or("no way to call the child")?;
        let call = Sqe {
            opcode: opcode::CALL,
            cap_id: endpoint,
            addr: order.as_ptr() as u64,
            len: size_of_val(&order) as u32,
            result_addr: answer.as_mut_ptr() as u64,
            result_len: size_of_val(&answer) as u32,
            ..Sqe::default()
        };
        let answered = submit(ring, &call).map_err(|_| "a call was never answered")?;
        let code = child.wait(ring).map_err(|_| "a child's end was not told")?;
        if answered.result == 8 && code == 0 {
            totals.submissions += order[1];
            // SAFETY: the array is ours; the kernel wrote it behind the compiler's back.
            totals.completions += unsafe { (&raw const answer[0]).read_volatile() };
        } else if code <= FAULT {
            totals.faults += 1;
        }
        child
            .release(ring)
            .map_err(|_| "a child was not released")?;
        promises(ring)?;
        if totals.rounds.is_multiple_of(16) {
            take_everything(ring)?;
        }
        // Children that never get anywhere would go on for ever.
        if totals.rounds > 64 + 16 * submissions / round {
            return Err("too many children ended before they were done");
        }
    }
    take_everything(ring)?;
    Ok(totals)
}

/// A child takes as much as it is given, and ends; all of it must come back.
fn take_everything(ring: &mut Ring) -> Result<(), &'static str> {
    let child = start(ring, "quotas").ok_or("no child was started")?;
    match child.wait(ring) {
        Ok(0) => {}
        Ok(_) => return Err("a quota did not hold"),
        Err(_) => return Err("a child's end was not told"),
    }
    child
        .release(ring)
        .map_err(|_| "a child was not released")?;
    promises(ring)
}

/// A child with every capability this program has, but for what would end the test or
/// fill its console.
fn start(ring: &mut Ring, role: &str) -> Option<Child> {
    let spawner = capset::find("spawner", PROCESS_SPAWNER)?;
    let mut grants: Vec<Grant<'_>> = alloc::vec![Grant::kernel(role, KernelSource::Endpoint)];
    for entry in capset::entries() {
        if !matches!(entry.interface_id, BOOT_PACKAGE | CONSOLE) {
            let name = core::str::from_utf8(entry.name()).ok()?;
            grants.push(Grant::held(name, entry.cap_id));
        }
    }
    Child::spawn(ring, spawner, role, "hostile", &grants).ok()
}

/// What no child may take from this program.
fn promises(ring: &mut Ring) -> Result<(), &'static str> {
    let nop = Sqe {
        opcode: opcode::NOP,
        user_data: 7,
        ..Sqe::default()
    };
    let served = submit(ring, &nop).map_err(|_| "a no-operation was not served")?;
    let null = capset::find("null", NULL).ok_or("no grant named `null`")?;
    let call = Sqe {
        opcode: opcode::CALL,
        cap_id: null,
        ..nop
    };
    let called = submit(ring, &call).map_err(|_| "a call was not served")?;
    if served.result != 0 || called.result != 0 || ring.pop().is_some() {
        return Err("another completion than its own");
    }
    Ok(())
}
