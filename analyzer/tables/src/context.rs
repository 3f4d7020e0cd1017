//! One row per number from outside the envelope.

use capbench_results::{ContextRow, Results, Run};

use crate::column::{UNIT, count, number, text};
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
        text("column", |row: &Row| (&row.context.column).into()),
        text("benchmark", |row| {
            row.context.benchmark_name.as_str().into()
        }),
        text("definition", |row| {
            row.context.benchmark_name.benchmark().into()
        }),
        text("parameters", |row| {
            row.context.benchmark_name.parameters_in_words().into()
        }),
        text("source", |row| (&row.context.source).into()),
        text("status", |row| row.context.outcome.status().as_str().into()),
        text("reason", |row| {
            let refusal = row.context.outcome.refusal();
            refusal.map(|(reason, ..)| reason).into()
        }),
        text("detail", |row| {
            let refusal = row.context.outcome.refusal();
            refusal.map(|(_, detail, _)| detail).into()
        }),
        text("unit", |row| {
            let value = row.context.outcome.measurement();
            value.map(|value| value.unit.as_str()).into()
        }),
        number("median", UNIT, |row| {
            let value = row.context.outcome.measurement();
            value.map(|value| value.median).into()
        }),
        number("min", UNIT, |row| {
            let value = row.context.outcome.measurement();
            value.map(|value| value.min).into()
        }),
        count("n", "samples", |row| {
            let value = row.context.outcome.measurement();
            value.map(|value| value.n).into()
        }),
    ];
    Table::new("context", identity::run().into_iter().chain(columns))
}
