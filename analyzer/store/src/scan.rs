//! Finds the files of a store, and what does not belong in it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use capbench_results::Mode;

use crate::error::StoreError;
use crate::layout::{MARKER, Store, check_guest, check_run_id};
use crate::table::Table;

/// A Parquet file of a store, as its path describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub table: Table,
    /// Values of [`Table::partition_keys`].
    pub keys: Vec<String>,
    pub run_id: String,
    pub path: PathBuf,
}

/// The contents of a store, in order.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    /// Files of runs that are there whole.
    pub files: Vec<Found>,
    /// Files of runs whose addition was interrupted.
    pub partial: Vec<Found>,
}

impl Store {
    /// Finds every file.
    pub(crate) fn scan(&self) -> Result<Scan, StoreError> {
        let mut files = Vec::new();
        for entry in entries(self.root())? {
            let table = Table::ALL
                .into_iter()
                .find(|table| entry.name == table.name());
            match table {
                Some(table) if entry.is_directory => {
                    walk(table, &[], &entry.path, &mut files)?;
                }
                _ if entry.name == MARKER && !entry.is_directory => {}
                _ => return Err(StoreError::Foreign { path: entry.path }),
            }
        }
        let whole: BTreeSet<String> = files
            .iter()
            .filter(|file| file.table == Table::Runs)
            .map(|file| file.run_id.clone())
            .collect();
        let (files, partial) = files
            .into_iter()
            .partition(|file: &Found| whole.contains(&file.run_id));
        Ok(Scan { files, partial })
    }
}

impl Scan {
    /// The file that makes `run_id` part of the store.
    pub(crate) fn run(&self, run_id: &str) -> Option<&Found> {
        let is_run = |file: &&Found| file.table == Table::Runs && file.run_id == run_id;
        self.files.iter().find(is_run)
    }

    /// Runs whose addition was interrupted.
    pub(crate) fn partial_runs(&self) -> Vec<String> {
        let runs: BTreeSet<&str> = self
            .partial
            .iter()
            .map(|file| file.run_id.as_str())
            .collect();
        runs.into_iter().map(str::to_owned).collect()
    }
}

fn walk(
    table: Table,
    keys: &[String],
    directory: &Path,
    files: &mut Vec<Found>,
) -> Result<(), StoreError> {
    for entry in entries(directory)? {
        let foreign = || StoreError::Foreign {
            path: entry.path.clone(),
        };
        if let Some(key) = table.partition_keys().get(keys.len()) {
            let value = entry
                .name
                .strip_prefix(key)
                .and_then(|rest| rest.strip_prefix('='));
            let value = value.filter(|value| entry.is_directory && is_value(key, value));
            let mut keys = keys.to_vec();
            keys.push(value.ok_or_else(foreign)?.to_owned());
            walk(table, &keys, &entry.path, files)?;
        } else {
            let run_id = entry.name.strip_suffix(".parquet");
            let run_id = run_id.filter(|id| !entry.is_directory && check_run_id(id).is_ok());
            files.push(Found {
                table,
                keys: keys.to_vec(),
                run_id: run_id.ok_or_else(foreign)?.to_owned(),
                path: entry.path,
            });
        }
    }
    Ok(())
}

/// A mode that nobody can measure in, or a guest that nobody can name, is foreign.
fn is_value(key: &str, value: &str) -> bool {
    match key {
        "mode" => Mode::ALL.iter().any(|mode| mode.as_str() == value),
        _ => check_guest(value).is_ok(),
    }
}

struct Entry {
    name: String,
    path: PathBuf,
    is_directory: bool,
}

/// What a directory holds, sorted; hidden files are passed over, as all readers do.
/// A link is neither file nor directory here, and a FIFO or a device is never opened.
fn entries(directory: &Path) -> Result<Vec<Entry>, StoreError> {
    let failed = || StoreError::io(directory);
    let mut entries = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed())? {
        let entry = entry.map_err(failed())?;
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let kind = entry.file_type().map_err(failed())?;
        if !kind.is_file() && !kind.is_dir() {
            return Err(StoreError::Foreign { path });
        }
        entries.push(Entry {
            name,
            path,
            is_directory: kind.is_dir(),
        });
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}
