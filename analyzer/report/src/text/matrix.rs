//! Rows of different guests side by side, and what each pair does not share.

use crate::beside::{self, find, labels, leans};
use crate::look::Look;
use crate::number::{NONE, headline, named, number, ratio};
use crate::table::{Align, Table};
use capbench_results::{Comparison, ComparisonOutcome, Mode, Outcome, Results, RowName};

/// The matrix, the declared differences, and the context column's meaning; without
/// a comparison the context alone, if there is any.
pub fn matrix(results: &Results, look: Look) -> String {
    if results.comparisons.is_empty() {
        return context(results, look);
    }
    let mut text = format!("\n{}\n", look.bold(title(results.run.mode)));
    if !beside::has_ratios(results) {
        text.push_str(&look.wrap("no pair has two numbers", 0));
        text.push_str(&context_note(results, look));
        return text;
    }
    text.push_str(&table(results, look));
    text.push_str(&look.wrap(reading(results.run.mode), 0));
    text.push_str(&context_note(results, look));
    text.push_str(&differences(results, look));
    text
}

/// A ratio travels with what it is a ratio of.
const fn title(mode: Mode) -> &'static str {
    match mode {
        Mode::Exact => "side by side: instruction ratio (not time)",
        Mode::Hardware => "side by side: ratio of tsc_ticks",
        Mode::Emulated => "side by side: EMULATED, not publishable",
    }
}

const fn reading(mode: Mode) -> &'static str {
    match mode {
        Mode::Exact => {
            "ratio = numerator / denominator, values of one run under one envelope. leans: what \
             the windows hold that exact mode counts as one instruction and hardware does not \
             execute at that price, per operation where counted."
        }
        Mode::Hardware | Mode::Emulated => {
            "ratio = numerator / denominator, values of one run under one envelope."
        }
    }
}

fn table(results: &Results, look: Look) -> String {
    use Align::{Left, Right};
    let mut columns = vec![
        ("numerator", Left),
        ("value", Right),
        ("denominator", Left),
        ("booted", Left),
        ("value", Right),
        ("ratio", Right),
        ("of", Left),
    ];
    let beside = !results.context.is_empty();
    if beside {
        columns.push(("native, ns*", Right));
    }
    let labelled = results.results.iter().any(|row| !row.labels.is_empty());
    columns.extend(labelled.then_some(("labels", Left)));
    columns.push(("leans", Left));
    let mut table = Table::new(&columns);
    for comparison in &results.comparisons {
        let Comparison {
            numerator,
            denominator,
            outcome,
            ..
        } = comparison;
        let (above, quotient, unit, below) = match outcome {
            ComparisonOutcome::Ratio(found) => (
                named(found.numerator, found.numerator_headline),
                ratio(found.value),
                found.unit.as_str(),
                named(found.denominator, found.denominator_headline),
            ),
            ComparisonOutcome::None(_) => (
                value_of(results, numerator),
                NONE.to_owned(),
                NONE,
                value_of(results, denominator),
            ),
        };
        let mut cells = vec![
            numerator.benchmark_name.as_str().into(),
            above.into(),
            denominator.benchmark_name.as_str().into(),
            denominator.system.as_str().into(),
            below.into(),
            quotient.into(),
            unit.into(),
        ];
        if beside {
            cells.push(native(results, &denominator.benchmark_name).into());
        }
        cells.extend(labelled.then(|| labels(results, comparison).into()));
        cells.push(leans(results, comparison).into());
        table.row(cells);
    }
    table.render(look)
}

fn value_of(results: &Results, name: &RowName) -> String {
    let row = find(results, name);
    match row.map(|row| &row.outcome) {
        Some(Outcome::Passed(measurement)) => headline(measurement),
        Some(outcome) => outcome.status().to_string(),
        None => NONE.to_owned(),
    }
}

/// The host's own figure of the benchmark beside the ratio, never in it.
fn native(results: &Results, benchmark: &str) -> String {
    match beside::context(results, benchmark).map(|row| &row.outcome) {
        Some(Outcome::Passed(value)) => number(value.median),
        Some(outcome) => outcome.status().to_string(),
        None => NONE.to_owned(),
    }
}

/// Numbers from outside the envelope, where no matrix has a column for them.
fn context(results: &Results, look: Look) -> String {
    use Align::{Left, Right};
    let Some(first) = results.context.first() else {
        return String::new();
    };
    let mut table = Table::new(&[
        ("benchmark", Left),
        ("status", Left),
        ("unit", Left),
        ("median", Right),
        ("min", Right),
    ]);
    for row in &results.context {
        let status = row.outcome.status().to_string();
        let name = row.benchmark_name.as_str();
        match &row.outcome {
            Outcome::Passed(value) => table.row(vec![
                name.into(),
                status.into(),
                value.unit.as_str().into(),
                number(value.median).into(),
                number(value.min).into(),
            ]),
            outcome => {
                let reason = outcome.refusal().map_or("", |(reason, ..)| reason);
                table.row(vec![name.into(), status.into(), reason.into()]);
            }
        }
    }
    format!(
        "\n{}\n{}{}",
        look.bold(&format!("{}, for context", first.column)),
        table.render(look),
        context_note(results, look)
    )
}

/// Whose time it is, and why it stands apart.
fn context_note(results: &Results, look: Look) -> String {
    let Some(row) = results.context.first() else {
        return String::new();
    };
    let note = format!(
        "* {}: {}. Time on another clock, for context; never part of a ratio.",
        row.column, row.source
    );
    let mut text = look.wrap(&note, 0);
    for row in &results.context {
        if let Some((reason, detail, _)) = row.outcome.refusal() {
            let why = format!(
                "{} {}: {}: {reason}: {detail}",
                row.column,
                row.benchmark_name,
                row.outcome.status()
            );
            text.push_str(&look.wrap(&why, 2));
        }
    }
    text
}

/// Each declared difference once, and missing ratios with their reasons; a row without
/// a number has its own elsewhere.
fn differences(results: &Results, look: Look) -> String {
    let mut text = String::new();
    let mut told: Vec<&str> = Vec::new();
    for comparison in &results.comparisons {
        let (above, below) = (
            &comparison.numerator.benchmark_name,
            &comparison.denominator.benchmark_name,
        );
        if let ComparisonOutcome::None(refusal) = &comparison.outcome
            && !beside::is_unmeasured(comparison)
        {
            let why = format!("{above} / {below}: {}: {}", refusal.reason, refusal.detail);
            text.push_str(&look.wrap(&why, 2));
        }
        if !told.contains(&comparison.difference.as_str()) {
            told.push(&comparison.difference);
            let pair = format!("{} / {}", above.benchmark(), below.benchmark());
            text.push_str(&look.wrap(&format!("{pair}: {}", comparison.difference), 2));
        }
    }
    let unmeasured = beside::unmeasured(results);
    if unmeasured > 0 {
        let pairs = format!("pairs without a ratio because a row has no number: {unmeasured}");
        text.push_str(&look.wrap(&pairs, 2));
    }
    text
}
