//! `capbench inspect`: what one trace says, and what is wrong with it; or one of its
//! samples in parts.

use std::path::PathBuf;

use capbench_frames::flows::{StitchError, stitch};
use capbench_frames::load;
use capbench_frames::trace::{Trace, read_file};
use capbench_report::Report as Document;
use clap::Args;
use miette::{IntoDiagnostic, Report, Result, miette};

use super::{Format, look, print_json};
use crate::exit::Exit;
use crate::stdout;

#[derive(Args)]
pub struct Inspect {
    /// A `.ktrace` or a raw stream
    trace: PathBuf,

    /// Show one sample of this row in parts instead: who ran, in what, for how long
    #[arg(long, value_name = "ROW")]
    stitch: Option<String>,

    /// Number of the sample, from 1 [default: the median one]
    #[arg(long, value_name = "N", requires = "stitch")]
    sample: Option<usize>,

    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Inspect {
    pub fn execute(&self) -> Result<Exit> {
        let source = self.trace.display().to_string();
        let trace = read_file(&self.trace, &source).map_err(|error| {
            miette!(
                code = "capbench::inspect",
                help = "pass a .ktrace of a run, such as runs/latest/boots/*.ktrace",
                "{error}"
            )
        })?;
        if let Some(row) = &self.stitch {
            return self.stitch(&trace, row);
        }
        let summary = capbench_judge::trace(&trace).into_diagnostic()?;
        match self.format {
            Format::Json => {
                stdout::text(capbench_report::trace_json(&summary).into_diagnostic()?)?;
            }
            Format::Text => stdout::text(Document::trace(&summary).text(look()))?,
        }
        Ok(if summary.findings.is_empty() {
            Exit::Success
        } else {
            Exit::Unusable
        })
    }

    /// One sample in parts. Reads the trace again: the first time kept no records.
    fn stitch(&self, trace: &Trace, row: &str) -> Result<Exit> {
        let frames = load::open(&self.trace).into_diagnostic()?;
        let stitched = stitch(trace, frames, row, self.sample).map_err(refused)?;
        match self.format {
            Format::Json => print_json(&stitched)?,
            Format::Text => stdout::text(Document::sample(&stitched).text(look()))?,
        }
        Ok(Exit::Success)
    }
}

/// Why a sample is not shown, and what to do about it.
fn refused(error: StitchError) -> Report {
    let help = match &error {
        StitchError::NoRow { .. } => "name one of its rows",
        StitchError::NoSegments { .. } => {
            "pass a trace of the segments variant, such as runs/latest/boots/*-segments-1.ktrace; \
             capbench run --variant segments makes one"
        }
        StitchError::NoSamples { .. } | StitchError::NoSample { .. } => {
            "capbench inspect without --stitch counts the samples of every row"
        }
        StitchError::Incomplete { .. } | StitchError::Overlapping { .. } => {
            "capbench inspect without --stitch names what is wrong with the trace"
        }
        StitchError::SeveralProcessors => "stitch a row that runs on one processor",
        StitchError::TooLong => "stitch a row with a smaller batch",
        StitchError::Io(_) => "check the file",
    };
    miette!(code = "capbench::inspect::stitch", help = help, "{error}")
}
