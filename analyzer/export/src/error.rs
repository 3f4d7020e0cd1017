//! Why an export was not written.

use std::io;
use std::path::{Path, PathBuf};

use capbench_frames::load::LoadError;
use polars_core::prelude::PolarsError;

/// Why an export was not written. A file that this names does not exist, or is
/// the one from before.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The file could not be written.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's message.
        source: io::Error,
    },
    /// The table could not be put into its format.
    #[error("{path}: {source}", path = path.display())]
    Encode {
        /// The file.
        path: PathBuf,
        /// The format's message.
        source: PolarsError,
    },
    /// The trace could not be read.
    #[error(transparent)]
    Trace(#[from] LoadError),
    /// There is no message beside the results, or it cannot be read.
    #[error("{path}: {reason}", path = path.display())]
    Message {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The two stored forms of the results are not the same.
    #[error("{path} does not hold what results.json holds: one of them was changed after the run", path = path.display())]
    FormsDiffer {
        /// The message.
        path: PathBuf,
    },
    /// Two rows would be one time series.
    #[error(
        "benchmark `{benchmark}` on {guest}/{system} has two rows: a metric can only carry one"
    )]
    DoubleSeries {
        /// The benchmark.
        benchmark: String,
        /// Its guest.
        guest: String,
        /// Its system.
        system: String,
    },
    /// The file of symbols is neither an ELF image nor a System.map.
    #[error("{path}: {reason}; pass the kernel's ELF image or its System.map", path = path.display())]
    Symbols {
        /// The file.
        path: PathBuf,
        /// The fault.
        reason: String,
    },
}

impl ExportError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }

    pub(crate) fn encode(path: &Path) -> impl FnOnce(PolarsError) -> Self {
        let path = path.to_owned();
        move |source| Self::Encode { path, source }
    }
}
