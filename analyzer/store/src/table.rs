//! Tables of a store: which there are, and how they are parted into files.
//!
//! The keys of the partitions are not in the files: readers take them from the path.

use std::collections::BTreeMap;
use std::path::PathBuf;

use capbench_results::Results;
use capbench_tables::{Table as Filled, TableSpec, comparisons, results, runs, samples, segments};
use polars_core::prelude::{DataFrame, Schema};

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
    /// One row per segment of a breakdown of what passed.
    Segments,
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
    pub const ALL: [Self; 5] = [
        Self::Runs,
        Self::Results,
        Self::Samples,
        Self::Segments,
        Self::Comparisons,
    ];

    /// Its name in SQL, and that of its directory.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::Results => "results",
            Self::Samples => "samples",
            Self::Segments => "segments",
            Self::Comparisons => "comparisons",
        }
    }

    /// The keys in the paths of its files, outermost first.
    pub const fn partition_keys(self) -> &'static [&'static str] {
        match self {
            Self::Results | Self::Samples | Self::Segments => &PARTITION_KEYS,
            // A comparison is of two guests, a run of any number.
            Self::Runs | Self::Comparisons => &[PARTITION_KEYS[0]],
        }
    }

    /// Names and types of its columns in SQL: the keys of the path, then those of a
    /// file.
    pub fn columns(self) -> Vec<(String, &'static str)> {
        let keys = self.partition_keys().iter();
        let keys = keys.map(|key| ((*key).to_owned(), "text"));
        let columns = self.spec().columns.into_iter();
        let columns = columns.map(|column| (column.name.to_owned(), column.kind.as_str()));
        keys.chain(columns).collect()
    }

    /// The columns of a file.
    pub(crate) fn file_schema(self) -> Schema {
        self.spec().schema()
    }

    fn spec(self) -> TableSpec {
        let keys = self.partition_keys();
        match self {
            Self::Runs => runs::table().stored(keys).spec(),
            Self::Results => results::table().stored(keys).spec(),
            Self::Samples => samples::table().stored(keys).spec(),
            Self::Segments => segments::table().stored(keys).spec(),
            Self::Comparisons => comparisons::table().stored(keys).spec(),
        }
    }

    /// Its parts in these results, none of them empty.
    pub(crate) fn parts(self, of: &Results, hash: &str) -> Result<Vec<Part>, StoreError> {
        let keys = self.partition_keys();
        match self {
            Self::Runs => {
                let row = runs::Row {
                    results: of,
                    content_hash: hash,
                };
                whole(runs::table().stored(keys), [row])
            }
            Self::Comparisons => whole(comparisons::table().stored(keys), comparisons::rows(of)),
            Self::Results => by_guest(
                || results::table().stored(keys),
                results::rows(of),
                |row| &row.result.guest,
            ),
            Self::Samples => by_guest(
                || samples::table().stored(keys),
                samples::rows(of),
                |row| &row.result.result.guest,
            ),
            Self::Segments => by_guest(
                || segments::table().stored(keys),
                segments::rows(of),
                |row| &row.result.result.guest,
            ),
        }
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

/// All rows as one part; none where there is no row.
fn whole<'a, R>(
    table: Filled<'a, R>,
    of: impl IntoIterator<Item = R>,
) -> Result<Vec<Part>, StoreError> {
    let mut rows = table.rows();
    rows.extend(of);
    let frame = rows.take().map_err(StoreError::Table)?;
    let part = Part { guest: None, frame };
    Ok(Vec::from_iter((part.frame.height() > 0).then_some(part)))
}

/// A part for each guest that has rows.
fn by_guest<'a, R>(
    table: impl Fn() -> Filled<'a, R>,
    of: impl Iterator<Item = R>,
    guest: impl Fn(&R) -> &'a str,
) -> Result<Vec<Part>, StoreError> {
    let mut guests = BTreeMap::new();
    for row in of {
        let rows = guests.entry(guest(&row)).or_insert_with(|| table().rows());
        rows.push(&row);
    }
    let parts = guests.into_iter().map(|(guest, mut rows)| {
        let guest = Some(guest.to_owned());
        let frame = rows.take().map_err(StoreError::Table)?;
        Ok(Part { guest, frame })
    });
    parts.collect()
}
