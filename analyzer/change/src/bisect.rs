//! Which commits of a range moved a row: today's harness and definitions on the guest
//! of each revision.
//!
//! All revisions share one work tree, so that a build takes over what has not changed.
//! The row's own oracle, accounts and stream must hold on every revision that counts;
//! one that cannot be run, or of which the row has no value, is skipped by name. Smokes
//! that a revision has no program for are left out and listed: they say whether the
//! kernel does more than the row needs.

mod definitions;
mod search;

pub use search::{Extent, Move, NoEnd, Probe, search};

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use capbench_results::change::Change;
use capbench_results::{BenchmarkName, Unit};
use capbench_runner::guest::{GuestName, Variant};
use capbench_runner::manifest::Benchmark;
use capbench_runner::plan::Overrides;
use capbench_runner::revision::{Revision, RevisionError};
use miette::Diagnostic;

use crate::harness::Harness;
use crate::pair::compare;
use crate::reading::{Reading, Source};

/// The work tree that all revisions share.
const WORK_TREE: &str = "bisect";
/// Boots of a revision: two, so that exact mode's promise is tested on each.
const BOOTS: u32 = 2;

/// What is searched for.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The checkout: its definitions hold on every revision.
    pub root: &'a Path,
    /// Revisions, oldest first.
    pub revisions: &'a [Revision],
    /// The row's benchmark.
    pub benchmark: &'a Benchmark,
    /// The row.
    pub row: &'a BenchmarkName,
    /// The guest.
    pub guest: GuestName,
    /// One move, or every one.
    pub extent: Extent,
}

/// A revision that was tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// Its place among the revisions.
    pub place: usize,
    /// What it came to.
    pub probe: Probe,
    /// Smokes that it has no program for.
    pub left_out: Vec<String>,
}

/// A search that was carried out.
#[derive(Clone, Debug)]
pub struct Found {
    /// Revisions that were tried, in the order of the range.
    pub tried: Vec<Tried>,
    /// Where the value moves, and in which segments.
    pub moves: Vec<(Move, Option<Change>)>,
    /// The row's unit.
    pub unit: Option<Unit>,
}

/// A search that could not be carried out.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum BisectError {
    /// An end of the range has no value.
    #[error(
        "{} ({}) has no value of `{row}`: {reason}",
        commit,
        capbench_results::plain(subject)
    )]
    #[diagnostic(
        code(capbench::bisect::end),
        help("name another end of the range, of which the row passes")
    )]
    NoEnd {
        /// The row.
        row: String,
        /// The commit.
        commit: String,
        /// Its subject.
        subject: String,
        /// Why.
        reason: String,
    },
    /// Revisions cannot be had.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Revision(#[from] RevisionError),
}

/// Searches the range. `tell` hears of each revision before it is tried.
///
/// # Errors
///
/// An end of the range has no value.
pub fn bisect(
    request: &Request<'_>,
    harness: &Harness,
    tell: impl Fn(&Revision),
) -> Result<Found, BisectError> {
    let mut tried: Vec<Tried> = Vec::new();
    let mut unit = None;
    let moves = search(request.revisions.len(), request.extent, |place| {
        let revision = &request.revisions[place];
        tell(revision);
        let mut left_out = Vec::new();
        let probe = match run(
            request,
            harness,
            revision,
            &[Variant::Samples],
            &mut left_out,
        ) {
            Ok(source) => probe(&source, request.row, &mut unit),
            Err(reason) => Probe::Skipped(reason),
        };
        tried.push(Tried {
            place,
            probe: probe.clone(),
            left_out,
        });
        probe
    });
    let moves = moves.map_err(|NoEnd { place, reason }| BisectError::NoEnd {
        row: request.row.to_string(),
        commit: request.revisions[place].short().to_owned(),
        subject: request.revisions[place].subject.clone(),
        reason,
    })?;
    tried.sort_by_key(|of| of.place);
    let moves = moves
        .into_iter()
        .map(|of| (of, segments(request, harness, of)));
    Ok(Found {
        moves: moves.collect(),
        tried,
        unit,
    })
}

fn probe(source: &Source, row: &BenchmarkName, unit: &mut Option<Unit>) -> Probe {
    let is_row = |reading: &&Reading| reading.row.benchmark_name == *row;
    match source.readings.iter().find(is_row).map(|of| &of.value) {
        Some(Ok(value)) => {
            *unit = Some(value.unit);
            Probe::Value(value.headline.value)
        }
        Some(Err((status, reason))) => Probe::Skipped(format!("the row is {status}, {reason}")),
        None => Probe::Skipped("the run has no such row".to_owned()),
    }
}

/// The two sides of a move again, with segment probes; none where one cannot be had so.
fn segments(request: &Request<'_>, harness: &Harness, of: Move) -> Option<Change> {
    let variants = [Variant::Samples, Variant::Segments];
    let side = |place: usize| {
        let revision = &request.revisions[place];
        let mut source = run(request, harness, revision, &variants, &mut Vec::new()).ok()?;
        source
            .readings
            .retain(|reading| reading.row.benchmark_name == *request.row);
        Some(source)
    };
    Some(compare(&side(of.before)?, &side(of.after)?, None))
}

/// A run of the row's benchmark on a revision's guest, or why there is none.
fn run(
    request: &Request<'_>,
    harness: &Harness,
    revision: &Revision,
    variants: &[Variant],
    left_out: &mut Vec<String>,
) -> Result<Source, String> {
    let tree = revision
        .check_out(request.root, WORK_TREE)
        .map_err(|error| error.to_string())?;
    *left_out = definitions::leave_out_smokes(&tree, request.benchmark, request.guest)?;
    let overrides = Overrides {
        boots: Some(BOOTS),
        guests: vec![request.guest],
        variants: variants.to_vec(),
        no_audit: true,
        no_native: true,
        ..Overrides::default()
    };
    let out: PathBuf = tree.join("target/bisect").join(revision.short());
    let made = harness.run(&tree, &out, &request.benchmark.name, &overrides);
    let artifact = made.map_err(|error| error.to_string())?;
    Ok(Source::of_run(revision.short(), &artifact.results))
}

/// Every smoke that any revision had no program for.
pub fn left_out(tried: &[Tried]) -> BTreeSet<&str> {
    let all = tried.iter().flat_map(|of| &of.left_out);
    all.map(String::as_str).collect()
}
