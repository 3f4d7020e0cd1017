//! Adds a run.

use std::fs;

use capbench_results::{Digest, Results};
use polars_io::prelude::{ParquetCompression, ParquetWriter};
use sha2::{Digest as _, Sha256};

use crate::error::StoreError;
use crate::layout::{Store, check_guest, check_run_id, write_whole};
use crate::read;
use crate::table::Table;

/// The outcome of adding a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is there now, in so many files.
    New {
        /// Files that were written.
        files: usize,
    },
    /// It was there already, with the same content.
    Unchanged,
}

impl Store {
    /// Adds the results of a run. Tables are put together before the first file is
    /// written; the row in `runs`, which makes the run part of the store, comes last.
    ///
    /// # Errors
    ///
    /// The run is there with other content, a name cannot be part of a path, or a
    /// file could not be written: then the run is not in the store, and adding it
    /// again starts afresh.
    pub fn add(&self, results: &Results) -> Result<Added, StoreError> {
        let (run_id, mode) = (results.run.id.as_str(), results.run.mode.as_str());
        check_run_id(run_id)?;
        for row in &results.results {
            check_guest(&row.guest)?;
        }
        let hash = Digest(Sha256::digest(results.to_json()?).into()).to_string();
        let scan = self.scan()?;
        if let Some(found) = scan.run(run_id) {
            let stored = read::frame(found)?;
            let stored = stored.column("content_hash").and_then(|c| c.str().cloned());
            let stored = stored.map_err(StoreError::Table)?;
            return match stored.get(0) == Some(hash.as_str()) {
                true => Ok(Added::Unchanged),
                false => Err(StoreError::Conflict {
                    run_id: run_id.to_owned(),
                }),
            };
        }
        // What an interrupted addition left could be of other content.
        for left in scan.partial.iter().filter(|file| file.run_id == run_id) {
            fs::remove_file(&left.path).map_err(StoreError::io(&left.path))?;
        }
        let mut files = Vec::new();
        for table in Table::ALL.into_iter().rev() {
            for mut part in table.parts(results, &hash)? {
                let mut bytes = Vec::new();
                let writer = ParquetWriter::new(&mut bytes)
                    .with_compression(ParquetCompression::Zstd(None))
                    .set_parallel(false);
                writer.finish(&mut part.frame).map_err(StoreError::Table)?;
                let path = table.path(mode, part.guest.as_deref(), run_id);
                files.push((self.root().join(path), bytes));
            }
        }
        for (path, bytes) in &files {
            write_whole(path, bytes)?;
        }
        Ok(Added::New { files: files.len() })
    }
}
