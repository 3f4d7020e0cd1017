//! What is judged.

use std::path::{Path, PathBuf};

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
    /// What was planned.
    pub plan: &'a Plan,
}

impl Run<'_> {
    /// Where a path of the record lies.
    pub(crate) fn locate(&self, path: &Path) -> PathBuf {
        self.directory.join(path)
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
        }
    }
}
