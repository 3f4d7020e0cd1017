//! A run of the store, in what a comparison and a history need of it.

use capbench_results::{Breakdown, Headline, RowName, SegmentSummary, Status, Unit};
use polars_core::prelude::*;
use std::str::FromStr;

use crate::error::StoreError;
use crate::layout::Store;
use crate::read;
use crate::scan::{Found, Scan};
use crate::table::Table;

/// A run.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)] // As in the table `runs`.
pub struct StoredRun {
    pub id: String,
    pub suite: String,
    pub mode: String,
    pub started_at: String,
    pub commit: String,
    pub dirty: bool,
    pub boots: u64,
    pub envelope_hash: String,
    /// Its results.
    pub rows: Vec<StoredRow>,
}

/// A result.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRow {
    /// Its name.
    pub row: RowName,
    /// Hash of what must be equal within a series.
    pub config_hash: String,
    /// The authority the program was declared to hold.
    pub authority_profile: String,
    /// The value, or status and reason of a row without one.
    pub value: Result<StoredValue, (Status, String)>,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredValue {
    /// Unit of every number.
    pub unit: Unit,
    /// Which direction is an improvement.
    pub lower_is_better: bool,
    /// The number that stands for the row.
    pub headline: Headline,
    /// Its mean per operation, where that is known.
    pub mean: Option<f64>,
    /// Where a dispatch spends itself, where that was recorded.
    pub breakdown: Option<Breakdown>,
}

impl Store {
    /// The run of this id, where the store has it. Reads its own files only.
    ///
    /// # Errors
    ///
    /// A file does not belong here, or cannot be read.
    pub fn run(&self, id: &str) -> Result<Option<StoredRun>, StoreError> {
        let scan = self.scan()?;
        scan.run(id).map(|found| run(&scan, found)).transpose()
    }

    /// Every run, by the time at which it started. Costs a look at every file but those
    /// of samples.
    ///
    /// # Errors
    ///
    /// As [`Store::run`].
    pub fn runs(&self) -> Result<Vec<StoredRun>, StoreError> {
        let scan = self.scan()?;
        let found = scan.files.iter().filter(|file| file.table == Table::Runs);
        let runs: Result<Vec<_>, _> = found.map(|found| run(&scan, found)).collect();
        let mut runs = runs?;
        runs.sort_by(|a, b| (&a.started_at, &a.id).cmp(&(&b.started_at, &b.id)));
        Ok(runs)
    }
}

fn run(scan: &Scan, found: &Found) -> Result<StoredRun, StoreError> {
    let frame = read::frame(found)?;
    let columns = Columns { frame, found };
    let mut run = StoredRun {
        id: found.run_id.clone(),
        suite: columns.text("suite", 0)?,
        mode: columns.text("mode", 0)?,
        started_at: columns.text("started_at", 0)?,
        commit: columns.text("commit", 0)?,
        dirty: columns.flag("dirty", 0)?.unwrap_or_default(),
        boots: columns.count("boots", 0)?.unwrap_or_default(),
        envelope_hash: columns.text("envelope_hash", 0)?,
        rows: Vec::new(),
    };
    let files = scan.files.iter().filter(|file| file.run_id == run.id);
    let (mut results, mut segments) = (Vec::new(), Vec::new());
    for file in files {
        match file.table {
            Table::Results => results.push(file),
            Table::Segments => segments.push(file),
            Table::Runs | Table::Samples | Table::Comparisons => {}
        }
    }
    for file in results {
        let columns = Columns::read(file)?;
        for at in 0..columns.frame.height() {
            run.rows.push(row(&columns, at)?);
        }
    }
    for file in segments {
        let columns = Columns::read(file)?;
        for at in 0..columns.frame.height() {
            add_segment(&mut run.rows, &columns, at)?;
        }
    }
    Ok(run)
}

fn name(columns: &Columns<'_>, at: usize) -> Result<RowName, StoreError> {
    Ok(RowName {
        benchmark_name: columns.text("benchmark", at)?.into(),
        guest: columns.text("guest", at)?,
        system: columns.text("system", at)?,
    })
}

