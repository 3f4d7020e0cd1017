//! One row per second instrument and pass of a benchmark that passed.

use capbench_results::Results;

use super::Kind::{Count, Number, Text};
use super::{ColumnSpec, NONE, Rows, TableSpec, UNIT, column};

const COLUMNS: &[ColumnSpec] = &[
    column("run_id", Text, NONE),
    column("benchmark", Text, NONE),
    column("guest", Text, NONE),
    column("system", Text, NONE),
    column("pass", Text, NONE),
    column("instrument", Text, NONE),
    column("unit", Text, NONE),
    column("agreed", Count, "boots"),
    column("not_judged", Count, "boots"),
    column("why", Text, NONE),
    column("trace", Text, NONE),
    column("program", Number, UNIT),
    column("observed", Number, UNIT),
    column("allowed", Number, UNIT),
];

pub(crate) const SPEC: TableSpec = TableSpec {
    name: "instruments",
    columns: COLUMNS,
};

pub(crate) fn rows(results: &Results) -> Rows {
    let mut rows = Rows::new(SPEC);
    for result in &results.results {
        let measurement = result.outcome.measurement();
        for instrument in measurement.iter().flat_map(|m| &m.instruments) {
            let widest = instrument.widest.as_ref();
            rows.push([
                (&result.run_id).into(),
                (&result.benchmark_name).into(),
                (&result.guest).into(),
                (&result.system).into(),
                (&instrument.pass).into(),
                (&instrument.instrument).into(),
                (&instrument.unit).into(),
                instrument.agreed.into(),
                instrument.not_judged.into(),
                instrument.why.as_ref().into(),
                widest.map(|reading| &reading.trace).into(),
                widest.map(|reading| reading.program).into(),
                widest.map(|reading| reading.observed).into(),
                widest.map(|reading| reading.allowed).into(),
            ]);
        }
    }
    rows
}
