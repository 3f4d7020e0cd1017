//! One sample as consecutive parts: who ran, in what, for how long; and what became
//! of each submission that blocked.
//!
//! Promises that the parts of a sample lie end to end from its start to its end, so
//! that they add up to the program's own clock, and that the self times inside a
//! part add up to the part. Nothing is stretched to make that so: a time between
//! two records that cannot both be followed has the kind `unattributed`.
//!
//! Between records the place is known by their order. After a way out of the kernel
//! a program runs, until a way in; between the two the kernel does, on the turn of
//! the thread that the last context switch named. A dispatch belongs to the thread
//! that it is for, also where it is done on another one's turn.
//!
//! Costs a second pass over the stream. Memory: the records of one sample, at most
//! [`records::RECORD_LIMIT`].

mod error;
mod part;
mod place;
pub mod records;
mod role;
mod sample;
mod sums;
mod view;
mod walk;

use std::collections::BTreeMap;
use std::io::Read;

use capbench_results::Unit;
use serde::Serialize;

use crate::load::Frames;
use crate::statements::Statements;
use crate::trace::Trace;
use records::gather;
use role::Roles;

pub use error::StitchError;
pub use part::{Dispatched, Inside, Kind, OutcomeWord, Part};
pub use sample::Chosen;
pub use sums::{Owner, Sum};
pub use view::{Blocked, Flow, Share, Stretch};

/// A change of the running thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switch {
    /// TSC ticks.
    pub time: u64,
    /// The thread that leaves.
    pub from: u32,
    /// The thread that comes.
    pub to: u32,
}

/// One sample in parts.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stitched {
    /// The file.
    pub source: String,
    /// The row.
    pub benchmark: String,
    /// The unit of a tick.
    pub unit: Unit,
    /// The sample.
    pub sample: Chosen,
    /// Threads that take part, by id.
    pub threads: BTreeMap<u32, Owner>,
    /// Its parts, end to end.
    pub parts: Vec<Part>,
    /// Ticks by process and kind, in the order of their first part.
    pub sums: Vec<Sum>,
    /// Submissions that the kernel worked on inside it.
    pub flows: Vec<Flow>,
    /// Sum of all parts: the sample's ticks.
    pub total: u64,
    /// Of them those that belong nowhere.
    pub unattributed: u64,
    /// Of them those in the kernel that no segment names, on a known turn or in a
    /// switch.
    pub unnamed: u64,
    /// Dispatches of which spans are missing.
    pub incomplete_dispatches: u64,
}

/// Shows a sample of a row in parts: the one with this number from 1, else the
/// middle one of those that count. `frames` are the stream that `trace` was read
/// from, from its start.
pub fn stitch<R: Read>(
    trace: &Trace,
    frames: Frames<R>,
    row: &str,
    number: Option<usize>,
) -> Result<Stitched, StitchError> {
    let window = sample::window(trace, row)?;
    let chosen = sample::choose(window, number)?;
    let (start, end) = (chosen.start, chosen.start.saturating_add(chosen.ticks));
    let statements = &trace.statements;
    let roles = Roles::new(statements);
    let is_stop = |segment| roles.of(segment).is_stop();
    let records = gather(frames, (start, end), statements, is_stop)?;
    let parts = walk::parts((start, end), &records, window.tid, statements)?;

    let incomplete = |part: &&Part| part.dispatch.as_ref().is_some_and(|d| !d.whole);
    let unattributed = |part: &&Part| part.kind == Kind::Unattributed;
    let in_kernel =
        |part: &&Part| !matches!(part.kind, Kind::User | Kind::Idle | Kind::Unattributed);
    Ok(Stitched {
        source: trace.source.clone(),
        benchmark: window.benchmark.clone(),
        unit: unit(&parts, statements),
        sample: chosen,
        threads: sums::owners(&parts, statements),
        sums: sums::sums(&parts, statements),
        flows: view::flows(&parts),
        total: parts.iter().map(|part| part.ticks).sum(),
        unattributed: parts.iter().filter(unattributed).map(|p| p.ticks).sum(),
        unnamed: parts.iter().filter(in_kernel).map(|p| p.self_ticks).sum(),
        incomplete_dispatches: parts.iter().filter(incomplete).count() as u64,
        parts,
    })
}

/// A clock that counts instructions goes on without them while the processor waits.
fn unit(parts: &[Part], statements: &Statements) -> Unit {
    let clocks = &statements.clocks;
    let counts = !clocks.is_empty() && clocks.values().all(|clock| clock.counts_instructions);
    let idles = parts.iter().any(|part| part.kind == Kind::Idle);
    match (counts, idles) {
        (true, false) => Unit::Instructions,
        (true, true) => Unit::VirtualNs,
        (false, _) => Unit::TscTicks,
    }
}

#[cfg(test)]
#[path = "flows_tests.rs"]
mod tests;
