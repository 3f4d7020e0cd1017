//! Two values of one series.

use super::{SegmentChange, Undecided, Verdict};
use crate::document::{Contradiction, finite, require};
use crate::measurement::HeadlineKind;
use crate::words::Unit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Two values of one series, their difference, and where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Compared {
    /// Unit of both.
    pub unit: Unit,
    /// Which direction is an improvement.
    pub lower_is_better: bool,
    /// What both are.
    #[serde(default, skip_serializing_if = "HeadlineKind::is_median")]
    pub headline: HeadlineKind,
    /// Before.
    pub base: f64,
    /// After.
    pub head: f64,
    /// After minus before.
    pub difference: f64,
    /// How far semantically neutral changes of base move the value; absent where nobody
    /// measured it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<f64>,
    /// What became of the value.
    pub verdict: Verdict,
    /// Why no other verdict is possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undecided: Option<Undecided>,
    /// What a gate allows; absent outside of gates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
    /// The same difference in the builds with all probes, which the segments are of:
    /// another image, and so not to the last instruction the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traced_difference: Option<f64>,
    /// Segments that moved, parents before their children.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<SegmentChange>,
}

/// What a gate allows a value to become.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// The worst value that passes.
    pub worst: f64,
    /// Whether head is worse than that.
    pub exceeded: bool,
}

impl Compared {
    /// Two medians of which a lower one is better, and nothing else said of them yet.
    pub fn new(unit: Unit, base: f64, head: f64) -> Self {
        Self {
            unit,
            lower_is_better: true,
            headline: HeadlineKind::Median,
            base,
            head,
            difference: head - base,
            floor: None,
            verdict: Verdict::Unchanged,
            undecided: None,
            limit: None,
            traced_difference: None,
            segments: Vec::new(),
        }
    }

    /// The difference as a part of base; none where base is zero.
    pub fn relative(&self) -> Option<f64> {
        (self.base != 0.0).then(|| self.difference / self.base.abs())
    }

    /// How much worse head is, in the unit; negative where it is better.
    pub fn loss(&self) -> f64 {
        match self.lower_is_better {
            true => self.difference,
            false => -self.difference,
        }
    }

    /// The segment that moved furthest the way the value did.
    pub fn foremost(&self) -> Option<&SegmentChange> {
        let same_way = self.segments.iter().filter(|segment| {
            segment.difference.is_sign_positive() == self.difference.is_sign_positive()
        });
        same_way.max_by(|a, b| a.difference.abs().total_cmp(&b.difference.abs()))
    }

    pub(super) fn check(&self) -> Result<(), Contradiction> {
        finite("base", self.base)?;
        finite("head", self.head)?;
        require(
            self.difference == self.head - self.base,
            "a difference is head minus base",
        )?;
        require(
            self.floor
                .is_none_or(|floor| floor.is_finite() && floor >= 0.0),
            "a floor is a distance",
        )?;
        require(
            self.undecided.is_some() == (self.verdict == Verdict::Inconclusive),
            "what is inconclusive has its reason, and nothing else has",
        )?;
        let loss = self.loss();
        require(
            match self.verdict {
                Verdict::Regressed => loss > 0.0,
                Verdict::Improved => loss < 0.0,
                Verdict::Unchanged | Verdict::Inconclusive => true,
                Verdict::Incomparable | Verdict::Refused => false,
            },
            "a verdict agrees with its numbers",
        )?;
        if let Some(limit) = self.limit {
            finite("limit", limit.worst)?;
        }
        self.segments.iter().try_for_each(SegmentChange::check)
    }
}
