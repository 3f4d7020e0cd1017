//! Whether each mechanism of the kernel works at all.
//!
//! Each row is a smoke: it goes once through what its name says and holds every answer
//! against what it must be. Not a benchmark: its value is how much the smoke did, and
//! nobody should want it to be small. Rows of higher tiers stand on these; see
//! `smokes` in the manifests.
//!
//! A smoke states how many submissions it is, its own and those of the processes it
//! talks to. What the kernel counts must be the same. Setting up and taking down lie
//! outside of the window.
//!
//! The program starts itself as the other process of some smokes (see [`server`]).
#![no_std]
#![no_main]

extern crate alloc;

mod boot;
mod calls;
mod measurement;
mod memory;
mod park;
mod process;
mod server;
mod session;
mod smoke;
mod terminal;

use alloc::boxed::Box;
use guest_benchmark::runtime::abi::interface::ENDPOINT;
use guest_benchmark::runtime::measure::MeasureControl;
use guest_benchmark::runtime::ring::Ring;
use guest_benchmark::runtime::{capset, entry_point};
use guest_benchmark::{Case, Program, Refusal, Row};
use smoke::{Once, Smoke};

entry_point!(main);

fn main() -> i64 {
    match capset::find(server::GRANT, ENDPOINT) {
        Some(endpoint) => server::serve(endpoint),
        None => guest_benchmark::run(Smokes),
    }
}

struct Smokes;

impl Program for Smokes {
    const NAME: &'static str = "smoke";

    fn prepare(&mut self, ring: &mut Ring, row: &Row<'_>) -> Result<Box<dyn Case>, Refusal> {
        // Once each: what was revoked or logged out does not come back.
        if row.operations() != 1 {
            return Err(Refusal::BadBatch);
        }
        let smoke: Box<dyn Smoke> = match row.operation {
            "boot" => Box::new(boot::Boot::find()?),
            "spawn" => Box::new(process::Spawn::prepare(ring)?),
            "ipc" => Box::new(calls::Ipc::prepare(ring)?),
            "revocable-read" => Box::new(calls::RevocableRead::prepare(ring)?),
            "memory-object" => Box::new(memory::Shared::find()?),
            "terminal" => Box::new(terminal::Conversation::begin(ring, row.benchmark)?),
            "login" => Box::new(session::Login::find()?),
            "park" => Box::new(park::Woken::prepare(ring)?),
            "vm-cleanup" => Box::new(memory::Cleanup::prepare(ring)?),
            "measurement-build" => match MeasureControl::find() {
                Some(_) => Box::new(measurement::Present::find()?),
                None => Box::new(measurement::Absent::find()?),
            },
            _ => return Err(Refusal::UnknownOperation),
        };
        Ok(Box::new(Once(smoke)))
    }
}
