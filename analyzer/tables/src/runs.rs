//! One row per run. Only stores hold it.

use capbench_results::{Results, Run};

use crate::column::{count, text};
use crate::identity::{self, OfRun};
use crate::table::Table;

/// A run.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Its results.
    pub results: &'a Results,
    /// SHA-256 of them, in hexadecimal digits.
    pub content_hash: &'a str,
}

impl<'a> OfRun<'a> for Row<'a> {
    fn run(&self) -> &'a Run {
        &self.results.run
    }
}

/// The table.
pub fn table<'a>() -> Table<'a, Row<'a>> {
    let columns = [
        text("suite", |row: &Row| (&row.results.run.suite).into()),
        text("tool", |row| (&row.results.run.tool).into()),
        count("boots", "boots", |row| row.results.run.boots.into()),
        identity::envelope_hash(),
        text("envelope", |row| {
            (&row.results.run.envelope.description).into()
        }),
        count("rows", "rows", |row| {
            (row.results.results.len() as u64).into()
        }),
        text("content_hash", |row| row.content_hash.into()),
    ];
    Table::new("runs", identity::run().into_iter().chain(columns))
}
