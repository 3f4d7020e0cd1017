//! One row per second instrument and pass of a result that passed.

use capbench_results::{InstrumentAgreement, Results};

use crate::column::{UNIT, count, number, text};
use crate::identity::{self, OfResult};
use crate::results;
use crate::table::Table;

/// An instrument in a pass.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    result: results::Row<'a>,
    instrument: &'a InstrumentAgreement,
}

impl<'a> OfResult<'a> for Row<'a> {
    fn result(&self) -> &results::Row<'a> {
        &self.result
    }
}

/// The instruments of a run.
pub fn rows(results: &Results) -> impl Iterator<Item = Row<'_>> {
    results::rows(results).flat_map(|result| {
        let value = result.value().into_iter();
        let instruments = value.flat_map(|value| &value.instruments);
        instruments.map(move |instrument| Row { result, instrument })
    })
}

/// The table.
pub fn table<'a>() -> Table<'a, Row<'a>> {
    let columns = [
        text("pass", |row: &Row| (&row.instrument.pass).into()),
        text("instrument", |row| (&row.instrument.instrument).into()),
        text("unit", |row| (&row.instrument.unit).into()),
        count("agreed", "boots", |row| row.instrument.agreed.into()),
        count("not_judged", "boots", |row| {
            row.instrument.not_judged.into()
        }),
        text("why", |row| row.instrument.why.as_ref().into()),
        text("trace", |row| {
            let widest = row.instrument.widest.as_ref();
            widest.map(|reading| &reading.trace).into()
        }),
        number("program", UNIT, |row| {
            let widest = row.instrument.widest.as_ref();
            widest.map(|reading| reading.program).into()
        }),
        number("observed", UNIT, |row| {
            let widest = row.instrument.widest.as_ref();
            widest.map(|reading| reading.observed).into()
        }),
        number("allowed", UNIT, |row| {
            let widest = row.instrument.widest.as_ref();
            widest.map(|reading| reading.allowed).into()
        }),
    ];
    let start = identity::run().into_iter().chain(identity::subject());
    Table::new("instruments", start.chain(columns))
}
