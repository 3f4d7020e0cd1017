//! `capbench list`: the definitions, as they will be run.

use std::path::Path;

use capbench_report::{Kind, Table};
use capbench_runner::manifest::{Catalogue, Mapping, Suite};
use clap::Args;
use miette::Result;
use serde::Serialize;

use super::{Format, look, print_json};
use crate::exit::Exit;
use crate::stdout::{self, Unwritten};

#[derive(Args)]
pub struct List {
    /// How to print
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
    use Kind::{Number, Words};
    let titles = [("suite", Words), ("benchmarks", Number), ("intent", Words)];
    let mut suites = Table::new("", &titles);
    for suite in catalogue.suites.values() {
        let count = suite.benchmarks.len().to_string();
        suites.row(vec![
            suite.name.as_str().into(),
            count.into(),
            suite.intent.as_str().into(),
        ]);
    }

    let titles = [
        ("benchmark", Words),
        ("tier", Number),
        ("batches", Words),
        ("guests", Words),
        ("authority", Words),
        ("counterparts", Words),
    ];
    let mut benchmarks = Table::new("", &titles);
    for benchmark in catalogue.benchmarks.values() {
        let batches: Vec<String> = benchmark.batches.iter().map(u32::to_string).collect();
        let guests: Vec<&str> = benchmark.guests.keys().map(String::as_str).collect();
        benchmarks.row(vec![
            benchmark.name.as_str().into(),
            benchmark.tier.to_string().into(),
            batches.join(", ").into(),
            guests.join(", ").into(),
            benchmark.authority.as_str().into(),
            counterparts(catalogue, &benchmark.name).into(),
        ]);
    }
    let look = look();
    stdout::text(format_args!(
        "{}\n{}",
        suites.text(look),
        benchmarks.text(look)
    ))
}

/// What a benchmark is divided by.
fn counterparts(catalogue: &Catalogue, benchmark: &str) -> String {
    let mapping = catalogue.mappings.get(benchmark);
    let counterparts = mapping.map_or(&[][..], |mapping| &mapping.counterparts);
    let names: Vec<&str> = counterparts
        .iter()
        .map(|counterpart| counterpart.benchmark.as_str())
        .collect();
    names.join(", ")
}
