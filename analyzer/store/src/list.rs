//! Which runs and series a store holds.

use std::collections::BTreeMap;

use polars_core::prelude::*;
use serde::Serialize;

use crate::error::StoreError;
use crate::layout::Store;
use crate::read;
use crate::table::Table;

/// The contents of a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Listing {
    /// Runs, by id.
    pub runs: Vec<RunEntry>,
    /// Series, by name.
    pub series: Vec<SeriesEntry>,
    /// Runs whose addition was interrupted: not in the store until added again.
    pub partial: Vec<String>,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)] // As in the table `runs`.
pub struct RunEntry {
    pub run_id: String,
    pub started_at: String,
    pub mode: String,
    pub suite: String,
    pub commit: String,
    pub rows: u64,
}

/// A series: what may be compared from run to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)] // As in the table `results`.
pub struct SeriesEntry {
    pub mode: String,
    pub guest: String,
    pub system: String,
    pub benchmark: String,
    pub config_hash: String,
    pub authority_profile: String,
    pub envelope_hash: String,
    /// Rows of it.
    pub runs: u64,
    /// Those with numbers.
    pub passed: u64,
}

/// Columns that make a series, in the order of [`SeriesEntry`].
const SERIES: [&str; 7] = [
    "mode",
    "guest",
    "system",
    "benchmark",
    "config_hash",
    "authority_profile",
    "envelope_hash",
];

impl Store {
    /// Lists runs and series. Reads the tables `runs` and `results`, one file at a
    /// time: memory follows the number of series.
    ///
    /// # Errors
    ///
    /// A file does not belong here or cannot be read.
    pub fn list(&self) -> Result<Listing, StoreError> {
        let scan = self.scan()?;
        let mut runs = Vec::new();
        let mut series: BTreeMap<[String; 7], (u64, u64)> = BTreeMap::new();
        for found in &scan.files {
            match found.table {
                Table::Runs => runs.extend(run_entries(&read::frame(found)?)?),
                Table::Results => count(&read::frame(found)?, &mut series)?,
                Table::Samples | Table::Segments | Table::Comparisons => {}
            }
        }
        runs.sort_by(|a, b| a.run_id.cmp(&b.run_id));
        let series = series.into_iter().map(|(key, (runs, passed))| {
            let [
                mode,
                guest,
                system,
                benchmark,
                config_hash,
                authority_profile,
                envelope_hash,
            ] = key;
            SeriesEntry {
                mode,
                guest,
                system,
                benchmark,
                config_hash,
                authority_profile,
                envelope_hash,
                runs,
                passed,
            }
        });
        Ok(Listing {
            runs,
            series: series.collect(),
            partial: scan.partial_runs(),
        })
    }
}

fn run_entries(frame: &DataFrame) -> Result<Vec<RunEntry>, StoreError> {
    let rows = frame
        .column("rows")
        .and_then(|column| column.u64().cloned());
    let rows = rows.map_err(StoreError::Table)?;
    let text = |name| texts(frame, name);
    let columns = [
        text("run_id")?,
        text("started_at")?,
        text("mode")?,
        text("suite")?,
        text("commit")?,
    ];
    let entry = |at: usize| {
        let [run_id, started_at, mode, suite, commit] =
            columns.each_ref().map(|column| column[at].clone());
        RunEntry {
            run_id,
            started_at,
            mode,
            suite,
            commit,
            rows: rows.get(at).unwrap_or(0),
        }
    };
    Ok((0..frame.height()).map(entry).collect())
}

fn count(
    frame: &DataFrame,
    series: &mut BTreeMap<[String; 7], (u64, u64)>,
) -> Result<(), StoreError> {
    let columns: Result<Vec<_>, _> = SERIES.iter().map(|name| texts(frame, name)).collect();
    let (columns, status) = (columns?, texts(frame, "status")?);
    for (at, status) in status.iter().enumerate() {
        let key = std::array::from_fn(|column| columns[column][at].clone());
        let (runs, passed) = series.entry(key).or_default();
        *runs += 1;
        *passed += u64::from(status == "passed");
    }
    Ok(())
}

fn texts(frame: &DataFrame, name: &str) -> Result<Vec<String>, StoreError> {
    let column = frame.column(name).map_err(StoreError::Table)?;
    let column = column.cast(&DataType::String).map_err(StoreError::Table)?;
    let texts = column.str().map_err(StoreError::Table)?;
    Ok(texts
        .iter()
        .map(|text| text.unwrap_or_default().to_owned())
        .collect())
}
