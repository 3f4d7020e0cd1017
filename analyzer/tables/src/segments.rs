//! One row per segment of a breakdown.

use capbench_results::{Breakdown, Results, SegmentSummary};

use crate::column::{UNIT, count, flag, number, text};
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
        text("segment", |row: &Row| (&row.segment.name).into()),
        text("parent", |row| {
            let parent = row.segment.parent.as_str();
            Some(parent).filter(|parent| !parent.is_empty()).into()
        }),
        identity::unit(),
        count("count", "records", |row| row.segment.count.into()),
        number("median", UNIT, |row| row.segment.median.into()),
        number("p95", UNIT, |row| row.segment.p95.into()),
        count("max", UNIT, |row| row.segment.max.into()),
        number("share", "1", |row| row.segment.share.into()),
        number("self_raw", UNIT, |row| row.segment.self_raw.into()),
        number("self_corrected", UNIT, |row| {
            row.segment.self_corrected.into()
        }),
        number("self_bound", UNIT, |row| row.breakdown.self_bound.into()),
        flag("bucketed", |row| row.segment.bucketed.into()),
        count("dispatches", "dispatches", |row| {
            row.breakdown.dispatches.into()
        }),
        count("incomplete", "dispatches", |row| {
            row.breakdown.incomplete.into()
        }),
        number("traced_median", UNIT, |row| {
            row.breakdown.traced_median.into()
        }),
        number("tracing_effect", UNIT, |row| {
            row.breakdown.tracing_effect.into()
        }),
    ];
    let start = identity::run().into_iter().chain(identity::subject());
    let start = start.chain(identity::series());
    Table::new("segments", start.chain(columns))
}
