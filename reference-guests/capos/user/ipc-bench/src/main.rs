//! What a call from one process to another costs.
//!
//! The other process is `peer`, which answers with what it was sent. Each answer is
//! held against what was sent, and each capability that comes back against the one
//! that went.
#![no_std]
#![no_main]

extern crate alloc;

mod operation;
mod round_trip;

use alloc::boxed::Box;
use guest_benchmark::runtime::abi::interface::{KernelSource, NULL, PROCESS_SPAWNER};
use guest_benchmark::runtime::process::{Child, Grant};
use guest_benchmark::runtime::ring::Ring;
use guest_benchmark::runtime::{capset, entry_point};
use guest_benchmark::{Case, Program, Refusal, Row};
use operation::Operation;
use round_trip::RoundTrips;

entry_point!(main);

fn main() -> i64 {
    guest_benchmark::run(IpcBench)
}

struct IpcBench;

impl Program for IpcBench {
    const NAME: &'static str = "ipc-bench";

    fn prepare(&mut self, ring: &mut Ring, row: &Row<'_>) -> Result<Box<dyn Case>, Refusal> {
        let operation = Operation::from_name(row.operation).ok_or(Refusal::UnknownOperation)?;
        let spawner = capset::find("spawner", PROCESS_SPAWNER).ok_or(Refusal::NotGranted)?;
        // What is moved comes back under another id, so it is a capability of its own.
        let token = match operation {
            Operation::TransferMove => "movable",
            _ => "token",
        };
        let token = capset::find(token, NULL).ok_or(Refusal::NotGranted)?;
        let grants = [Grant::kernel("echo", KernelSource::Endpoint)];
        let server = Child::spawn(ring, spawner, "echo", "peer", &grants)
            .map_err(|_| Refusal::SetUp("the server was not started"))?;
        let endpoint = server
            .endpoint()
            .ok_or(Refusal::SetUp("no way to call the server"))?;
        if operation.moves() && row.batch != 1 {
            return Err(Refusal::BadBatch);
        }
        let case = RoundTrips::start(ring, operation, server, endpoint, token)?;
        Ok(Box::new(case))
    }
}
