//! Columns that several tables begin with: the run, and the result that a row is of.

use capbench_results::Run;

use crate::column::Kind::{Flag, Text};
use crate::column::{Column, NONE, column};
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
        column("run_id", Text, NONE, |row: &R| (&row.run().id).into()),
        column("started_at", Text, NONE, |row: &R| {
            (&row.run().started_at).into()
        })
        .in_stores(),
        column("commit", Text, NONE, |row: &R| (&row.run().commit).into()).in_stores(),
        column("dirty", Flag, NONE, |row: &R| row.run().dirty.into()).in_stores(),
    ]
}

/// What was measured, and where.
pub(crate) fn subject<'a, R: OfResult<'a>>() -> [Column<'a, R>; 5] {
    [
        column("benchmark", Text, NONE, |row: &R| {
            (&row.result().result.benchmark_name).into()
        }),
        column("definition", Text, NONE, |row: &R| {
            row.result().result.benchmark_name.benchmark().into()
        }),
        column("parameters", Text, NONE, |row: &R| {
            let name = &row.result().result.benchmark_name;
            name.parameters_in_words().into()
        }),
        column("guest", Text, NONE, |row: &R| {
            (&row.result().result.guest).into()
        }),
        column("system", Text, NONE, |row: &R| {
            (&row.result().result.system).into()
        }),
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
    column("config_hash", Text, NONE, |row: &R| {
        row.result().result.config_hash.to_string().into()
    })
}

/// The authority the program was declared to hold.
pub(crate) fn authority_profile<'a, R: OfResult<'a>>() -> Column<'a, R> {
    column("authority_profile", Text, NONE, |row: &R| {
        (&row.result().result.authority_profile).into()
    })
}

/// What outside the guest can change a number.
pub(crate) fn envelope_hash<'a, R: OfRun<'a>>() -> Column<'a, R> {
    column("envelope_hash", Text, NONE, |row: &R| {
        row.run().envelope.hash.to_string().into()
    })
}

/// What came of the result.
pub(crate) fn status<'a, R: OfResult<'a>>() -> Column<'a, R> {
    column("status", Text, NONE, |row: &R| {
        row.result().result.status().as_str().into()
    })
}

/// Why there is no number, in a word.
pub(crate) fn reason<'a, R: OfResult<'a>>() -> Column<'a, R> {
    column("reason", Text, NONE, |row: &R| {
        row.result().refusal().map(|(reason, _)| reason).into()
    })
}

/// Unit of the row's numbers.
pub(crate) fn unit<'a, R: OfResult<'a>>() -> Column<'a, R> {
    column("unit", Text, NONE, |row: &R| {
        row.result().value().map(|value| value.unit.as_str()).into()
    })
}
