//! The words for what became of a row.

use crate::words::words;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

words! {
    /// What became of a row.
    "verdict" Verdict {
        /// The value is better.
        Improved = "improved",
        /// The value is the same, or as near as its floor.
        Unchanged = "unchanged",
        /// The value is worse.
        Regressed = "regressed",
        /// The values do not say, and the reason does.
        Inconclusive = "inconclusive",
        /// The values are not of one series.
        Incomparable = "incomparable",
        /// A value is missing.
        Refused = "refused",
    }
}

words! {
    /// Why a comparison is inconclusive.
    "reason" Why {
        /// The window idles: the virtual clock goes on with it.
        Idles = "idles",
        /// The boots of the two sides did not take turns: what the host did meanwhile
        /// is part of the difference.
        NotInterleaved = "notInterleaved",
        /// Only one side has two modes, and no mean beside them.
        Modes = "modes",
    }
}

/// The reason for an inconclusive verdict, and the way out of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Undecided {
    /// The rule, for machines.
    pub reason: Why,
    /// What would settle it, for people.
    pub detail: String,
}
