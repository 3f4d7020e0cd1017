//! One row per kind of mispriced instruction in a window of a benchmark that passed:
//! why a ratio with that row is biased.

use capbench_results::{Mispriced, Results};

use crate::column::{EXECUTIONS, number, text};
use crate::identity::{self, OfResult};
use crate::results;
use crate::table::Table;

/// A kind of mispriced instruction in a window.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    result: results::Row<'a>,
    held: &'a Mispriced,
}

impl<'a> OfResult<'a> for Row<'a> {
    fn result(&self) -> &results::Row<'a> {
        &self.result
    }
}

/// The mispriced instructions of a run.
pub fn rows(results: &Results) -> impl Iterator<Item = Row<'_>> {
    results::rows(results).flat_map(|result| {
        let value = result.value().into_iter();
        let mispriced = value.flat_map(|value| &value.mispriced);
        mispriced.map(move |held| Row { result, held })
    })
}

/// The table.
pub fn table<'a>() -> Table<'a, Row<'a>> {
    let columns = [
        text("kind", |row: &Row| row.held.kind.as_str().into()),
        number("per_operation", EXECUTIONS, |row| {
            row.held.per_operation.into()
        }),
        text("counted_by", |row| row.held.counted_by.as_ref().into()),
    ];
    let start = identity::run().into_iter().chain(identity::subject());
    Table::new("mispriced", start.chain(columns))
}
