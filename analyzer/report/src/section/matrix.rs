//! Side by side: every benchmark, its counterparts, and what each pair does not share.

use crate::comparison::{self, biases, find, labels};
use crate::document::{Block, Inline, Inlines, Kind, Section, Table};
use crate::flags;
use crate::number::{NONE, headline, number, ratio};
use crate::plot::{self, Plot};
use capbench_results::{
    BenchmarkResult, Comparison, ComparisonOutcome, Mode, Outcome, Results, RowName,
};
use std::collections::BTreeSet;

pub(super) fn section(results: &Results) -> Section {
    let mut section = compared(results);
    let blocks = &mut section.blocks;
    blocks.extend(plot::ratios::of(results).map(|plot| Block::Plot(Plot::from(plot))));
    blocks.extend(alone(results).map(Block::Text));
    blocks.extend(flagged(results).map(Block::Text));
    section
}

/// The comparison alone, where there is any.
pub(super) fn if_any(results: &Results) -> Option<Section> {
    let has_any = !results.comparisons.is_empty() || !results.context.is_empty();
    has_any.then(|| compared(results))
}

/// Pairs, their differences, and context.
fn compared(results: &Results) -> Section {
    let mut section = super::section("side-by-side", heading(results.run.mode));
    let blocks = &mut section.blocks;
    let mut notes = Notes::default();
    let pairs = match comparison::has_ratios(results) {
        true => pairs(results),
        false => BTreeSet::new(),
    };
    if !pairs.is_empty() {
        blocks.push(Block::Text(reading(results).into()));
    }
    for (above, below) in pairs {
        let table = table(results, &above, &below, &mut notes);
        blocks.push(Block::Table(table));
    }
    if results.comparisons.is_empty() {
        blocks.push(Block::Text(
            "No mapping compares rows of this run, so there is no ratio.".into(),
        ));
    } else if !comparison::has_ratios(results) {
        blocks.push(Block::Text(
            "No pair has two values, so there is no ratio.".into(),
        ));
    }
    if !notes.0.is_empty() {
        blocks.push(Block::Heading("What each pair does not share".into()));
        blocks.push(Block::Notes(
            notes.0.into_iter().map(|(_, note)| note).collect(),
        ));
    }
    let without = without_ratio(results);
    if !without.is_empty() {
        blocks.push(Block::Heading("Pairs without a ratio".into()));
        blocks.push(Block::List(without));
    }
    if !comparison::has_ratios(results) && !results.context.is_empty() {
        blocks.push(Block::Table(context_alone(results)));
    }
    blocks.extend(context(results).map(|note| Block::Text(note.into())));
    section
}

/// The heading of a ratio, with its quantity.
const fn heading(mode: Mode) -> &'static str {
    match mode {
        Mode::Exact => "Side by side: instruction ratio (not time)",
        Mode::Hardware => "Side by side",
        Mode::Emulated => "Side by side: EMULATED, not publishable",
    }
}

const fn ratio_title(mode: Mode) -> &'static str {
    match mode {
        Mode::Exact => "instruction ratio (not time)",
        Mode::Hardware => "ratio",
        Mode::Emulated => "ratio, not publishable",
    }
}

fn reading(results: &Results) -> &'static str {
    match results.run.mode {
        Mode::Exact => {
            "A ratio is the left value divided by the right one, of one run under one envelope. \
             It compares code paths, not speed. Bias is what a row's window holds that exact \
             mode counts as one instruction and hardware does not execute at that price, per \
             operation where it was counted. There is no overall ratio, because a \
             mean over unlike rows says nothing."
        }
        Mode::Hardware | Mode::Emulated => {
            "A ratio is the left value divided by the right one, of one run under one envelope. \
             There is no overall ratio, because a mean over unlike rows says nothing."
        }
    }
}

/// Each pair of guests that mappings compare.
fn pairs(results: &Results) -> BTreeSet<(String, String)> {
    let pair = |comparison: &Comparison| {
        let Comparison {
            numerator,
            denominator,
            ..
        } = comparison;
        (numerator.guest.clone(), denominator.guest.clone())
    };
    results.comparisons.iter().map(pair).collect()
}

