//! Where a dispatch spends itself.

use super::{measured, row_name};
use crate::document::{Block, Inlines, Kind, Section, Table};
use crate::number::{NONE, number, of_segment, percent, signed};
use crate::plot::{self, Plot};
use crate::text::breakdown::depth;
use capbench_results::{Breakdown, Measurement, Results};

pub(super) fn section(results: &Results) -> Section {
    let mut section = super::section("breakdown", "Where a dispatch spends itself");
    let rows = measured(results)
        .filter_map(|(row, measurement)| Some((row, measurement, measurement.breakdown.as_ref()?)));
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        let nothing = "No row of this run has boots with segment probes.";
        section.blocks.push(Block::Text(nothing.into()));
        return section;
    }
    section.blocks.push(Block::Text(
        "From boots with all probes compiled in; never a headline number. Self is a segment's \
         duration without its children: raw as recorded, corrected for what the probes \
         themselves cost. The effect of tracing is the median of an operation with all \
         probes minus the median without."
            .into(),
    ));
    for (row, measurement, breakdown) in rows {
        section.blocks.push(Block::Heading(row_name(row)));
        section
            .blocks
            .push(Block::Text(effect(measurement, breakdown).into()));
        section
            .blocks
            .push(Block::Plot(Plot::from(plot::waterfall::of(
                row,
                measurement,
                breakdown,
            ))));
        section
            .blocks
            .push(Block::Table(table(measurement, breakdown)));
    }
    section
}

fn effect(measurement: &Measurement, breakdown: &Breakdown) -> String {
    let mut text = format!(
        "{} dispatches, {} incomplete and left out of self times.",
        breakdown.dispatches, breakdown.incomplete
    );
    if let (Some(effect), Some(traced)) = (breakdown.tracing_effect, breakdown.traced_median) {
        text.push_str(&format!(
            " Effect of tracing on the median: {} {} per operation, {} with all probes and {} \
             without.",
            signed(effect),
            measurement.unit,
            number(traced),
            number(measurement.median)
        ));
    }
    if let Some(bound) = breakdown.self_bound {
        text.push_str(&format!(
            " Corrected self times are within ±{} of the truth.",
            number(bound)
        ));
    }
    text
}

fn table(measurement: &Measurement, breakdown: &Breakdown) -> Table {
    use Kind::{Number, Words};
    let columns = [
        ("segment", Words),
        ("inside of", Words),
        ("count", Number),
        ("median", Number),
        ("p95", Number),
        ("largest", Number),
        ("share", Number),
        ("self, raw", Number),
        ("self, corrected", Number),
    ];
    let rough = if breakdown.segments.iter().any(|segment| segment.bucketed) {
        "; values marked ~ are known to 0.1 %"
    } else {
        ""
    };
    let caption = format!("Segments, in {}{rough}", measurement.unit);
    let mut table = Table::new(caption, &columns);
    let segments = &breakdown.segments;
    for (index, segment) in segments.iter().enumerate() {
        let figure = |value: f64| of_segment(value, segment);
        let optional = |value: Option<f64>| value.map_or(NONE.to_owned(), figure);
        let indent = "\u{2003}".repeat(depth(segments, index));
        let parent = if segment.parent.is_empty() {
            NONE
        } else {
            &segment.parent
        };
        table.row(vec![
            Inlines::from(indent).with_code(&segment.name),
            parent.into(),
            segment.count.to_string().into(),
            figure(segment.median).into(),
            optional(segment.p95).into(),
            segment.max.to_string().into(),
            percent(segment.share).into(),
            optional(segment.self_raw).into(),
            optional(segment.self_corrected).into(),
        ]);
    }
    table
}
