//! One row per run. Only stores hold it.

use capbench_results::{Results, Run};

use crate::column::Kind::{Count, Text};
use crate::column::{NONE, column};
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
        column("suite", Text, NONE, |row: &Row| {
            (&row.results.run.suite).into()
        }),
        column("tool", Text, NONE, |row| (&row.results.run.tool).into()),
        column("boots", Count, "boots", |row| row.results.run.boots.into()),
        identity::envelope_hash(),
        column("envelope", Text, NONE, |row| {
            (&row.results.run.envelope.description).into()
        }),
        column("rows", Count, "rows", |row| {
            (row.results.results.len() as u64).into()
        }),
        column("content_hash", Text, NONE, |row| row.content_hash.into()),
    ];
    Table::new("runs", identity::run().into_iter().chain(columns))
}
