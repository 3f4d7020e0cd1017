//! One row per kind of mispriced instruction in a window of a benchmark that passed:
//! why a ratio with that row leans.

use capbench_results::Results;

use super::Kind::{Number, Text};
use super::{ColumnSpec, EXECUTIONS, NONE, Rows, TableSpec, column};

const COLUMNS: &[ColumnSpec] = &[
    column("run_id", Text, NONE),
    column("benchmark", Text, NONE),
    column("guest", Text, NONE),
    column("system", Text, NONE),
    column("kind", Text, NONE),
    column("per_operation", Number, EXECUTIONS),
    column("counted_by", Text, NONE),
];

pub(crate) const SPEC: TableSpec = TableSpec {
    name: "mispriced",
    columns: COLUMNS,
};

pub(crate) fn rows(results: &Results) -> Rows {
    let mut rows = Rows::new(SPEC);
    for result in &results.results {
        let measurement = result.outcome.measurement();
        for held in measurement.iter().flat_map(|m| &m.mispriced) {
            rows.push([
                (&result.run_id).into(),
                (&result.benchmark_name).into(),
                (&result.guest).into(),
                (&result.system).into(),
                held.kind.as_str().into(),
                held.per_operation.into(),
                held.counted_by.as_ref().into(),
            ]);
        }
    }
    rows
}
