//! Segments of a dispatch, with self times and the effect of tracing.

use super::{measured, row_name};
use crate::document::{Block, Inlines, Section, Table};
use crate::nesting::depth;
use crate::number::{NONE, number, of_segment, or_none, percent, signed};
use crate::plot::{self, Plot};
use capbench_results::{Breakdown, Measurement, Results, SegmentSummary, Unit};

const TITLE: &str = "Segments of a dispatch";

pub(super) fn section(results: &Results) -> Section {
    if_any(results).unwrap_or_else(|| {
        let mut section = super::section("breakdown", TITLE);
        let nothing = "No row of this run has boots with segment probes.";
        section.blocks.push(Block::Text(nothing.into()));
        section
    })
}

/// Every row that has a breakdown.
pub(super) fn if_any(results: &Results) -> Option<Section> {
    let mut section = super::section("breakdown", TITLE);
    let rows = measured(results)
        .filter_map(|(row, measurement)| Some((row, measurement, measurement.breakdown.as_ref()?)));
    let mut rows = rows.peekable();
    rows.peek()?;
    let blocks = &mut section.blocks;
    blocks.push(Block::Text(
        "From boots with all probes compiled in; never a headline number. Self is a segment's \
         duration without its children: raw as recorded, corrected for what the probes \
         themselves cost. The effect of tracing is the median of an operation with all \
         probes minus the median without."
            .into(),
    ));
    for (row, measurement, breakdown) in rows {
        blocks.push(Block::Heading(row_name(row)));
        blocks.push(Block::Text(
            (counts(breakdown) + &effect(measurement, breakdown)).into(),
        ));
        let plot = plot::waterfall::of(row, measurement, breakdown);
        blocks.push(Block::Plot(Plot::from(plot)));
        blocks.push(Block::Table(table(measurement.unit, breakdown)));
    }
    Some(section)
}

/// A breakdown of a trace: its counts, and the table.
pub(super) fn of_trace(unit: Unit, breakdown: &Breakdown) -> [Block; 2] {
    [
        Block::Text(counts(breakdown).into()),
        Block::Table(table(unit, breakdown)),
    ]
}

fn counts(breakdown: &Breakdown) -> String {
    let mut text = format!(
        "{} dispatches, {} incomplete and left out of self times.",
        breakdown.dispatches, breakdown.incomplete
    );
    if let Some(bound) = breakdown.self_bound {
        text.push_str(&format!(
            " Corrected self times are within ±{} of the truth.",
            number(bound)
        ));
    }
    text
}

fn effect(measurement: &Measurement, breakdown: &Breakdown) -> String {
    let (Some(effect), Some(traced)) = (breakdown.tracing_effect, breakdown.traced_median) else {
        return String::new();
    };
    format!(
        " Effect of tracing on the median: {} {} per operation, {} with all probes and {} \
         without.",
        signed(effect),
        measurement.unit,
        number(traced),
        number(measurement.median)
    )
}

fn table(unit: Unit, breakdown: &Breakdown) -> Table {
    let segments = &breakdown.segments;
    let rough = if segments.iter().any(|segment| segment.bucketed) {
        "; values marked ~ are known to 0.1 %"
    } else {
        ""
    };
    let name = |index: usize, segment: &SegmentSummary| {
        let indent = "\u{2003}".repeat(depth(segments, index));
        Inlines::from(indent).with_code(&segment.name)
    };
    let optional = |value: Option<f64>, of: &SegmentSummary| match value {
        Some(value) => of_segment(value, of),
        None => NONE.to_owned(),
    };
    Table::of(
        format!("Segments, in {unit}{rough}"),
        segments.iter().enumerate(),
    )
    .words("segment", |(index, of)| name(*index, of))
    .words("inside of", |(_, of)| or_none(&of.parent))
    .number("count", |(_, of)| of.count)
    .number("median", |(_, of)| of_segment(of.median, of))
    .number("p95", |(_, of)| optional(of.p95, of))
    .number("largest", |(_, of)| of.max)
    .number("share", |(_, of)| percent(of.share))
    .number("self, raw", |(_, of)| optional(of.self_raw, of))
    .number("self, corrected", |(_, of)| optional(of.self_corrected, of))
    .end()
}
