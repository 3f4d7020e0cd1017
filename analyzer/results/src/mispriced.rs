//! What exact mode misprices in a benchmark's window.

use crate::document::{Contradiction, finite, require};
use crate::words::MispricedKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Instructions in the window that exact mode counts as one and hardware does not
/// execute at that price: a ratio with them in one of its rows is biased.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Mispriced {
    /// Which.
    pub kind: MispricedKind,
    /// Executions per operation, where somebody counted.
    pub per_operation: Option<f64>,
    /// Who; absent where nobody did.
    pub counted_by: Option<String>,
}

impl Mispriced {
    pub(crate) fn check(&self) -> Result<(), Contradiction> {
        require(
            self.per_operation.is_some() == self.counted_by.is_some(),
            "a count names who counted",
        )?;
        self.per_operation
            .map_or(Ok(()), |count| finite("count", count))
    }
}
