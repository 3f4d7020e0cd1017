//! A trace without a run: no row, no declared authority and no other boot to hold it
//! against.

use capbench_frames::figures::Figures;
use capbench_frames::summary::{FindingSummary, TraceSummary};
use capbench_frames::trace::Trace;
use capbench_results::RowName;
use polars::error::PolarsError;

use crate::instruments::{BootFigures, Instruments};
use crate::rule::{Expectation, check};

/// What a trace says, with the findings of every rule that one trace is enough for.
///
/// # Errors
///
/// A join fails, which is a fault of ours.
pub fn trace(trace: &Trace) -> Result<TraceSummary, PolarsError> {
    let instruments = Instruments::join(&[BootFigures {
        guest: String::new(),
        system: String::new(),
        figures: Figures::of(trace),
    }])?;
    let mut findings = check(trace, &Expectation::default());
    findings.extend(instruments.disagreements()?);
    let findings = findings.iter().map(FindingSummary::from).collect();
    let mut summary = TraceSummary::new(trace, findings);
    for window in &mut summary.windows {
        let name = RowName {
            benchmark_name: window.benchmark.as_str().into(),
            guest: String::new(),
            system: String::new(),
        };
        window.instruments = instruments.agreements(&name)?;
    }
    Ok(summary)
}
