//! One row per segment of a breakdown.

use capbench_results::Results;

use super::Kind::{Count, Flag, Number, Text};
use super::{ColumnSpec, NONE, Rows, TableSpec, UNIT, column};

const COLUMNS: &[ColumnSpec] = &[
    column("run_id", Text, NONE),
    column("benchmark", Text, NONE),
    column("guest", Text, NONE),
    column("system", Text, NONE),
    column("segment", Text, NONE),
    column("parent", Text, NONE),
    column("unit", Text, NONE),
    column("count", Count, "records"),
    column("median", Number, UNIT),
    column("p95", Number, UNIT),
    column("max", Count, UNIT),
    column("share", Number, "1"),
    column("self_raw", Number, UNIT),
    column("self_corrected", Number, UNIT),
    column("self_bound", Number, UNIT),
    column("bucketed", Flag, NONE),
    column("dispatches", Count, "dispatches"),
    column("incomplete", Count, "dispatches"),
    column("traced_median", Number, UNIT),
    column("tracing_effect", Number, UNIT),
];

pub(crate) const SPEC: TableSpec = TableSpec {
    name: "segments",
    columns: COLUMNS,
};

pub(crate) fn rows(results: &Results) -> Rows {
    let mut rows = Rows::new(SPEC);
    for result in &results.results {
        let Some(measurement) = result.outcome.measurement() else {
            continue;
        };
        let Some(breakdown) = &measurement.breakdown else {
            continue;
        };
        for segment in &breakdown.segments {
            let parent = Some(segment.parent.as_str()).filter(|parent| !parent.is_empty());
            rows.push([
                (&result.run_id).into(),
                (&result.benchmark_name).into(),
                (&result.guest).into(),
                (&result.system).into(),
                (&segment.name).into(),
                parent.into(),
                measurement.unit.as_str().into(),
                segment.count.into(),
                segment.median.into(),
                segment.p95.into(),
                segment.max.into(),
                segment.share.into(),
                segment.self_raw.into(),
                segment.self_corrected.into(),
                breakdown.self_bound.into(),
                segment.bucketed.into(),
                breakdown.dispatches.into(),
                breakdown.incomplete.into(),
                breakdown.traced_median.into(),
                breakdown.tracing_effect.into(),
            ]);
        }
    }
    rows
}
