//! `capbench inspect`: what one trace says, and what is wrong with it.

use std::path::PathBuf;

use capbench_frames::check::{Expectation, check};
use capbench_frames::summary::TraceSummary;
use capbench_frames::trace::read_file;
use clap::Args;
use miette::{IntoDiagnostic, Result, miette};

use super::{Format, look};
use crate::exit::Exit;

#[derive(Args)]
pub struct Inspect {
    /// A `.ktrace` or a raw stream
    trace: PathBuf,

    /// How to print
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
        let findings = check(&trace, &Expectation::default());
        let summary = TraceSummary::new(&trace, &findings);
        match self.format {
            Format::Json => print!(
                "{}",
                capbench_report::trace_json(&summary).into_diagnostic()?
            ),
            Format::Text => print!("{}", capbench_report::trace(&summary, look())),
        }
        Ok(if findings.is_empty() {
            Exit::Success
        } else {
            Exit::Unusable
        })
    }
}
