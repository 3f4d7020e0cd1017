//! One row per second instrument and pass of a result that passed.

use capbench_results::{InstrumentAgreement, Results};

use crate::column::Kind::{Count, Number, Text};
use crate::column::{NONE, UNIT, column};
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
        column("pass", Text, NONE, |row: &Row| {
            (&row.instrument.pass).into()
        }),
        column("instrument", Text, NONE, |row| {
            (&row.instrument.instrument).into()
        }),
        column("unit", Text, NONE, |row| (&row.instrument.unit).into()),
        column("agreed", Count, "boots", |row| row.instrument.agreed.into()),
        column("not_judged", Count, "boots", |row| {
            row.instrument.not_judged.into()
        }),
        column("why", Text, NONE, |row| row.instrument.why.as_ref().into()),
        column("trace", Text, NONE, |row| {
            let widest = row.instrument.widest.as_ref();
            widest.map(|reading| &reading.trace).into()
        }),
        column("program", Number, UNIT, |row| {
            let widest = row.instrument.widest.as_ref();
            widest.map(|reading| reading.program).into()
        }),
        column("observed", Number, UNIT, |row| {
            let widest = row.instrument.widest.as_ref();
            widest.map(|reading| reading.observed).into()
        }),
        column("allowed", Number, UNIT, |row| {
            let widest = row.instrument.widest.as_ref();
            widest.map(|reading| reading.allowed).into()
        }),
    ];
    let start = identity::run().into_iter().chain(identity::subject());
    Table::new("instruments", start.chain(columns))
}
