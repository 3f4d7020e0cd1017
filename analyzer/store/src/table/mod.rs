//! Tables: their columns, and how results become data frames.
//!
//! The keys of the partitions are not in the files: readers take them from the path.

mod comparisons;
mod results;
mod runs;
mod samples;

use std::collections::BTreeMap;
use std::path::PathBuf;

use capbench_results::{BenchmarkResult, Results};
use polars_core::prelude::*;

use crate::error::StoreError;

/// Keys that a path may carry, outermost first. Both have few values, and hardly a
/// question leaves them open: numbers of two modes must not be mixed.
pub const PARTITION_KEYS: [&str; 2] = ["mode", "guest"];

/// A table of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// One row per run. Written last: a run without it is not in the store.
    Runs,
    /// One row per benchmark, guest and system, whatever its status.
    Results,
    /// One row per warm sample of what passed.
    Samples,
    /// One row per pair that a mapping puts side by side.
    Comparisons,
}

/// The part of a table that one file holds.
pub(crate) struct Part {
    pub guest: Option<String>,
    pub frame: DataFrame,
}

impl Table {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Runs, Self::Results, Self::Samples, Self::Comparisons];

    /// Its name in SQL, and that of its directory.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::Results => "results",
            Self::Samples => "samples",
            Self::Comparisons => "comparisons",
        }
    }

    /// The keys in the paths of its files, outermost first.
    pub const fn partition_keys(self) -> &'static [&'static str] {
        match self {
            Self::Results | Self::Samples => &PARTITION_KEYS,
            // A comparison is of two guests, a run of any number.
            Self::Runs | Self::Comparisons => &[PARTITION_KEYS[0]],
        }
    }

    /// Names and types of its columns in SQL: the keys of the path, then those of a
    /// file.
    pub fn columns(self) -> Vec<(String, &'static str)> {
        let keys = self.partition_keys().iter();
        let keys = keys.map(|key| ((*key).to_owned(), "text"));
        let schema = self.file_schema();
        let columns = schema.iter().map(|(name, kind)| {
            let word = match kind {
                DataType::String => "text",
                DataType::UInt64 => "count",
                DataType::Float64 => "number",
                _ => "flag",
            };
            (name.to_string(), word)
        });
        keys.chain(columns).collect()
    }

    /// The columns of a file.
    pub(crate) fn file_schema(self) -> Schema {
        let empty = match self {
            Self::Runs => runs::columns(&[]),
            Self::Results => results::columns(&Rows::NONE),
            Self::Samples => samples::columns(&Rows::NONE),
            Self::Comparisons => comparisons::columns(&Rows::NONE),
        };
        let fields = empty.iter();
        fields
            .map(|column| Field::new(column.name().clone(), column.dtype().clone()))
            .collect()
    }

    /// Its parts in these results, none of them empty.
    pub(crate) fn parts(self, results: &Results, hash: &str) -> Result<Vec<Part>, StoreError> {
        let whole = |columns| vec![(None, columns)];
        let by_guest = |columns: fn(&Rows) -> Vec<Column>| {
            let mut guests: BTreeMap<&str, Vec<&BenchmarkResult>> = BTreeMap::new();
            for row in &results.results {
                guests.entry(&row.guest).or_default().push(row);
            }
            let part = |(guest, rows): (&str, Vec<_>)| {
                let run = Some(results);
                (Some(guest.to_owned()), columns(&Rows { run, rows }))
            };
            guests.into_iter().map(part).collect::<Vec<_>>()
        };
        let parts = match self {
            Self::Runs => whole(runs::columns(&[(results, hash)])),
            Self::Results => by_guest(results::columns),
            Self::Samples => by_guest(samples::columns),
            Self::Comparisons => whole(comparisons::columns(&Rows {
                run: Some(results),
                rows: Vec::new(),
            })),
        };
        let parts = parts.into_iter().map(|(guest, columns)| {
            let height = columns.first().map_or(0, Column::len);
            let frame = DataFrame::new(height, columns).map_err(StoreError::Table)?;
            Ok(Part { guest, frame })
        });
        let parts: Result<Vec<Part>, StoreError> = parts.collect();
        Ok(parts?
            .into_iter()
            .filter(|part| part.frame.height() > 0)
            .collect())
    }

    /// Where a part of `run_id` lies below the store.
    pub(crate) fn path(self, mode: &str, guest: Option<&str>, run_id: &str) -> PathBuf {
        let mut path = PathBuf::from(self.name());
        path.push(format!("mode={mode}"));
        if let Some(guest) = guest {
            path.push(format!("guest={guest}"));
        }
        path.push(format!("{run_id}.parquet"));
        path
    }
}

/// Rows of one guest, and the run that they are of; no run, no rows.
pub(crate) struct Rows<'a> {
    pub run: Option<&'a Results>,
    pub rows: Vec<&'a BenchmarkResult>,
}

impl Rows<'_> {
    const NONE: Self = Self {
        run: None,
        rows: Vec::new(),
    };
}

/// What every row of results and samples begins with: its run, its series, and what
/// came of it. `of` names the result behind each row.
fn identity(run: Option<&Results>, of: &[&BenchmarkResult]) -> Vec<Column> {
    let run = run.map(|results| &results.run);
    let text = |value: Option<&str>| vec![value.map(str::to_owned); of.len()];
    let envelope = run.map(|run| run.envelope.hash.to_string());
    let refusal = |row: &&BenchmarkResult| row.outcome.refusal().map(|r| r.0.to_owned());
    vec![
        column("run_id", text(run.map(|run| run.id.as_str()))),
        column("started_at", text(run.map(|run| run.started_at.as_str()))),
        column("commit", text(run.map(|run| run.commit.as_str()))),
        column("dirty", vec![run.map(|run| run.dirty); of.len()]),
        column("benchmark", each(of, |row| row.benchmark_name.to_string())),
        column("config_hash", each(of, |row| row.config_hash.to_string())),
        column("system", each(of, |row| row.system.clone())),
        column(
            "authority_profile",
            each(of, |row| row.authority_profile.clone()),
        ),
        column("envelope_hash", text(envelope.as_deref())),
        column("status", each(of, |row| row.status().as_str().to_owned())),
        column("reason", maybe(of, refusal)),
        column(
            "unit",
            maybe(of, |row| {
                row.outcome
                    .measurement()
                    .map(|v| v.unit.as_str().to_owned())
            }),
        ),
    ]
}

fn column<T>(name: &str, values: Vec<T>) -> Column
where
    Series: NamedFrom<Vec<T>, [T]>,
{
    Column::from(<Series as NamedFrom<_, [T]>>::new(name.into(), values))
}

fn each<R, T>(rows: &[R], value: impl Fn(&R) -> T) -> Vec<Option<T>> {
    rows.iter().map(|row| Some(value(row))).collect()
}

fn maybe<R, T>(rows: &[R], value: impl Fn(&R) -> Option<T>) -> Vec<Option<T>> {
    rows.iter().map(value).collect()
}
