//! A gate in exact mode: base and head run by the same harness and the same
//! definitions, each with its own guest, compared beyond the floor of base.
//!
//! The floor is measured on variants of base that mean the same, once for a base: it is
//! kept beside base's work tree, named by what base sent, so that another kernel or
//! another definition has another one.

use std::fs;
use std::path::{Path, PathBuf};

use capbench_results::change::{Change, Floors};
use capbench_runner::artifact::Artifact;
use capbench_runner::guest::{GuestName, Variant, neutral};
use capbench_runner::hash;
use capbench_runner::plan::Overrides;
use capbench_runner::revision::{Revision, RevisionError};
use miette::Diagnostic;

use crate::floors::{NoFloor, measured};
use crate::harness::{Harness, HarnessError};
use crate::pair::compare;
use crate::reading::Source;

/// Boots of a variant: two, so that exact mode's promise is tested there too.
const VARIANT_BOOTS: u32 = 2;

/// What is to be gated.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The checkout, which is head.
    pub root: &'a Path,
    /// The revision that head is held against.
    pub base: &'a Revision,
    /// A suite or a benchmark.
    pub selection: &'a str,
    /// The guest that changes.
    pub guest: GuestName,
    /// How many neutral variants of base measure the floor.
    pub variants: u32,
}

/// A gate that was carried out.
#[derive(Clone, Debug)]
pub struct Gated {
    /// Head against base.
    pub change: Change,
    /// The floors of base.
    pub floors: Floors,
}

/// A gate that could not be carried out.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum GateError {
    /// There is no such base.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Revision(#[from] RevisionError),
    /// A run came to nothing.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Run(#[from] HarnessError),
    /// There is no floor.
    #[error(transparent)]
    #[diagnostic(
        code(capbench::gate::floor),
        help("`capbench verify` on the variant's run says what is wrong with it")
    )]
    NoFloor(#[from] NoFloor),
    /// The guest cannot be varied.
    #[error("guest `{guest}` has no variants that mean the same")]
    #[diagnostic(
        code(capbench::gate::guest),
        help("leave --guest out: a guest whose kernel is built here is gated")
    )]
    NoVariants {
        /// The guest.
        guest: GuestName,
    },
    /// The floors cannot be kept.
    #[error("{}: {source}", path.display())]
    #[diagnostic(
        code(capbench::gate::file),
        help("check free space and permissions of the target directory")
    )]
    File {
        /// Which file.
        path: PathBuf,
        /// The system's message.
        source: std::io::Error,
    },
}

/// Runs base, its variants unless their floor is known, and head.
///
/// # Errors
///
/// A side cannot be run, or a variant of base does not pass.
pub fn gate(request: &Request<'_>, harness: &Harness) -> Result<Gated, GateError> {
    if !request.guest.has_neutral_variants {
        let guest = request.guest;
        return Err(GateError::NoVariants { guest });
    }
    let overrides = Overrides {
        guests: vec![request.guest],
        no_native: true,
        ..Overrides::default()
    };
    let tree = request.base.work_tree(request.root)?;
    let place = tree.join("target/gate");
    let base = harness.run(&tree, &place.join("base"), request.selection, &overrides)?;
    let floors = floors(request, harness, &base, &tree, &place)?;
    let head = harness.run(
        request.root,
        &request.root.join("target/gate/head"),
        request.selection,
        &overrides,
    )?;
    let source =
        |artifact: &Artifact| Source::of_run(artifact.record.run_id.as_str(), &artifact.results);
    Ok(Gated {
        change: compare(&source(&base), &source(&head), Some(&floors)),
        floors,
    })
}

fn floors(
    request: &Request<'_>,
    harness: &Harness,
    base: &Artifact,
    tree: &Path,
    place: &Path,
) -> Result<Floors, GateError> {
    let path = place.join(format!("floors-{}.json", key(request, base)));
    // What cannot be read is measured again.
    let known = fs::read_to_string(&path).ok();
    if let Some(known) = known.and_then(|text| Floors::from_json(&text).ok()) {
        return Ok(known);
    }
    let once = Overrides {
        guests: vec![request.guest],
        boots: Some(VARIANT_BOOTS),
        variants: vec![Variant::Samples],
        no_audit: true,
        no_native: true,
        ..Overrides::default()
    };
    let mut variants = Vec::new();
    for number in 1..=request.variants {
        let out = place.join(format!("variant-{number}"));
        let run = harness.run(tree, &out, request.selection, &neutral(&once, number))?;
        let source = Source::of_run(run.record.run_id.as_str(), &run.results);
        variants.push((number, source));
    }
    let base = Source::of_run(base.record.run_id.as_str(), &base.results);
    let floors = measured(&base, &variants)?;
    let text = floors.to_json().expect("finite values of passed rows");
    fs::write(&path, text).map_err(|source| GateError::File { path, source })?;
    Ok(floors)
}

/// What base measured and sent, and how many variants were asked for. Streams of exact
/// boots repeat to the bit, so the same kernel has the same key.
fn key(request: &Request<'_>, base: &Artifact) -> String {
    let rows = base.results.results.iter();
    let rows: Vec<(String, String, String)> = rows
        .map(|row| {
            let hash = row.artifact_hash.map(|hash| hash.to_string());
            (
                row.benchmark_name.to_string(),
                row.config_hash.to_string(),
                hash.unwrap_or_default(),
            )
        })
        .collect();
    let envelope = base.results.run.envelope.hash.to_string();
    let key = hash::of_canonical(&(request.variants, envelope, rows));
    key.to_string().chars().take(16).collect()
}
