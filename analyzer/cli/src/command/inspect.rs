//! `capbench inspect`: what one trace says, and what is wrong with it.

use std::path::PathBuf;

use capbench_frames::check::{Expectation, check};
use capbench_frames::figures::Figures;
use capbench_frames::summary::TraceSummary;
use capbench_frames::trace::{Trace, read_file};
use capbench_join::instruments::{BootFigures, Instruments};
use capbench_results::RowName;
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
        let (summary, sound) = summarize(&trace)?;
        match self.format {
            Format::Json => print!(
                "{}",
                capbench_report::trace_json(&summary).into_diagnostic()?
            ),
            Format::Text => print!("{}", capbench_report::trace(&summary, look())),
        }
        Ok(if sound { Exit::Success } else { Exit::Unusable })
    }
}

/// What a trace says, and whether nothing is wrong with it.
pub(super) fn summarize(trace: &Trace) -> Result<(TraceSummary, bool)> {
    let mut findings = check(trace, &Expectation::default());
    let instruments = Instruments::join(&[BootFigures {
        guest: String::new(),
        system: String::new(),
        figures: Figures::of(trace),
    }])
    .into_diagnostic()?;
    findings.extend(instruments.disagreements().into_diagnostic()?);
    let mut summary = TraceSummary::new(trace, &findings);
    for window in &mut summary.windows {
        let name = RowName {
            benchmark_name: window.benchmark.clone(),
            guest: String::new(),
            system: String::new(),
        };
        window.instruments = instruments.agreements(&name).into_diagnostic()?;
    }
    Ok((summary, findings.is_empty()))
}
