//! One row per number from outside the envelope.

use capbench_results::{ContextRow, Results, Run};

use crate::column::Kind::{Count, Number, Text};
use crate::column::{NONE, UNIT, column};
use crate::identity::{self, OfRun};
use crate::table::Table;

/// A number from outside the envelope, or why there is none.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    run: &'a Run,
    context: &'a ContextRow,
}

impl<'a> OfRun<'a> for Row<'a> {
    fn run(&self) -> &'a Run {
        self.run
    }
}

/// The context of a run.
pub fn rows(results: &Results) -> impl Iterator<Item = Row<'_>> {
    let run = &results.run;
    let rows = results.context.iter();
    rows.map(move |context| Row { run, context })
}

/// The table.
pub fn table<'a>() -> Table<'a, Row<'a>> {
    let columns = [
        column("column", Text, NONE, |row: &Row| {
            (&row.context.column).into()
        }),
        column("benchmark", Text, NONE, |row| {
            (&row.context.benchmark_name).into()
        }),
        column("definition", Text, NONE, |row| {
            row.context.benchmark_name.benchmark().into()
        }),
        column("parameters", Text, NONE, |row| {
            row.context.benchmark_name.parameters_in_words().into()
        }),
        column("source", Text, NONE, |row| (&row.context.source).into()),
        column("status", Text, NONE, |row| {
            row.context.outcome.status().as_str().into()
        }),
        column("reason", Text, NONE, |row| {
            let refusal = row.context.outcome.refusal();
            refusal.map(|(reason, ..)| reason).into()
        }),
        column("detail", Text, NONE, |row| {
            let refusal = row.context.outcome.refusal();
            refusal.map(|(_, detail, _)| detail).into()
        }),
        column("unit", Text, NONE, |row| {
            let value = row.context.outcome.measurement();
            value.map(|value| value.unit.as_str()).into()
        }),
        column("median", Number, UNIT, |row| {
            let value = row.context.outcome.measurement();
            value.map(|value| value.median).into()
        }),
        column("min", Number, UNIT, |row| {
            let value = row.context.outcome.measurement();
            value.map(|value| value.min).into()
        }),
        column("n", Count, "samples", |row| {
            let value = row.context.outcome.measurement();
            value.map(|value| value.n).into()
        }),
    ];
    Table::new("context", identity::run().into_iter().chain(columns))
}
