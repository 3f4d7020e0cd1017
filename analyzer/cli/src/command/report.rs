//! `capbench report`: a run as one HTML file and as Markdown.

mod appendix;
mod files;

use std::path::{Path, PathBuf};

use capbench_report::Report as Text;
use capbench_runner::artifact::{Artifact, names};
use clap::Args;
use miette::{IntoDiagnostic, Result};

use super::{Format, Reported};
use crate::exit::Exit;
use crate::output;
use appendix::appendix;

/// Names of what is written.
const HTML: &str = "report.html";
const MARKDOWN: &str = "report.md";

#[derive(Args)]
pub struct Report {
    /// A run's directory [default: runs/latest]
    #[arg(value_name = "RUN")]
    run: Option<PathBuf>,

    /// Directory of the files [default: target/report/<run-id>]
    #[arg(long, short, value_name = "DIRECTORY")]
    out: Option<PathBuf>,

    /// Output format of the list of files
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Report {
    pub fn execute(self, root: &Path) -> Result<Exit> {
        let artifact = open(root, self.run)?;
        let out = self.out.unwrap_or_else(|| place(root, &artifact));
        output::directory(&out)?;
        let appendix = appendix(&artifact, root, &out)?;
        let report = Text::new(&artifact.results, &appendix);
        let html = report.html().into_diagnostic()?;
        let mut reported = Reported::new(self.format);
        for (name, text) in [(MARKDOWN, report.markdown()), (HTML, html)] {
            let path = out.join(name);
            output::write(&path, text.as_bytes())?;
            reported.file(path);
        }
        reported.end()?;
        Ok(Exit::Success)
    }
}

/// The run that is named, or the newest.
pub fn open(root: &Path, run: Option<PathBuf>) -> Result<Artifact> {
    let run = run.unwrap_or_else(|| root.join("runs").join(names::LATEST));
    Ok(Artifact::open(&run)?)
}

/// Beside the build's other products: a sealed run gains no files.
pub fn place(root: &Path, artifact: &Artifact) -> PathBuf {
    root.join("target/report").join(&artifact.record.run_id)
}
