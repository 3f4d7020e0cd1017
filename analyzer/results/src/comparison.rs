//! Two rows of one run, side by side.

use crate::document::{BenchmarkResult, Contradiction, finite, require};
use crate::measurement::{Headline, HeadlineKind};
use crate::name::{BenchmarkName, Parameter};
use crate::outcome::Refusal;
use crate::reason::NoRatioReason;
use crate::words::Unit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Two rows of one run, hence of one mode and one envelope, that a mapping puts
/// side by side. There is a ratio only where both rows have a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The numerator.
    pub numerator: RowName,
    /// The denominator.
    pub denominator: RowName,
    /// The differences between the two, as the mapping declares them.
    pub difference: String,
    /// The ratio, or why there is none.
    pub outcome: ComparisonOutcome,
}

/// What names a row within a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "FlatName", into = "FlatName")]
pub struct RowName {
    /// The result's benchmark and parameters.
    pub benchmark_name: BenchmarkName,
    /// The operating system under test.
    pub guest: String,
    /// The system that it booted.
    pub system: String,
}

/// The name of a row as JSON spells it.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "RowName")]
struct FlatName {
    /// Benchmark and parameters, joined.
    benchmark_name: String,
    /// The benchmark; absent in older documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    benchmark: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    parameters: Vec<Parameter>,
    /// The operating system under test.
    guest: String,
    /// The system that it booted.
    system: String,
}

impl From<RowName> for FlatName {
    fn from(name: RowName) -> Self {
        Self {
            benchmark_name: name.benchmark_name.to_string(),
            benchmark: Some(name.benchmark_name.benchmark().to_owned()),
            parameters: name.benchmark_name.parameters().to_vec(),
            guest: name.guest,
            system: name.system,
        }
    }
}

impl TryFrom<FlatName> for RowName {
    type Error = Contradiction;

    fn try_from(flat: FlatName) -> Result<Self, Contradiction> {
        let FlatName {
            benchmark_name,
            benchmark,
            parameters,
            guest,
            system,
        } = flat;
        Ok(Self {
            benchmark_name: BenchmarkName::stored(benchmark_name, benchmark, parameters)?,
            guest,
            system,
        })
    }
}

/// The outcome of comparing two rows.
#[derive(Clone, Debug, PartialEq)]
pub enum ComparisonOutcome {
    /// Both have a value, in one unit.
    Ratio(Ratio),
    /// They cannot be divided.
    None(Refusal<NoRatioReason>),
}

/// A ratio of two rows' headlines. In exact mode a ratio of instructions, not of time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ratio {
    /// Numerator divided by denominator.
    pub value: f64,
    /// Unit of both.
    pub unit: Unit,
    /// The numerator's headline.
    pub numerator: f64,
    /// The denominator's headline.
    pub denominator: f64,
    /// Which headline the numerator is.
    #[serde(default, skip_serializing_if = "HeadlineKind::is_median")]
    pub numerator_headline: HeadlineKind,
    /// Which headline the denominator is.
    #[serde(default, skip_serializing_if = "HeadlineKind::is_median")]
    pub denominator_headline: HeadlineKind,
}

impl RowName {
    /// The name of this row.
    pub fn of(result: &BenchmarkResult) -> Self {
        Self {
            benchmark_name: result.benchmark_name.clone(),
            guest: result.guest.clone(),
            system: result.system.clone(),
        }
    }
}

impl Comparison {
    /// Checks it against the rows of its run.
    pub(crate) fn check(&self, results: &[BenchmarkResult]) -> Result<(), Contradiction> {
        let find = |name: &RowName| results.iter().find(|result| RowName::of(result) == *name);
        let (Some(numerator), Some(denominator)) = (find(&self.numerator), find(&self.denominator))
        else {
            return require(false, "a comparison is of two rows of its run");
        };
        let measurements = (
            numerator.outcome.measurement(),
            denominator.outcome.measurement(),
        );
        let ComparisonOutcome::Ratio(ratio) = &self.outcome else {
            return Ok(());
        };
        let (Some(numerator), Some(denominator)) = measurements else {
            return require(false, "a ratio is of two rows that passed");
        };
        require(
            ratio.unit == numerator.unit && ratio.unit == denominator.unit,
            "a ratio is of two rows in one unit",
        )?;
        let of = |value, kind| Headline { kind, value };
        require(
            of(ratio.numerator, ratio.numerator_headline) == numerator.headline()
                && of(ratio.denominator, ratio.denominator_headline) == denominator.headline(),
            "a ratio is of its rows' headlines",
        )?;
        finite("ratio", ratio.value)?;
        require(
            ratio.value == ratio.numerator / ratio.denominator,
            "a ratio is its numerator divided by its denominator",
        )
    }
}
