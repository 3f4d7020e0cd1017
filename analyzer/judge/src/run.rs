//! The input of judging.

use std::fs::File;
use std::path::{Path, PathBuf};

use capbench_frames::load::LoadError;
use capbench_frames::trace::{Recorded, Trace, read_file, read_file_with_records};
use capbench_results::AuditReport;
use capbench_runner::artifact::inside::{self, NotInside};
use capbench_runner::plan::Plan;
use capbench_runner::record::RunRecord;
use capbench_runner::run::CapturedRun;

/// A run whose boots are over, just captured or stored.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// Where its files lie.
    pub directory: &'a Path,
    /// Everything that decided its numbers, boots included.
    pub record: &'a RunRecord,
    /// The plan.
    pub plan: &'a Plan,
    /// What a stored run says of its audits. Only where a log was too large to be kept
    /// is there nothing better.
    pub stated_audits: &'a [AuditReport],
}

/// A stream cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unreadable {
    /// It is no file of the run.
    #[error(transparent)]
    Outside(#[from] NotInside),
    /// Nothing in it is a trace.
    #[error(transparent)]
    Load(#[from] LoadError),
}

impl Run<'_> {
    /// Opens a file of the run.
    pub(crate) fn open(&self, path: &Path) -> Result<File, NotInside> {
        inside::open(self.directory, path)
    }

    /// Opens a file that may have so many bytes.
    pub(crate) fn open_at_most(&self, path: &Path, limit: u64) -> Result<File, NotInside> {
        inside::open_at_most(self.directory, path, limit)
    }

    /// Reads a stream of the run.
    pub(crate) fn trace(&self, path: &Path, source: &str) -> Result<Trace, Unreadable> {
        let read = read_file(&self.locate(path)?, source);
        read.map_err(|error| error.relative_to(self.directory).into())
    }

    /// Reads a stream of the run with every record of it.
    pub(crate) fn records(
        &self,
        path: &Path,
        source: &str,
    ) -> Result<(Trace, Recorded), Unreadable> {
        let read = read_file_with_records(&self.locate(path)?, source);
        read.map_err(|error| error.relative_to(self.directory).into())
    }

    fn locate(&self, path: &Path) -> Result<PathBuf, NotInside> {
        self.open(path)?;
        Ok(self.directory.join(path))
    }

    /// A text without the place of the run, which may be moved.
    pub(crate) fn without_its_place(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.directory.display()), "")
    }
}

impl<'a> From<&'a CapturedRun> for Run<'a> {
    fn from(captured: &'a CapturedRun) -> Self {
        Self {
            directory: captured.directory.path(),
            record: &captured.record,
            plan: &captured.plan,
            stated_audits: &[],
        }
    }
}
