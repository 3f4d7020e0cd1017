//! What a report says, one file per section, in the order of reading.

mod artifacts;
mod authority;
mod breakdown;
pub(crate) mod change;
mod configuration;
mod correctness;
mod distribution;
mod glossary;
mod head;
mod instruments;
mod matrix;
pub(crate) mod stitched;
mod summary;
mod tier;
pub(crate) mod trace;

pub(crate) use summary::summary;

use crate::appendix::Appendix;
use crate::document::{Document, Inlines, Section};
use crate::refusals::{Group, grouped};
use capbench_results::{BenchmarkResult, Measurement, Results, Unit};
use std::collections::BTreeSet;

/// The whole report.
pub(crate) fn document(results: &Results, appendix: &Appendix) -> Document {
    let mut sections = vec![
        matrix::section(results),
        correctness::section(results, appendix),
    ];
    // Why numbers are missing comes before those that are left.
    if grouped(&results.results).iter().any(Group::is_unusable) {
        sections.swap(0, 1);
    }
    sections.extend(
        tiers(results)
            .into_iter()
            .map(|tier| tier::section(results, tier)),
    );
    sections.extend([
        distribution::section(results),
        breakdown::section(results),
        instruments::section(results, appendix),
        authority::section(results, appendix),
        configuration::section(results, appendix),
        artifacts::section(appendix),
        glossary::section(),
    ]);
    Document {
        title: head::title(results),
        facts: head::facts(results, appendix),
        warnings: head::causes(results)
            .into_iter()
            .chain(head::warnings(results, appendix))
            .collect(),
        sections,
    }
}

fn section(id: &str, title: impl Into<String>) -> Section {
    Section {
        id: id.to_owned(),
        title: title.into(),
        blocks: Vec::new(),
    }
}

fn tiers(results: &Results) -> BTreeSet<u16> {
    results.results.iter().map(|row| row.tier).collect()
}

/// The warning on numbers of a trace that are no times.
fn not_time(unit: Unit) -> Option<Inlines> {
    (unit == Unit::Instructions).then(|| {
        head::strong(
            "Numbers count instructions that the guest executed.",
            " They are not time and not cycles.",
        )
    })
}

/// Rows that hold a value, with it.
fn measured(results: &Results) -> impl Iterator<Item = (&BenchmarkResult, &Measurement)> {
    let value = |row: &'_ BenchmarkResult| row.outcome.measurement().is_some();
    let rows = results.results.iter().filter(move |row| value(row));
    rows.filter_map(|row| Some((row, row.outcome.measurement()?)))
}

/// A row's name and where it ran.
fn row_name(row: &BenchmarkResult) -> Inlines {
    Inlines::code(&row.benchmark_name).dim(format!(" on {} ({})", row.guest, row.system))
}

/// The guest of a row and its system.
fn place(row: &BenchmarkResult) -> Inlines {
    format!("{} ({})", row.guest, row.system).into()
}

/// Guest and system of rows, in order, without repetition.
fn systems<'a>(rows: impl Iterator<Item = &'a BenchmarkResult>) -> Vec<(String, String)> {
    let all: BTreeSet<(String, String)> = rows
        .map(|row| (row.guest.clone(), row.system.clone()))
        .collect();
    all.into_iter().collect()
}
