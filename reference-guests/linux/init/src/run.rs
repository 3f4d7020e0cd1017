//! A whole boot: who is speaking, one window per row, the end.

use crate::clock::Clock;
use crate::instrument;
use crate::machine::Machine;
use crate::options::Options;
use crate::outcome::Outcome;
use crate::row::Row;
use crate::stream::Stream;
use crate::sys;
use crate::window::{RowOutcome, Windows};
use std::io;
use trace_format::control::{Message, RingMode, Session, ThreadDeclared};

/// Identifies the build; set by a build for a record.
const BUILD_ID: &str = match option_env!("CAPBENCH_BUILD_ID") {
    Some(id) => id,
    None => "unidentified",
};

/// Runs all rows. An error is one of the stream itself.
pub fn run(
    options: &Options,
    rows: &[Row],
    stream: &Stream,
    machine: Machine,
) -> io::Result<Outcome> {
    sys::stay_on_this_cpu()?;
    let clock = Clock::examine();
    let (instrument, features) = instrument::start(options.pass);
    // What preparing an instrument took would otherwise be copied by every
    // fork, by another amount in each pass.
    sys::return_free_memory();
    let kernel = format!("linux {}", sys::kernel_release());
    machine.say(&format!(
        "linux-init: {kernel}, pass {}, {features}",
        options.pass.name()
    ));
    stream.control(&[
        Message::Session(Session {
            build_id: BUILD_ID,
            kernel: &kernel,
            variant: options.pass.name(),
            features: &features,
            cpus: 1,
            ring_mode: RingMode::Discard,
            ring_slots: 0,
        }),
        Message::ClockCertificate(clock.certificate()),
        Message::ThreadDeclared(ThreadDeclared {
            tid: sys::thread_id() as u32,
            pid: std::process::id(),
            program: "linux-init",
        }),
    ])?;
    let mut windows = Windows::new(stream, machine, &clock, instrument);
    let mut outcome = Outcome::Passed;
    for row in rows {
        if windows.run(row)? == RowOutcome::Failed {
            outcome = Outcome::OracleFailed;
        }
    }
    stream.finish()?;
    Ok(outcome)
}
