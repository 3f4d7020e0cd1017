//! One row per warm sample of a result that passed, boots in order.

use capbench_results::{BootSummary, Measurement, Results};

use crate::column::{NONE, UNIT, count, number, text};
use crate::identity::{self, OfResult};
use crate::results;
use crate::table::Table;

/// A sample.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The result that it is of.
    pub result: results::Row<'a>,
    measurement: &'a Measurement,
    boot: &'a BootSummary,
    boot_place: u64,
    place: u64,
    value: f64,
}

impl<'a> OfResult<'a> for Row<'a> {
    fn result(&self) -> &results::Row<'a> {
        &self.result
    }
}

/// The samples of a run.
pub fn rows(results: &Results) -> impl Iterator<Item = Row<'_>> {
    results::rows(results).flat_map(of_result)
}

fn of_result(result: results::Row<'_>) -> impl Iterator<Item = Row<'_>> {
    let measurement = result.value();
    measurement.into_iter().flat_map(move |measurement| {
        let mut values = measurement.samples.iter();
        let boots = measurement.boots.iter().zip(1u64..);
        // As many as the boot has, from where the boot before it ended.
        let places = boots.flat_map(|(boot, boot_place)| {
            (1..=boot.n).map(move |place| (boot, boot_place, place))
        });
        places.map_while(move |(boot, boot_place, place)| {
            let value = *values.next()?;
            Some(Row {
                result,
                measurement,
                boot,
                boot_place,
                place,
                value,
            })
        })
    })
}

/// The table.
pub fn table<'a>() -> Table<'a, Row<'a>> {
    let columns = [
        text("trace", |row: &Row| (&row.boot.trace).into()),
        count("boot", NONE, |row| row.boot_place.into()),
        count("sample", NONE, |row| row.place.into()),
        identity::unit(),
        text("sample_kind", |row| {
            row.measurement.sample_kind.as_str().into()
        }),
        count("batch", "operations", |row| row.measurement.batch.into()),
        number("value", UNIT, |row| row.value.into()),
    ];
    let start = identity::run().into_iter().chain(identity::subject());
    let start = start.chain(identity::series());
    Table::new("samples", start.chain(columns))
}
