//! Where a dispatch spends itself.

use crate::document::{Contradiction, finite, require};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The segments of a benchmark's dispatches, from boots with all probes compiled
/// in. Describes a path; never a headline number. In the measurement's unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Breakdown {
    /// The traces it was made from, relative to the run directory.
    pub traces: Vec<String>,
    /// Dispatches whose tree is complete.
    pub dispatches: u64,
    /// Dispatches left out of self times because their tree is not.
    pub incomplete: u64,
    /// The benchmark's median with all probes compiled in.
    pub traced_median: Option<f64>,
    /// What full tracing adds to one operation: the traced median minus the
    /// measurement's.
    pub tracing_effect: Option<f64>,
    /// A span's corrected self time is at most this far from its true one.
    pub self_bound: Option<f64>,
    /// The segments, parents before their children.
    pub segments: Vec<SegmentSummary>,
}

/// One segment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SegmentSummary {
    /// Its name in the guest's segment table.
    pub name: String,
    /// The segment it was found inside of; empty outside of all.
    pub parent: String,
    /// How often it was recorded.
    pub count: u64,
    /// Median duration.
    pub median: f64,
    /// 95th percentile of the duration, if the count supports one.
    pub p95: Option<f64>,
    /// Longest duration.
    pub max: u64,
    /// Its self time as a part of all dispatches' time; absent outside a dispatch.
    pub share: Option<f64>,
    /// Median of duration minus children, as recorded.
    pub self_raw: Option<f64>,
    /// Median of the same with the probes' own cost taken out.
    pub self_corrected: Option<f64>,
    /// The median or the percentile lies above 65535 and is known to 0.1 % only.
    pub bucketed: bool,
}

impl Breakdown {
    /// Checks what no reader should have to take on trust.
    pub fn check(&self) -> Result<(), Contradiction> {
        for value in [self.traced_median, self.self_bound].into_iter().flatten() {
            finite("breakdown", value)?;
        }
        for segment in &self.segments {
            finite("segment median", segment.median)?;
            for value in [segment.p95, segment.self_raw, segment.self_corrected] {
                value.map_or(Ok(()), |value| finite("segment statistic", value))?;
            }
            let share = segment.share.unwrap_or(0.0);
            require((0.0..=1.0).contains(&share), "a share lies between 0 and 1")?;
        }
        Ok(())
    }
}
