//! From counted segments to the breakdown of a dispatch.

use crate::histogram::Histogram;
use crate::statements::Statements;
use crate::windows::{SegmentCounts, Tables};
use capbench_results::{Breakdown, SegmentSummary};
use capbench_stats::Quantile;
use std::collections::BTreeMap;

/// The breakdown of what `tables` hold; `None` when nothing was recorded. What
/// full tracing costs is the caller's to add.
pub fn breakdown(
    tables: &Tables,
    statements: &Statements,
    traces: Vec<String>,
) -> Option<Breakdown> {
    let calibrated = !statements.calibrations.is_empty();
    let segments: Vec<SegmentSummary> = in_tree_order(tables, statements)
        .into_iter()
        .filter_map(|(id, counts)| {
            summarize(id, counts, tables.dispatch_ticks, calibrated, statements)
        })
        .collect();
    // What the probes' costs leave open, and what a bucket leaves open of the middle.
    let open = |counts: &SegmentCounts| {
        let middle = counts.self_corrected().quantile(Quantile::MEDIAN);
        counts.bound as f64 + middle.map_or(0.0, |middle| middle.error.ceil())
    };
    let bounds = tables.segments().map(|(_, counts)| open(counts));
    let bound = bounds.fold(0.0, f64::max);
    (!segments.is_empty()).then_some(Breakdown {
        traces,
        dispatches: tables.complete,
        incomplete: tables.incomplete,
        traced_median: None,
        tracing_effect: None,
        self_bound: calibrated.then_some(bound),
        segments,
    })
}

fn summarize(
    id: u16,
    counts: &SegmentCounts,
    dispatch_ticks: u128,
    calibrated: bool,
    statements: &Statements,
) -> Option<SegmentSummary> {
    let declared = statements.segments.get(&id)?;
    let parent = declared
        .parent
        .map(|parent| statements.segment_name(parent));
    let (duration, self_raw) = (counts.duration(), counts.self_raw());
    let middle = |histogram: &Histogram| histogram.quantile(Quantile::MEDIAN);
    let median = middle(&duration)?;
    let p95 = duration.supported_quantile(Quantile::P95);
    let share = self_raw.sum() as f64 / dispatch_ticks as f64;
    let corrected = calibrated
        .then(|| middle(&counts.self_corrected()))
        .flatten();
    Some(SegmentSummary {
        name: declared.name.clone(),
        parent: parent.unwrap_or_default(),
        count: duration.count(),
        median: median.value,
        p95: p95.map(|estimate| estimate.value),
        max: duration.max()?,
        share: (counts.dispatched && dispatch_ticks > 0).then_some(share.min(1.0)),
        self_raw: middle(&self_raw).map(|estimate| estimate.value),
        self_corrected: corrected.map(|estimate| estimate.value),
        bucketed: median.bucketed() || p95.is_some_and(|estimate| estimate.bucketed()),
    })
}

/// The recorded segments, every one behind its declared parent, siblings by id.
fn in_tree_order<'a>(tables: &'a Tables, statements: &Statements) -> Vec<(u16, &'a SegmentCounts)> {
    let mut children: BTreeMap<Option<u16>, Vec<u16>> = BTreeMap::new();
    for (id, segment) in statements.segments.iter().rev() {
        // A parent nobody declared is as good as none.
        let parent = segment
            .parent
            .filter(|parent| statements.segments.contains_key(parent));
        children.entry(parent).or_default().push(*id);
    }
    let mut ordered = Vec::new();
    // Taking a list out as it is visited also ends a ring of parents, which no
    // honest table holds and which is never reached from the top.
    let mut open = children.remove(&None).unwrap_or_default();
    while let Some(id) = open.pop() {
        if let Some(counts) = tables.segment(id) {
            ordered.push((id, counts));
        }
        open.extend(children.remove(&Some(id)).unwrap_or_default());
    }
    let left = children.into_values().flatten();
    ordered.extend(left.filter_map(|id| Some((id, tables.segment(id)?))));
    ordered
}
