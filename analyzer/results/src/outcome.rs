//! The five ways a result can end.

use crate::measurement::Measurement;
use crate::reason::{FailureReason, InvalidReason, NotApplicableReason, UnsupportedReason};
use crate::words::Status;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How a benchmark ended on a guest. Only one of the five holds a value: a
/// measurement, or less where less is known.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome<V = Measurement> {
    /// There is a number.
    Passed(V),
    /// The guest did not do its work.
    Failed(Refusal<FailureReason>),
    /// Something it needs does not exist here.
    Unsupported(Refusal<UnsupportedReason>),
    /// Its number must not be believed.
    Invalid(Refusal<InvalidReason>),
    /// The question does not make sense here.
    NotApplicable(Refusal<NotApplicableReason>),
}

impl<V> Outcome<V> {
    /// The status this outcome is stored under.
    pub const fn status(&self) -> Status {
        match self {
            Self::Passed(_) => Status::Passed,
            Self::Failed(_) => Status::Failed,
            Self::Unsupported(_) => Status::Unsupported,
            Self::Invalid(_) => Status::Invalid,
            Self::NotApplicable(_) => Status::NotApplicable,
        }
    }

    /// The measurement, if there is one.
    pub const fn measurement(&self) -> Option<&V> {
        match self {
            Self::Passed(measurement) => Some(measurement),
            _ => None,
        }
    }

    /// Why there is no measurement: the reason's word, the detail, the evidence.
    pub fn refusal(&self) -> Option<(&'static str, &str, &[Evidence])> {
        match self {
            Self::Passed(_) => None,
            Self::Failed(r) => Some((r.reason.as_str(), &r.detail, &r.evidence)),
            Self::Unsupported(r) => Some((r.reason.as_str(), &r.detail, &r.evidence)),
            Self::Invalid(r) => Some((r.reason.as_str(), &r.detail, &r.evidence)),
            Self::NotApplicable(r) => Some((r.reason.as_str(), &r.detail, &r.evidence)),
        }
    }
}

/// Why there is no number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Refusal_{R}")]
pub struct Refusal<R> {
    /// The rule, for machines.
    pub reason: R,
    /// What happened and what is missing, for people.
    pub detail: String,
    /// The observation and its place.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
}

impl<R> Refusal<R> {
    /// A reason and its detail, without evidence.
    pub fn new(reason: R, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
            evidence: Vec::new(),
        }
    }

    /// The same with one more piece of evidence.
    pub fn with(mut self, evidence: Evidence) -> Self {
        self.evidence.push(evidence);
        self
    }
}

/// One observation that a rule objects to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Evidence {
    /// The boot or file it was seen in, relative to the run directory.
    pub source: String,
    /// The subject of the rule.
    pub subject: String,
    /// The rule's demand.
    pub expected: String,
    /// The observed value.
    pub observed: String,
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            source,
            subject,
            expected,
            observed,
        } = self;
        write!(
            f,
            "{source}: {subject}: expected {expected}, observed {observed}"
        )
    }
}
