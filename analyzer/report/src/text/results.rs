//! The table of benchmarks, and why some have no number.

use crate::extent::Extent;
use crate::flags;
use crate::last_words::LastWords;
use crate::leaning::leaning;
use crate::look::Look;
use crate::number::{NONE, headline, number, optional};
use crate::refusals::{grouped, has_values};
use crate::table::{Align, Cell, Table};
use capbench_results::{
    BenchmarkResult, Measurement, Mode, Outcome, Range, Results, SampleKind, Status,
};
use std::collections::BTreeSet;

/// Digits of a hash that people compare.
const SHORT_HASH: usize = 12;

/// Pieces of evidence printed; results.json holds all.
const EVIDENCE_SHOWN: usize = 4;

/// Logs whose ends are printed for one cause; the others lie beside them.
const LOGS_SHOWN: usize = 4;

/// Header and tables of a run; [`reasons`] says why rows have no number.
pub fn results(results: &Results, extent: Extent, look: Look) -> String {
    let mut text = header(results, extent, look);
    let booted = |result: &BenchmarkResult| (result.guest.clone(), result.system.clone());
    let systems: BTreeSet<(String, String)> = results.results.iter().map(booted).collect();
    for (guest, system) in &systems {
        let rows: Vec<&BenchmarkResult> = results
            .results
            .iter()
            .filter(|result| result.guest == *guest && result.system == *system)
            .collect();
        let mut title = format!("{guest} ({system}), {} mode", results.run.mode);
        if let Some(labels) = shared_labels(&rows) {
            title += &format!(" · {labels}");
        }
        text.push_str(&format!("\n{}\n", look.bold(&title)));
        text.push_str(&table(&rows, look));
        text.push_str(&flagged(&rows, look));
        text.push_str(&leanings(&rows, look));
    }
    text
}

/// Who ran what under which envelope, and what the numbers are not.
fn header(results: &Results, extent: Extent, look: Look) -> String {
    let run = &results.run;
    let boots = match (extent, run.boots) {
        (Extent::Part { booted, planned }, _) => {
            format!("{booted} of {planned} boots took place")
        }
        (Extent::Whole, 1) => "1 boot each".to_owned(),
        (Extent::Whole, boots) => format!("{boots} boots each"),
    };
    let title = format!("{} · {} · {boots}", run.suite, run.id);
    let mut text = format!("{}\n", look.bold(&title));
    let commit = match (run.has_commit(), run.dirty) {
        (false, _) => "unknown".to_owned(),
        (true, false) => run.commit.clone(),
        (true, true) => format!("{}, with changes", run.commit),
    };
    let hash = run.envelope.hash.to_string();
    let envelope = format!(
        "envelope {} · {}",
        &hash[..SHORT_HASH],
        run.envelope.description
    );
    text.push_str(&look.wrap(&envelope, 0));
    text.push_str(&look.wrap(&format!("{} · commit {commit}", run.tool), 0));
    for caution in run.cautions() {
        text.push_str(&look.wrap(caution, 0));
    }
    if has_values(results) {
        text.push_str(&look.wrap(meaning(run.mode), 0));
    }
    text
}

/// What may be said of a mode's numbers. Written out under every table, because a
/// table travels without its manual.
fn meaning(mode: Mode) -> &'static str {
    match mode {
        Mode::Exact => {
            "Numbers count instructions the guest executed per operation; they are not time and \
             not cycles."
        }
        Mode::Hardware => "Numbers hold for this host's hardware.",
        Mode::Emulated => "EMULATED: a smoke run. Its numbers are not publishable.",
    }
}

/// The labels of all of these rows, if all have the same and some.
fn shared_labels(rows: &[&BenchmarkResult]) -> Option<String> {
    let labels = &rows.first()?.labels;
    let shared = !labels.is_empty() && rows.iter().all(|row| row.labels == *labels);
    shared.then(|| rows[0].labels_in_words())
}

fn table(rows: &[&BenchmarkResult], look: Look) -> String {
    use Align::{Left, Right};
    let labelled = shared_labels(rows).is_none() && rows.iter().any(|row| !row.labels.is_empty());
    let mut columns = vec![("benchmark", Left), ("status", Left)];
    // Before the numbers, so that a row without them has its labels too.
    columns.extend(labelled.then_some(("labels", Left)));
    columns.extend([
        ("unit", Left),
        ("value", Right),
        ("range", Right),
        ("p95", Right),
        ("boots", Right),
        ("cold", Right),
    ]);
    let mut table = Table::new(&columns);
    for result in rows {
        let status = result.status();
        let mut cells: Vec<Cell> = vec![
            result.benchmark_name.as_str().into(),
            Cell::painted(status.to_string(), look.status(status, status.as_str())),
        ];
        cells.extend(labelled.then(|| result.labels_in_words().into()));
        match &result.outcome {
            Outcome::Passed(measurement) => cells.extend(numbers(measurement)),
            outcome => {
                let reason = outcome.refusal().map_or("", |(reason, _, _)| reason);
                cells.push(reason.into());
            }
        }
        table.row(cells);
    }
    table.render(look)
}

