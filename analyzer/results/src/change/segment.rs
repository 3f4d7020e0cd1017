//! A segment on both sides.

use crate::document::{Contradiction, finite, require};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A segment that moved. In the measurement's unit, per dispatch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SegmentChange {
    /// Its name, after those of the segments it lies in.
    pub path: Vec<String>,
    /// Before; absent where it did not occur.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<SegmentSide>,
    /// After; absent where it does not occur.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<SegmentSide>,
    /// What it adds to a dispatch by itself, without its children: after minus before.
    pub difference: f64,
}

/// A segment on one side.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SegmentSide {
    /// How often a dispatch holds it.
    pub per_dispatch: f64,
    /// Median of its duration without its children: as recorded where both sides have
    /// the same probes, else corrected for what those cost, where that is known.
    pub self_time: f64,
}

impl SegmentSide {
    /// What the segment by itself adds to a dispatch.
    pub fn contribution(&self) -> f64 {
        self.per_dispatch * self.self_time
    }
}

impl SegmentChange {
    /// The segment's own name.
    pub fn name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    pub(super) fn check(&self) -> Result<(), Contradiction> {
        require(!self.path.is_empty(), "a segment has a name")?;
        finite("difference of a segment", self.difference)?;
        require(
            self.base.is_some() || self.head.is_some(),
            "a segment that moved is on a side",
        )?;
        let of = |side: &Option<SegmentSide>| side.as_ref().map_or(0.0, SegmentSide::contribution);
        require(
            self.difference == of(&self.head) - of(&self.base),
            "a segment's difference is head minus base",
        )
    }
}
