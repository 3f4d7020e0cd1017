//! A row in what a comparison needs of it, wherever it comes from.

use capbench_results::change::Side;
use capbench_results::{
    BenchmarkResult, Breakdown, Headline, HeadlineKind, Results, RowName, Status, Unit,
};

/// A side with its rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// What it is.
    pub side: Side,
    /// Its rows, in its own order.
    pub readings: Vec<Reading>,
}

/// A row.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Its name.
    pub row: RowName,
    /// What must be equal on both sides.
    pub identity: Identity,
    /// The value, or status and reason of a row without one.
    pub value: Result<Value, (Status, String)>,
}

/// What must be equal for two values to be compared: names, in order, with what each
/// is on this side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity(pub Vec<(&'static str, String)>);

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// Unit of every number.
    pub unit: Unit,
    /// Which direction is an improvement.
    pub lower_is_better: bool,
    /// The number that stands for the row.
    pub headline: Headline,
    /// Its mean per operation, where that is known.
    pub mean: Option<f64>,
    /// Where a dispatch spends itself, where that was recorded.
    pub breakdown: Option<Breakdown>,
}

impl Source {
    /// A run, as it is named.
    pub fn of_run(source: impl Into<String>, results: &Results) -> Self {
        let run = &results.run;
        let reading = |result: &BenchmarkResult| Reading {
            row: RowName::of(result),
            identity: Identity(vec![
                ("definition", result.config_hash.to_string()),
                ("mode", result.mode.to_string()),
                ("authority", result.authority_profile.clone()),
                ("envelope", run.envelope.hash.to_string()),
            ]),
            value: value(result),
        };
        Self {
            side: Side::of_run(source, results),
            readings: results.results.iter().map(reading).collect(),
        }
    }
}

fn value(result: &BenchmarkResult) -> Result<Value, (Status, String)> {
    if let Some((reason, _, _)) = result.outcome.refusal() {
        return Err((result.status(), reason.to_owned()));
    }
    let measurement = result.outcome.measurement();
    let measurement = measurement.ok_or_else(|| (result.status(), String::new()))?;
    Ok(Value {
        unit: measurement.unit,
        lower_is_better: measurement.lower_is_better,
        headline: measurement.headline(),
        mean: measurement.mean,
        breakdown: measurement.breakdown.clone(),
    })
}

impl Value {
    /// The number of this kind, where it is known.
    pub(crate) fn of(&self, kind: HeadlineKind) -> Option<f64> {
        match kind {
            _ if self.headline.kind == kind => Some(self.headline.value),
            HeadlineKind::Mean => self.mean,
            // A row with two modes has no robust median.
            HeadlineKind::Median => None,
        }
    }
}
