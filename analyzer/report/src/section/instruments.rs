//! Readings of second instruments, and what they cost.

use super::measured;
use crate::appendix::Appendix;
use crate::document::{Block, Inlines, Kind, Section, Table};
use crate::number::{NONE, number, signed};
use capbench_results::{InstrumentAgreement, InvalidReason, Measurement, Results};

pub(super) fn section(results: &Results, appendix: &Appendix) -> Section {
    let mut section = super::section("instruments", "Instruments");
    let blocks = &mut section.blocks;
    let watched = measured(results).flat_map(|(row, measurement)| {
        let agreements = measurement.instruments.iter();
        agreements.map(move |agreement| {
            let row = vec![
                Inlines::code(&row.benchmark_name),
                row.system.as_str().into(),
            ];
            (row, agreement)
        })
    });
    let agreements = agreements(&["benchmark", "system"], watched);
    let perturbations = perturbations(results);
    if agreements.rows.is_empty() {
        blocks.push(Block::Text(
            "No second instrument watched a row that passed.".into(),
        ));
    } else {
        blocks.push(Block::Text(
            "Each instrument watched the very loop that the program of its own boot timed. Of all \
             boots the reading with the largest difference is shown; where 0 is allowed, counts \
             are equal."
                .into(),
        ));
        blocks.push(Block::Table(agreements));
    }
    if !perturbations.rows.is_empty() {
        blocks.push(Block::Table(perturbations));
    }
    if !appendix.audits.is_empty() {
        let audits = appendix.audits.iter().map(|audit| audit.as_str().into());
        blocks.push(Block::List(audits.collect()));
    }
    blocks.push(Block::Text(disagreeing(results).into()));
    section
}

/// Readings of instruments and programs; each line begins with cells that name the row.
pub(super) fn agreements<'a>(
    of: &[&str],
    lines: impl Iterator<Item = (Vec<Inlines>, &'a InstrumentAgreement)>,
) -> Table {
    use Kind::{Number, Words};
    let mut columns: Vec<(&str, Kind)> = of.iter().map(|title| (*title, Words)).collect();
    columns.extend([
        ("instrument", Words),
        ("pass", Words),
        ("boots", Number),
        ("program's reading", Number),
        ("instrument's reading", Number),
        ("difference", Number),
        ("allowed difference", Number),
        ("unit", Words),
    ]);
    let mut table = Table::new(
        "Readings of second instruments and of the programs",
        &columns,
    );
    for (mut cells, agreement) in lines {
        cells.extend([
            agreement.instrument.as_str().into(),
            agreement.pass.as_str().into(),
        ]);
        cells.extend(reading(agreement));
        table.row(cells);
    }
    table
}

fn reading(agreement: &InstrumentAgreement) -> Vec<Inlines> {
    let boots = match agreement.not_judged {
        0 => agreement.agreed.to_string(),
        other => format!("{} of {}", agreement.agreed, agreement.agreed + other),
    };
    let Some(widest) = &agreement.widest else {
        let why = agreement.why.as_deref().unwrap_or(NONE);
        return vec![boots.into(), format!("not judged: {why}").into()];
    };
    vec![
        boots.into(),
        number(widest.program).into(),
        number(widest.observed).into(),
        signed(widest.observed - widest.program).into(),
        number(widest.allowed).into(),
        match agreement.unit.as_str() {
            "1" => "events".into(),
            unit => unit.into(),
        },
    ]
}

/// The same, where an instrument watched a row or an audit took place.
pub(super) fn if_any(results: &Results, appendix: &Appendix) -> Option<Section> {
    let watched = |m: &Measurement| !m.instruments.is_empty() || !m.perturbations.is_empty();
    let is_watched = measured(results).any(|(_, measurement)| watched(measurement));
    (is_watched || !appendix.audits.is_empty()).then(|| section(results, appendix))
}

fn perturbations(results: &Results) -> Table {
    let passes = measured(results).flat_map(|(row, value)| {
        let passes = value.perturbations.iter();
        passes.map(move |pass| (row, value, pass))
    });
    Table::of(
        "What the instrument of each pass adds to an operation",
        passes,
    )
    .words("benchmark", |(row, ..)| Inlines::code(&row.benchmark_name))
    .words("system", |(row, ..)| row.system.as_str())
    .words("pass", |(.., pass)| pass.pass.as_str())
    .words("unit", |(_, value, _)| value.unit.as_str())
    .number("median without", |(_, value, _)| number(value.median))
    .number("median with", |(.., pass)| number(pass.median))
    .number("perturbation", |(.., pass)| signed(pass.effect))
    .end()
}

/// Where instruments disagree there is no measurement; the rows stand elsewhere.
fn disagreeing(results: &Results) -> String {
    let word = InvalidReason::InstrumentsDisagree.as_str();
    let rows = results.results.iter();
    let disagree = rows.filter(|row| row.outcome.refusal().is_some_and(|(r, ..)| r == word));
    match disagree.count() {
        0 => "No row is invalid because its instruments disagree.".to_owned(),
        1 => "1 row is invalid because its instruments disagree; see Correctness.".to_owned(),
        rows => {
            format!("{rows} rows are invalid because their instruments disagree; see Correctness.")
        }
    }
}
