//! Columns that several tables begin with: the run, and the result that a row is of.

use capbench_results::Run;

use crate::column::{Column, flag, text};
use crate::results;

/// Rows of one run.
pub(crate) trait OfRun<'a> {
    fn run(&self) -> &'a Run;
}

/// Rows of one result.
pub(crate) trait OfResult<'a> {
    fn result(&self) -> &results::Row<'a>;
}

impl<'a, R: OfResult<'a>> OfRun<'a> for R {
    fn run(&self) -> &'a Run {
        self.result().run
    }
}

/// The run.
pub(crate) fn run<'a, R: OfRun<'a>>() -> [Column<'a, R>; 4] {
    [
        text("run_id", |row: &R| (&row.run().id).into()),
        text("started_at", |row: &R| (&row.run().started_at).into()).in_stores(),
        text("commit", |row: &R| (&row.run().commit).into()).in_stores(),
        flag("dirty", |row: &R| row.run().dirty.into()).in_stores(),
    ]
}

/// What was measured, and where.
pub(crate) fn subject<'a, R: OfResult<'a>>() -> [Column<'a, R>; 5] {
    [
        text("benchmark", |row: &R| {
            row.result().result.benchmark_name.as_str().into()
        }),
        text("definition", |row: &R| {
            row.result().result.benchmark_name.benchmark().into()
        }),
        text("parameters", |row: &R| {
            let name = &row.result().result.benchmark_name;
            name.parameters_in_words().into()
        }),
        text("guest", |row: &R| (&row.result().result.guest).into()),
        text("system", |row: &R| (&row.result().result.system).into()),
    ]
}

/// The rest of what makes a series, and what came of the result.
pub(crate) fn series<'a, R: OfResult<'a>>() -> [Column<'a, R>; 5] {
    [
        config_hash().in_stores(),
        authority_profile().in_stores(),
        envelope_hash().in_stores(),
        status().in_stores(),
        reason().in_stores(),
    ]
}

/// Hash of the benchmark's definition.
pub(crate) fn config_hash<'a, R: OfResult<'a>>() -> Column<'a, R> {
    text("config_hash", |row: &R| {
        row.result().result.config_hash.to_string().into()
    })
}

/// The authority the program was declared to hold.
pub(crate) fn authority_profile<'a, R: OfResult<'a>>() -> Column<'a, R> {
    text("authority_profile", |row: &R| {
        (&row.result().result.authority_profile).into()
    })
}

/// Everything outside the guest that can change a number.
pub(crate) fn envelope_hash<'a, R: OfRun<'a>>() -> Column<'a, R> {
    text("envelope_hash", |row: &R| {
        row.run().envelope.hash.to_string().into()
    })
}

/// What came of the result.
pub(crate) fn status<'a, R: OfResult<'a>>() -> Column<'a, R> {
    text("status", |row: &R| {
        row.result().result.status().as_str().into()
    })
}

/// Why there is no number, in a word.
pub(crate) fn reason<'a, R: OfResult<'a>>() -> Column<'a, R> {
    text("reason", |row: &R| {
        row.result().refusal().map(|(reason, _)| reason).into()
    })
}

/// Unit of the row's numbers.
pub(crate) fn unit<'a, R: OfResult<'a>>() -> Column<'a, R> {
    text("unit", |row: &R| {
        row.result().value().map(|value| value.unit.as_str()).into()
    })
}
