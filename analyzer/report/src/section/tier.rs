//! The rows of one tier, guest by guest.

use super::{correctness, measured, systems};
use crate::bias::bias;
use crate::document::{Block, Inline, Inlines, Kind, Section, Table};
use crate::number::{NONE, headline, number, optional};
use capbench_results::{BenchmarkResult, Measurement, Outcome, Results, SampleKind};
use std::collections::BTreeSet;

/// Below this many boots a confidence interval of their medians would be a guess.
const BOOTS_FOR_INTERVAL: usize = 8;

/// The rows, and what each benchmark is.
pub(super) fn section(results: &Results, tier: u16) -> Section {
    let mut section = values(results, tier);
    let rows = results.results.iter().filter(|row| row.tier == tier);
    let mechanisms = mechanisms(rows);
    if !mechanisms.is_empty() {
        section.blocks.push(Block::Terms(mechanisms));
    }
    section
}

/// The rows alone.
pub(super) fn values(results: &Results, tier: u16) -> Section {
    let rows: Vec<&BenchmarkResult> = results
        .results
        .iter()
        .filter(|row| row.tier == tier)
        .collect();
    let mut section = super::section(
        &format!("tier-{tier}"),
        format!("Tier {tier}{}", kind(tier)),
    );
    // Once, above the first values.
    if measured(results).map(|(row, _)| row.tier).min() == Some(tier) {
        section.blocks.push(how_to_read());
    }
    for (guest, system) in systems(rows.iter().copied()) {
        let of_system: Vec<&BenchmarkResult> = rows
            .iter()
            .copied()
            .filter(|row| row.guest == guest && row.system == system)
            .collect();
        section
            .blocks
            .push(Block::Table(table(results, &guest, &system, &of_system)));
    }
    section
}

/// The meaning of the columns of numbers.
fn how_to_read() -> Block {
    Block::Text(
        "Value: the median of the boots' medians; where two modes hold a quarter of the samples \
         each, the mean per operation, marked (mean). Range: the smallest and the largest \
         of the boots' medians; a single number where all agree to the last digit. Cold: the \
         first sample of a window, never mixed into the others."
            .into(),
    )
}

/// The kind of a tier's benchmarks.
const fn kind(tier: u16) -> &'static str {
    match tier {
        0 => ": correctness",
        1 => ": native primitives",
        2 => ": translated system benchmarks",
        3 => ": common workloads",
        4 => ": user stories",
        _ => "",
    }
}

fn table(results: &Results, guest: &str, system: &str, rows: &[&BenchmarkResult]) -> Table {
    use Kind::{Number, Words};
    let shared = shared_labels(rows);
    let labelled = shared.is_none() && rows.iter().any(|row| !row.labels.is_empty());
    let biased = rows.iter().any(|row| bias(&row.outcome).is_some());
    let mut columns = vec![("benchmark", Words), ("status", Words)];
    columns.extend(labelled.then_some(("labels", Words)));
    columns.extend([
        ("unit", Words),
        ("value", Number),
        ("range", Number),
        ("p95", Number),
        ("p95 is of", Words),
        ("boots", Number),
        ("cold", Number),
    ]);
    columns.extend(biased.then_some(("bias", Words)));
    let mut caption = caption(guest, system, rows);
    if let Some(labels) = shared {
        caption += &format!(" · {labels}");
    }
    let mut table = Table::new(caption, &columns);
    for row in rows {
        let mut cells = vec![Inlines::code(&row.benchmark_name), row.status().into()];
        cells.extend(labelled.then(|| row.labels_in_words().into()));
        match &row.outcome {
            Outcome::Passed(measurement) => {
                cells.extend(numbers(measurement));
                cells.extend(biased.then(|| bias(&row.outcome).unwrap_or(NONE.into()).into()));
            }
            _ => cells.push(correctness::reason(results, row)),
        }
        table.row(cells);
    }
    table
}

/// The labels of all of these rows, if all have the same and some.
fn shared_labels(rows: &[&BenchmarkResult]) -> Option<String> {
    let labels = &rows.first()?.labels;
    let shared = !labels.is_empty() && rows.iter().all(|row| row.labels == *labels);
    shared.then(|| rows[0].labels_in_words())
}

fn caption(guest: &str, system: &str, rows: &[&BenchmarkResult]) -> String {
    let boots = rows.iter().filter_map(|row| row.outcome.measurement());
    let fewest = boots.map(|measurement| measurement.boots.len()).min();
    let interval = match fewest {
        Some(boots) if boots < BOOTS_FOR_INTERVAL => {
            format!(
                ": fewer than {BOOTS_FOR_INTERVAL} boots, so the range and no confidence interval"
            )
        }
        _ => String::new(),
    };
    format!("{guest} ({system}){interval}")
}

fn numbers(measurement: &Measurement) -> [Inlines; 7] {
    let range = measurement.range;
    [
        measurement.unit.as_str().into(),
        Inlines(vec![Inline::Strong(headline(measurement))]),
        match measurement.interval {
            _ if range.low == range.high => number(range.low).into(),
            Some(interval) => format!(
                "{} … {} ({} %)",
                number(interval.low),
                number(interval.high),
                number(interval.confidence * 100.0)
            )
            .into(),
            None => format!("{} … {}", number(range.low), number(range.high)).into(),
        },
        optional(measurement.p95).into(),
        percentile_of(measurement).into(),
        measurement.boots.len().to_string().into(),
        optional(measurement.cold).into(),
    ]
}

/// The population of a percentile: the tail of batch means is no latency.
fn percentile_of(measurement: &Measurement) -> String {
    match (measurement.p95, measurement.sample_kind) {
        (None, _) => NONE.to_owned(),
        (Some(_), SampleKind::Operations) => format!("operations (n={})", measurement.n),
        (Some(_), SampleKind::BatchMeans) => format!("batch means (n={})", measurement.n),
    }
}

/// The mechanism of each benchmark, once for all its batch sizes.
fn mechanisms<'a>(rows: impl Iterator<Item = &'a BenchmarkResult>) -> Vec<(String, Inlines)> {
    let mut known = BTreeSet::new();
    rows.filter(|row| !row.notes.is_empty())
        .filter_map(|row| {
            let family = row.benchmark_name.benchmark();
            let new = known.insert((family, row.notes.as_str()));
            new.then(|| (family.to_owned(), row.notes.as_str().into()))
        })
        .collect()
}
