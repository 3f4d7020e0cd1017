//! One row per number from outside the envelope.

use capbench_results::Results;

use super::Kind::{Count, Number, Text};
use super::{ColumnSpec, NONE, Rows, TableSpec, UNIT, column};

const COLUMNS: &[ColumnSpec] = &[
    column("run_id", Text, NONE),
    column("column", Text, NONE),
    column("benchmark", Text, NONE),
    column("source", Text, NONE),
    column("status", Text, NONE),
    column("reason", Text, NONE),
    column("detail", Text, NONE),
    column("unit", Text, NONE),
    column("median", Number, UNIT),
    column("min", Number, UNIT),
    column("n", Count, "samples"),
];

pub(crate) const SPEC: TableSpec = TableSpec {
    name: "context",
    columns: COLUMNS,
};

pub(crate) fn rows(results: &Results) -> Rows {
    let mut rows = Rows::new(SPEC);
    for row in &results.context {
        let value = row.outcome.measurement();
        let refusal = row.outcome.refusal();
        rows.push([
            (&results.run.id).into(),
            (&row.column).into(),
            (&row.benchmark_name).into(),
            (&row.source).into(),
            row.outcome.status().as_str().into(),
            refusal.map(|(reason, ..)| reason).into(),
            refusal.map(|(_, detail, _)| detail).into(),
            value.map(|value| value.unit.as_str()).into(),
            value.map(|value| value.median).into(),
            value.map(|value| value.min).into(),
            value.map(|value| value.n).into(),
        ]);
    }
    rows
}
