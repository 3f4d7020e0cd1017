//! `capbench list`: the definitions, as they will be run.

use std::path::Path;

use capbench_report::Table;
use capbench_runner::manifest::{Benchmark, Catalogue, Mapping, Suite};
use clap::Args;
use miette::Result;
use serde::Serialize;

use super::{Format, look, print_json};
use crate::exit::Exit;
use crate::stdout::{self, Unwritten};

#[derive(Args)]
pub struct List {
    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Serialize)]
struct Listing<'a> {
    suites: Vec<&'a Suite>,
    benchmarks: Vec<Entry<'a>>,
    mappings: Vec<&'a Mapping>,
}

#[derive(Serialize)]
struct Entry<'a> {
    definition_hash: capbench_results::Digest,
    #[serde(flatten)]
    definition: &'a capbench_runner::manifest::Benchmark,
}

impl List {
    pub fn execute(&self, root: &Path) -> Result<Exit> {
        let catalogue = Catalogue::load(&root.join("manifests")).map_err(|error| *error)?;
        match self.format {
            Format::Json => print_json(&listing(&catalogue))?,
            Format::Text => print_text(&catalogue)?,
        }
        Ok(Exit::Success)
    }
}

fn listing(catalogue: &Catalogue) -> Listing<'_> {
    Listing {
        suites: catalogue.suites.values().collect(),
        mappings: catalogue.mappings.values().collect(),
        benchmarks: catalogue
            .benchmarks
            .values()
            .map(|definition| Entry {
                definition_hash: definition.definition_hash(),
                definition,
            })
            .collect(),
    }
}

fn print_text(catalogue: &Catalogue) -> Result<(), Unwritten> {
    let suites = Table::of("", catalogue.suites.values())
        .words("suite", |suite| suite.name.as_str())
        .number("benchmarks", |suite| suite.benchmarks.len() as u64)
        .words("intent", |suite| suite.intent.as_str())
        .end();
    let batches = |benchmark: &Benchmark| {
        let batches: Vec<String> = benchmark.batches.iter().map(u32::to_string).collect();
        batches.join(", ")
    };
    let guests = |benchmark: &Benchmark| {
        let guests: Vec<&str> = benchmark.guests.keys().map(String::as_str).collect();
        guests.join(", ")
    };
    let benchmarks = Table::of("", catalogue.benchmarks.values())
        .words("benchmark", |benchmark| benchmark.name.as_str())
        .number("tier", |benchmark| u64::from(benchmark.tier))
        .words("batches", |benchmark| batches(benchmark))
        .words("guests", |benchmark| guests(benchmark))
        .words("authority", |benchmark| benchmark.authority.as_str())
        .words("counterparts", |of| counterparts(catalogue, &of.name))
        .end();
    let look = look();
    stdout::text(format_args!(
        "{}\n{}",
        suites.text(look),
        benchmarks.text(look)
    ))
}

/// The counterparts of a benchmark.
fn counterparts(catalogue: &Catalogue, benchmark: &str) -> String {
    let mapping = catalogue.mappings.get(benchmark);
    let counterparts = mapping.map_or(&[][..], |mapping| &mapping.counterparts);
    let names: Vec<&str> = counterparts
        .iter()
        .map(|counterpart| counterpart.benchmark.as_str())
        .collect();
    names.join(", ")
}
