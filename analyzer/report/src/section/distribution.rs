//! How samples and boots spread.

use super::{measured, place, row_name};
use crate::document::{Block, Inlines, Section, Table};
use crate::flags;
use crate::number::{headline, number, optional};
use crate::plot::{self, Plot};
use capbench_results::{BenchmarkResult, Measurement, Results};

const FLAGGED: &str = "Rows that one value does not describe";

pub(super) fn section(results: &Results) -> Section {
    let mut section = super::section("distributions", "Distributions");
    let rows: Vec<_> = measured(results).collect();
    if rows.is_empty() {
        let nothing = "No row of this run passed, so there is no distribution.";
        section.blocks.push(Block::Text(nothing.into()));
        return section;
    }
    section.blocks.push(Block::Text(
        "Every warm sample of every boot. A sample is the mean of its batch. The boot is the \
         unit of replication: spread within a boot says nothing about the spread between boots."
            .into(),
    ));
    section.blocks.push(Block::Table(table(&rows)));
    match flagged(&rows) {
        flagged if flagged.is_empty() => section.blocks.push(Block::Text(
            "No row is flagged: in none do most boots show two modes or a warm-up that goes on \
             after the declared one. Few samples hide both."
                .into(),
        )),
        flagged => {
            section.blocks.push(Block::Heading(FLAGGED.into()));
            section.blocks.push(Block::List(flagged));
        }
    }
    let (spread, still): (Vec<_>, Vec<_>) = rows.iter().partition(|(_, m)| m.min < m.max);
    if !still.is_empty() {
        let one = still.len() == 1;
        let text = format!(
            "{} of {} rows {} not drawn: all {} samples are one number.",
            still.len(),
            rows.len(),
            if one { "is" } else { "are" },
            if one { "its" } else { "their" },
        );
        section.blocks.push(Block::Text(text.into()));
    }
    for (row, measurement) in spread {
        section.blocks.push(Block::Heading(row_name(row)));
        section
            .blocks
            .push(Block::Plot(Plot::from(plot::distribution::of(
                row,
                measurement,
            ))));
    }
    section
}

/// The flagged rows alone, if there are any.
pub(super) fn flagged_rows(results: &Results) -> Option<Section> {
    let flagged = flagged(&measured(results).collect::<Vec<_>>());
    (!flagged.is_empty()).then(|| {
        let mut section = super::section("distributions", FLAGGED);
        section.blocks.push(Block::List(flagged));
        section
    })
}

/// Rows that one value does not describe.
fn flagged(rows: &[(&BenchmarkResult, &Measurement)]) -> Vec<Inlines> {
    let flagged = rows.iter().filter_map(|(row, _)| {
        let flags = flags::of_row(&row.outcome)?;
        Some(row_name(row).text(format!(": {flags}.")))
    });
    flagged.collect()
}

fn table(rows: &[(&BenchmarkResult, &Measurement)]) -> Table {
    Table::of("Samples and boot medians", rows)
        .words("benchmark", |(row, _)| Inlines::code(&row.benchmark_name))
        .words("guest (system)", |(row, _)| place(row))
        .number("batch", |(_, value)| u64::from(value.batch))
        .number("samples", |(_, value)| value.n)
        .number("smallest", |(_, value)| number(value.min))
        .number("value", |(_, value)| headline(value))
        .number("largest", |(_, value)| number(value.max))
        .number("standard deviation", |(_, value)| optional(value.sd))
        .words("boot medians", |(_, value)| boots(value))
        .end()
}

fn boots(measurement: &Measurement) -> String {
    let range = measurement.range;
    match measurement.boots.len() {
        1 => "one boot".to_owned(),
        boots if range.low == range.high => format!("{boots} times {}", number(range.low)),
        _ => {
            let medians = measurement.boots.iter().map(|boot| number(boot.median));
            medians.collect::<Vec<_>>().join(", ")
        }
    }
}