/// Rows whose median does not say it all.
fn flagged(rows: &[&BenchmarkResult], look: Look) -> String {
    let told = rows.iter().filter_map(|row| {
        let flags = flags::of_row(&row.outcome)?;
        Some(look.wrap(&format!("{} {flags}", row.benchmark_name), 2))
    });
    told.collect()
}

/// Rows whose count of instructions says less about hardware than others' do.
fn leanings(rows: &[&BenchmarkResult], look: Look) -> String {
    let held: Vec<String> = rows
        .iter()
        .filter_map(|row| {
            Some(format!(
                "{}: {}",
                row.benchmark_name,
                leaning(&row.outcome)?
            ))
        })
        .collect();
    if held.is_empty() {
        return String::new();
    }
    let text = format!(
        "counted as one instruction each and not executed at that price, per operation where \
         counted: {}",
        held.join("; ")
    );
    look.wrap(&text, 0)
}

fn numbers(measurement: &Measurement) -> [Cell; 6] {
    [
        measurement.unit.as_str().into(),
        headline(measurement).into(),
        spread(measurement).into(),
        p95(measurement).into(),
        measurement.boots.len().to_string().into(),
        optional(measurement.cold).into(),
    ]
}

/// How far boots differ: nothing to look at where they agree to the last digit, an
/// interval where there are enough of them, else their range.
fn spread(measurement: &Measurement) -> String {
    let Range { low, high } = measurement.range;
    match measurement.interval {
        _ if low == high => "=".to_owned(),
        Some(interval) => format!(
            "{} … {} ({} %)",
            number(interval.low),
            number(interval.high),
            number(interval.confidence * 100.0)
        ),
        None => format!("{} … {}", number(low), number(high)),
    }
}

/// A percentile says what it is of: the tail of batch means is no latency.
fn p95(measurement: &Measurement) -> String {
    match (measurement.p95, measurement.sample_kind) {
        (None, _) => NONE.to_owned(),
        (Some(p95), SampleKind::Operations) => number(p95),
        (Some(p95), SampleKind::BatchMeans) => {
            format!("{} of batch means (n={})", number(p95), measurement.n)
        }
    }
}

/// Every row without a number, by its cause: what was seen, and the last lines of boots
/// that ended badly. Empty where all rows have one.
pub fn reasons(results: &Results, last_words: &[LastWords], look: Look) -> String {
    let mut text = String::new();
    for group in grouped(&results.results) {
        let place = group.place();
        let title = match &group.rows[..] {
            [row] => {
                let words = words(group.status, Number::One);
                format!(
                    "{} on {place} {words}: {}",
                    row.benchmark_name, group.reason
                )
            }
            rows => {
                let words = words(group.status, Number::Many);
                format!("{} rows on {place} {words}: {}", rows.len(), group.reason)
            }
        };
        text.push_str(&format!("\n{}\n", look.bold(&title)));
        text.push_str(&look.wrap(group.detail, 2));
        // The detail tells the first piece.
        for piece in group.evidence.iter().skip(1).take(EVIDENCE_SHOWN) {
            text.push_str(&look.wrap(&format!("- {piece}"), 4));
        }
        if group.evidence.len() > 1 + EVIDENCE_SHOWN {
            let more = group.evidence.len() - 1 - EVIDENCE_SHOWN;
            text.push_str(&format!("    and {more} more\n"));
        }
        if group.rows.len() > 1 {
            text.push_str(&look.wrap(&format!("rows: {}", group.names()), 2));
        }
        let of_group = last_words.iter().filter(|of| of.belong_to(&group.evidence));
        for log in of_group.flat_map(|of| &of.logs).take(LOGS_SHOWN) {
            text.push_str(&format!("  {} ends ({}):\n", log.label, log.path));
            for line in &log.lines {
                text.push_str(&format!("    | {line}\n"));
            }
        }
    }
    text
}

/// Whether a sentence is about one row or several.
enum Number {
    One,
    Many,
}

fn words(status: Status, number: Number) -> &'static str {
    match (status, number) {
        (Status::Passed, _) => "passed",
        (Status::Failed, _) => "failed",
        (Status::Unsupported, Number::One) => "is unsupported",
        (Status::Unsupported, Number::Many) => "are unsupported",
        (Status::Invalid, Number::One) => "is invalid",
        (Status::Invalid, Number::Many) => "are invalid",
        (Status::NotApplicable, Number::One) => "is not applicable",
        (Status::NotApplicable, Number::Many) => "are not applicable",
    }
}