/// Declared differences, numbered in the order of first use.
#[derive(Default)]
struct Notes(Vec<(String, Inlines)>);

impl Notes {
    /// The number of this note.
    fn number(&mut self, comparison: &Comparison) -> usize {
        let difference = &comparison.difference;
        if let Some(place) = self.0.iter().position(|(known, _)| known == difference) {
            return place + 1;
        }
        let note = Inlines::code(comparison.numerator.benchmark_name.benchmark())
            .text(" ÷ ")
            .with_code(comparison.denominator.benchmark_name.benchmark())
            .text(format!(": {difference}"));
        self.0.push((difference.clone(), note));
        self.0.len()
    }
}

fn table(results: &Results, above: &str, below: &str, notes: &mut Notes) -> Table {
    let (first, second) = match above == below {
        true => ("numerator", "denominator"),
        false => (results.run.title_of(above), results.run.title_of(below)),
    };
    let pairs = results.comparisons.iter();
    let pairs = pairs.filter(|p| p.numerator.guest == above && p.denominator.guest == below);
    let pairs: Vec<(&Comparison, usize)> = pairs.map(|pair| (pair, notes.number(pair))).collect();
    let systems = pairs
        .iter()
        .map(|(pair, _)| pair.denominator.system.as_str());
    let systems = Vec::from_iter(systems.collect::<BTreeSet<_>>()).join(", ");
    let counterpart = |name: &RowName| {
        let benchmark = Inlines::code(&name.benchmark_name);
        // Said once, in the caption, where all are of one system.
        match name.system == systems {
            true => benchmark,
            false => benchmark.dim(format!(" {}", name.system)),
        }
    };
    let mut table = Table::of(format!("{above} and {below} ({systems})"), pairs)
        .words("benchmark", |(pair, _)| {
            Inlines::code(&pair.numerator.benchmark_name)
        })
        .words("counterpart", |(pair, _)| counterpart(&pair.denominator))
        .words("status", |(pair, _)| status(results, pair))
        .words("unit", |(pair, _)| units(results, pair))
        .number(first, |(pair, _)| value(results, &pair.numerator))
        .number(second, |(pair, _)| value(results, &pair.denominator))
        .number(ratio_title(results.run.mode), |(pair, _)| quotient(pair));
    if results.results.iter().any(|row| !row.labels.is_empty()) {
        table = table.words("labels", |(pair, _)| labels(results, pair));
    }
    table = table
        .words("bias", |(pair, _)| biases(results, pair))
        .words("note", |(_, note)| numbered(*note));
    if !results.context.is_empty() {
        let title = "context: native host, median in ns, in no ratio";
        table = table.context(title, |(pair, _)| {
            native(results, &pair.denominator.benchmark_name)
        });
    }
    table.end()
}

fn quotient(pair: &Comparison) -> Inlines {
    let quotient = match &pair.outcome {
        ComparisonOutcome::Ratio(found) => ratio(found.value),
        ComparisonOutcome::None(_) => NONE.to_owned(),
    };
    Inlines(vec![Inline::Strong(quotient)])
}

fn numbered(note: usize) -> Inlines {
    Inlines(vec![Inline::Place {
        anchor: format!("note-{note}"),
        text: note.to_string(),
    }])
}

/// One status where both agree, both with their side where not.
fn status(results: &Results, comparison: &Comparison) -> Inlines {
    let of = |name: &RowName| find(results, name).map(BenchmarkResult::status);
    match (of(&comparison.numerator), of(&comparison.denominator)) {
        (Some(above), Some(below)) if above == below => above.into(),
        (Some(above), Some(below)) => Inlines::from(above).dim(" / ").and(Inline::Status(below)),
        _ => NONE.into(),
    }
}

/// The unit of what is shown; both, where two values cannot be divided.
fn units(results: &Results, comparison: &Comparison) -> String {
    let of = |name: &RowName| Some(find(results, name)?.outcome.measurement()?.unit);
    match (of(&comparison.numerator), of(&comparison.denominator)) {
        (Some(above), Some(below)) if above != below => format!("{above} / {below}"),
        (Some(unit), _) | (None, Some(unit)) => unit.to_string(),
        (None, None) => NONE.to_owned(),
    }
}

