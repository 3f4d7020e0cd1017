//! `capbench plot`: a run's plots as files.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use capbench_report::plots;
use clap::Args;
use miette::{IntoDiagnostic, Result};

use super::report::{open, place, write};
use crate::exit::Exit;

#[derive(Args)]
pub struct Plot {
    /// A run's directory [default: runs/latest]
    #[arg(value_name = "RUN")]
    run: Option<PathBuf>,

    /// Pictures of pixels instead of SVG
    #[arg(long)]
    png: bool,

    /// Where the files are written [default: target/report/<run-id>/plots]
    #[arg(long, short, value_name = "DIRECTORY")]
    out: Option<PathBuf>,
}

impl Plot {
    pub fn execute(self, root: &Path) -> Result<Exit> {
        let artifact = open(root, self.run)?;
        let out = self
            .out
            .unwrap_or_else(|| place(root, &artifact).join("plots"));
        fs::create_dir_all(&out).into_diagnostic()?;
        for plot in plots(&artifact.results) {
            let (extension, bytes) = if self.png {
                ("png", plot.png().into_diagnostic()?)
            } else {
                ("svg", plot.svg().into_diagnostic()?.into_bytes())
            };
            let path = out.join(format!("{}.{extension}", plot.name));
            write(&path, &bytes)?;
            // A reader that has seen enough is no reason to stop writing files.
            let _ = writeln!(std::io::stdout(), "{}", path.display());
        }
        Ok(Exit::Success)
    }
}
