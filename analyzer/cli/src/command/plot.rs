//! `capbench plot`: a run's plots as files.

use std::path::{Path, PathBuf};

use capbench_report::plots;
use clap::Args;
use miette::{IntoDiagnostic, Result};

use super::report::{open, place};
use super::{Format, Reported};
use crate::exit::Exit;
use crate::output;

#[derive(Args)]
pub struct Plot {
    /// A run's directory [default: runs/latest]
    #[arg(value_name = "RUN")]
    run: Option<PathBuf>,

    /// Pictures of pixels instead of SVG
    #[arg(long)]
    png: bool,

    /// Directory of the files [default: target/report/<run-id>/plots]
    #[arg(long, short, value_name = "DIRECTORY")]
    out: Option<PathBuf>,

    /// Output format of the list of files
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Plot {
    pub fn execute(self, root: &Path) -> Result<Exit> {
        let artifact = open(root, self.run)?;
        let out = self
            .out
            .unwrap_or_else(|| place(root, &artifact).join("plots"));
        output::directory(&out)?;
        let mut reported = Reported::new(self.format);
        for plot in plots(&artifact.results) {
            let (extension, bytes) = if self.png {
                ("png", plot.png().into_diagnostic()?)
            } else {
                ("svg", plot.svg().into_diagnostic()?.into_bytes())
            };
            let path = out.join(format!("{}.{extension}", plot.name));
            output::write(&path, &bytes)?;
            reported.file(path);
        }
        reported.end()?;
        Ok(Exit::Success)
    }
}
