//! One row per segment of a breakdown.

use capbench_results::{Breakdown, Results, SegmentSummary};

use crate::column::Kind::{Count, Flag, Number, Text};
use crate::column::{NONE, UNIT, column};
use crate::identity::{self, OfResult};
use crate::results;
use crate::table::Table;

/// A segment of a breakdown.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The result that the breakdown is of.
    pub result: results::Row<'a>,
    breakdown: &'a Breakdown,
    segment: &'a SegmentSummary,
}

impl<'a> OfResult<'a> for Row<'a> {
    fn result(&self) -> &results::Row<'a> {
        &self.result
    }
}

/// The segments of a run.
pub fn rows(results: &Results) -> impl Iterator<Item = Row<'_>> {
    results::rows(results).flat_map(|result| {
        let breakdown = result.value().and_then(|value| value.breakdown.as_ref());
        breakdown.into_iter().flat_map(move |breakdown| {
            breakdown.segments.iter().map(move |segment| Row {
                result,
                breakdown,
                segment,
            })
        })
    })
}

/// The table.
pub fn table<'a>() -> Table<'a, Row<'a>> {
    let columns = [
        column("segment", Text, NONE, |row: &Row| {
            (&row.segment.name).into()
        }),
        column("parent", Text, NONE, |row| {
            let parent = row.segment.parent.as_str();
            Some(parent).filter(|parent| !parent.is_empty()).into()
        }),
        identity::unit(),
        column("count", Count, "records", |row| row.segment.count.into()),
        column("median", Number, UNIT, |row| row.segment.median.into()),
        column("p95", Number, UNIT, |row| row.segment.p95.into()),
        column("max", Count, UNIT, |row| row.segment.max.into()),
        column("share", Number, "1", |row| row.segment.share.into()),
        column("self_raw", Number, UNIT, |row| row.segment.self_raw.into()),
        column("self_corrected", Number, UNIT, |row| {
            row.segment.self_corrected.into()
        }),
        column("self_bound", Number, UNIT, |row| {
            row.breakdown.self_bound.into()
        }),
        column("bucketed", Flag, NONE, |row| row.segment.bucketed.into()),
        column("dispatches", Count, "dispatches", |row| {
            row.breakdown.dispatches.into()
        }),
        column("incomplete", Count, "dispatches", |row| {
            row.breakdown.incomplete.into()
        }),
        column("traced_median", Number, UNIT, |row| {
            row.breakdown.traced_median.into()
        }),
        column("tracing_effect", Number, UNIT, |row| {
            row.breakdown.tracing_effect.into()
        }),
    ];
    let start = identity::run().into_iter().chain(identity::subject());
    let start = start.chain(identity::series());
    Table::new("segments", start.chain(columns))
}
