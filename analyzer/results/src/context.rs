//! Numbers from outside the envelope.

use crate::document::{Contradiction, finite, require};
use crate::name::BenchmarkName;
use crate::outcome::Outcome;
use crate::words::Unit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A number that gives a reader a sense of proportion: another machine's, or this
/// host's own. It is no [`crate::BenchmarkResult`], so no ratio can be formed with it.
#[derive(Clone, Debug, PartialEq)]
pub struct ContextRow {
    /// The column it stands in, such as `native host`.
    pub column: String,
    /// The benchmark it is shown with, and its parameters.
    pub benchmark_name: BenchmarkName,
    /// Where it comes from: kernel and processor, or a publication.
    pub source: String,
    /// The number, or why there is none.
    pub outcome: Outcome<ContextValue>,
}

/// What is known of such a number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContextValue {
    /// Its unit.
    pub unit: Unit,
    /// The middle of its samples, per operation.
    pub median: f64,
    /// The smallest, which a busy machine disturbs least.
    pub min: f64,
    /// Number of samples.
    pub n: u64,
}

impl ContextRow {
    pub(crate) fn check(&self) -> Result<(), Contradiction> {
        let Outcome::Passed(value) = &self.outcome else {
            return Ok(());
        };
        finite("context", value.median)?;
        finite("context", value.min)?;
        require(
            value.n > 0 && value.min <= value.median,
            "a context value has samples, the smallest below the middle",
        )
    }
}
