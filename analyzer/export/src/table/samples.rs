//! One row per warm sample of a benchmark that passed.

use capbench_results::Results;

use super::Kind::{Count, Number, Text};
use super::{ColumnSpec, NONE, Rows, TableSpec, UNIT, column};

const COLUMNS: &[ColumnSpec] = &[
    column("run_id", Text, NONE),
    column("benchmark", Text, NONE),
    column("guest", Text, NONE),
    column("system", Text, NONE),
    column("trace", Text, NONE),
    column("boot", Count, NONE),
    column("sample", Count, NONE),
    column("unit", Text, NONE),
    column("sample_kind", Text, NONE),
    column("batch", Count, "operations"),
    column("value", Number, UNIT),
];

pub(crate) const SPEC: TableSpec = TableSpec {
    name: "samples",
    columns: COLUMNS,
};

pub(crate) fn rows(results: &Results) -> Rows {
    let mut rows = Rows::new(SPEC);
    for result in &results.results {
        let Some(measurement) = result.outcome.measurement() else {
            continue;
        };
        let mut values = measurement.samples.iter();
        for (boot, number) in measurement.boots.iter().zip(1u64..) {
            for (sample, value) in (1..=boot.n).zip(&mut values) {
                rows.push([
                    (&result.run_id).into(),
                    (&result.benchmark_name).into(),
                    (&result.guest).into(),
                    (&result.system).into(),
                    (&boot.trace).into(),
                    number.into(),
                    sample.into(),
                    measurement.unit.as_str().into(),
                    measurement.sample_kind.as_str().into(),
                    measurement.batch.into(),
                    (*value).into(),
                ]);
            }
        }
    }
    rows
}