fn value(results: &Results, name: &RowName) -> Inlines {
    let value = find(results, name).and_then(|row| row.outcome.measurement());
    value.map_or(NONE.into(), |value| headline(value).into())
}

fn native(results: &Results, benchmark: &str) -> Inlines {
    match comparison::context(results, benchmark).map(|row| &row.outcome) {
        Some(Outcome::Passed(value)) => number(value.median).into(),
        Some(outcome) => outcome.status().into(),
        None => NONE.into(),
    }
}

fn without_ratio(results: &Results) -> Vec<Inlines> {
    let pair = |comparison: &Comparison| {
        let ComparisonOutcome::None(refusal) = &comparison.outcome else {
            return None;
        };
        if comparison::is_unmeasured(comparison) {
            return None;
        }
        let pair = Inlines::code(&comparison.numerator.benchmark_name)
            .text(" ÷ ")
            .with_code(&comparison.denominator.benchmark_name)
            .dim(format!(" ({}): ", comparison.denominator.system))
            .with_code(refusal.reason.as_str());
        Some(pair.text(format!(": {}", refusal.detail)))
    };
    let mut lines: Vec<Inlines> = results.comparisons.iter().filter_map(pair).collect();
    let unmeasured = comparison::unmeasured(results);
    if unmeasured > 0 {
        let pairs = format!("Pairs in which a row has no value: {unmeasured}");
        lines.push(pairs.into());
    }
    lines
}

/// Numbers from outside the envelope, where no table of pairs has a column for them.
fn context_alone(results: &Results) -> Table {
    let columns = [
        ("benchmark", Kind::Words),
        ("status", Kind::Words),
        ("unit", Kind::Words),
        ("median", Kind::Context),
        ("smallest", Kind::Context),
    ];
    let mut table = Table::new("Context, in no ratio", &columns);
    for row in &results.context {
        let mut cells = vec![
            Inlines::code(&row.benchmark_name),
            row.outcome.status().into(),
        ];
        match &row.outcome {
            Outcome::Passed(value) => cells.extend([
                value.unit.as_str().into(),
                number(value.median).into(),
                number(value.min).into(),
            ]),
            outcome => {
                let reason = outcome.refusal().map_or("", |(reason, ..)| reason);
                cells.push(reason.into());
            }
        }
        table.row(cells);
    }
    table
}

/// Whose time it is, and why it stands apart.
fn context(results: &Results) -> Option<String> {
    let row = results.context.first()?;
    Some(format!(
        "Context: {}, {}. Time on another clock, on a machine with other things to do; read \
         the order of magnitude. It is part of no ratio.",
        row.column, row.source
    ))
}

/// Rows whose value should not be read alone, wherever it stands above.
fn flagged(results: &Results) -> Option<Inlines> {
    let rows = results.results.iter();
    let rows = rows.filter(|row| flags::of_row(&row.outcome).is_some());
    let place = Inline::Place {
        anchor: "distributions".to_owned(),
        text: "distributions".to_owned(),
    };
    let line = listed("One value does not describe ", rows)?;
    Some(line.text(": see ").and(place).text("."))
}

/// Rows that no mapping compares; their values stand with their tier.
fn alone(results: &Results) -> Option<Inlines> {
    let is_paired = |row: &BenchmarkResult| {
        let name = RowName::of(row);
        let mut comparisons = results.comparisons.iter();
        comparisons.any(|c| c.numerator == name || c.denominator == name)
    };
    let rows = results.results.iter().filter(|row| !is_paired(row));
    Some(listed("Rows without a counterpart: ", rows)?.text("."))
}

/// The rows' names behind a beginning; none without rows.
fn listed<'a>(beginning: &str, rows: impl Iterator<Item = &'a BenchmarkResult>) -> Option<Inlines> {
    let mut rows = rows.map(super::row_name).peekable();
    rows.peek()?;
    let mut line = Inlines::default();
    let mut before = beginning;
    for row in rows {
        line = line.text(before);
        line.0.extend(row.0);
        before = ", ";
    }
    Some(line)
}