fn row(columns: &Columns<'_>, at: usize) -> Result<StoredRow, StoreError> {
    let status: Status = columns.word("status", at)?;
    let value = match status {
        Status::Passed => Ok(StoredValue {
            unit: columns.word("unit", at)?,
            lower_is_better: columns.needed(columns.flag("lower_is_better", at)?, at)?,
            headline: Headline {
                kind: columns.word("headline_kind", at)?,
                value: columns.needed(columns.number("headline", at)?, at)?,
            },
            mean: columns.number("mean", at)?,
            breakdown: None,
        }),
        status => Err((status, columns.text("reason", at)?)),
    };
    Ok(StoredRow {
        row: name(columns, at)?,
        config_hash: columns.text("config_hash", at)?,
        authority_profile: columns.text("authority_profile", at)?,
        value,
    })
}

/// Adds a segment to the breakdown of its row. Segments stand in the order of a tree.
fn add_segment(rows: &mut [StoredRow], columns: &Columns<'_>, at: usize) -> Result<(), StoreError> {
    let name = name(columns, at)?;
    let value = rows.iter_mut().find(|row| row.row == name);
    let Some(Ok(value)) = value.map(|row| row.value.as_mut()) else {
        return Err(columns.fault(format!("its row {at} is a segment of no value")));
    };
    let breakdown = value.breakdown.get_or_insert(Breakdown {
        traces: Vec::new(),
        dispatches: columns.count("dispatches", at)?.unwrap_or_default(),
        incomplete: columns.count("incomplete", at)?.unwrap_or_default(),
        traced_median: columns.number("traced_median", at)?,
        tracing_effect: columns.number("tracing_effect", at)?,
        self_bound: columns.number("self_bound", at)?,
        segments: Vec::new(),
    });
    breakdown.segments.push(SegmentSummary {
        name: columns.text("segment", at)?,
        parent: columns.text("parent", at)?,
        count: columns.count("count", at)?.unwrap_or_default(),
        median: columns.needed(columns.number("median", at)?, at)?,
        p95: columns.number("p95", at)?,
        max: columns.count("max", at)?.unwrap_or_default(),
        share: columns.number("share", at)?,
        self_raw: columns.number("self_raw", at)?,
        self_corrected: columns.number("self_corrected", at)?,
        bucketed: columns.flag("bucketed", at)?.unwrap_or_default(),
    });
    Ok(())
}

/// A file's columns. What is absent is empty text, or no number.
struct Columns<'a> {
    frame: DataFrame,
    found: &'a Found,
}

impl<'a> Columns<'a> {
    fn read(found: &'a Found) -> Result<Self, StoreError> {
        let frame = read::frame(found)?;
        Ok(Self { frame, found })
    }

    fn text(&self, name: &str, at: usize) -> Result<String, StoreError> {
        let column = self.frame.column(name).and_then(|column| column.str());
        let column = column.map_err(StoreError::Table)?;
        Ok(column.get(at).unwrap_or_default().to_owned())
    }

    fn word<W: FromStr<Err: ToString>>(&self, name: &str, at: usize) -> Result<W, StoreError> {
        let word = self.text(name, at)?;
        word.parse()
            .map_err(|error: W::Err| self.fault(error.to_string()))
    }

    fn number(&self, name: &str, at: usize) -> Result<Option<f64>, StoreError> {
        let column = self.frame.column(name).and_then(|column| column.f64());
        Ok(column.map_err(StoreError::Table)?.get(at))
    }

    fn count(&self, name: &str, at: usize) -> Result<Option<u64>, StoreError> {
        let column = self.frame.column(name).and_then(|column| column.u64());
        Ok(column.map_err(StoreError::Table)?.get(at))
    }

    fn flag(&self, name: &str, at: usize) -> Result<Option<bool>, StoreError> {
        let column = self.frame.column(name).and_then(|column| column.bool());
        Ok(column.map_err(StoreError::Table)?.get(at))
    }

    fn needed<T>(&self, value: Option<T>, at: usize) -> Result<T, StoreError> {
        value.ok_or_else(|| self.fault(format!("its row {at} passed without its numbers")))
    }

    fn fault(&self, reason: String) -> StoreError {
        StoreError::File {
            path: self.found.path.clone(),
            reason: capbench_results::brief(reason),
        }
    }
}
