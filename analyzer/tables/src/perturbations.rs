//! One row per pass and benchmark that passed: what the pass's instrument costs it.

use capbench_results::{Perturbation, Results};

use crate::column::{UNIT, number, text};
use crate::identity::{self, OfResult};
use crate::results;
use crate::table::Table;

/// The cost of a pass's instrument.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    result: results::Row<'a>,
    perturbation: &'a Perturbation,
}

impl<'a> OfResult<'a> for Row<'a> {
    fn result(&self) -> &results::Row<'a> {
        &self.result
    }
}

/// The perturbations of a run.
pub fn rows(results: &Results) -> impl Iterator<Item = Row<'_>> {
    results::rows(results).flat_map(|result| {
        let value = result.value().into_iter();
        let perturbations = value.flat_map(|value| &value.perturbations);
        perturbations.map(move |perturbation| Row {
            result,
            perturbation,
        })
    })
}

/// The table.
pub fn table<'a>() -> Table<'a, Row<'a>> {
    let columns = [
        text("pass", |row: &Row| (&row.perturbation.pass).into()),
        identity::unit(),
        number("median", UNIT, |row| row.perturbation.median.into()),
        number("effect", UNIT, |row| row.perturbation.effect.into()),
    ];
    let start = identity::run().into_iter().chain(identity::subject());
    Table::new("perturbations", start.chain(columns))
}
