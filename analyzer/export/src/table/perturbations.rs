//! One row per pass and benchmark that passed: what the pass's instrument costs it.

use capbench_results::Results;

use super::Kind::{Number, Text};
use super::{ColumnSpec, NONE, Rows, TableSpec, UNIT, column};

const COLUMNS: &[ColumnSpec] = &[
    column("run_id", Text, NONE),
    column("benchmark", Text, NONE),
    column("guest", Text, NONE),
    column("system", Text, NONE),
    column("pass", Text, NONE),
    column("unit", Text, NONE),
    column("median", Number, UNIT),
    column("effect", Number, UNIT),
];

pub(crate) const SPEC: TableSpec = TableSpec {
    name: "perturbations",
    columns: COLUMNS,
};

pub(crate) fn rows(results: &Results) -> Rows {
    let mut rows = Rows::new(SPEC);
    for result in &results.results {
        let Some(measurement) = result.outcome.measurement() else {
            continue;
        };
        for perturbation in &measurement.perturbations {
            rows.push([
                (&result.run_id).into(),
                (&result.benchmark_name).into(),
                (&result.guest).into(),
                (&result.system).into(),
                (&perturbation.pass).into(),
                measurement.unit.as_str().into(),
                perturbation.median.into(),
                perturbation.effect.into(),
            ]);
        }
    }
    rows
}
