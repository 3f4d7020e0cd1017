//! A run beside another, and what may be said of the difference.
//!
//! Promises that a difference exists only between two values that may be compared: the
//! branch that holds it holds both. Every verdict is a word of a closed vocabulary, and
//! one that is not firm has its reason. The shape is version 1.

mod compared;
mod floors;
mod segment;
mod side;
mod verdict;

pub use compared::{Compared, Limit};
pub use floors::{FLOORS_SCHEMA, Floor, Floors};
pub use segment::{SegmentChange, SegmentSide};
pub use side::{RunSide, Side, Subject, TraceSide};
pub use verdict::{Undecided, Verdict, Why};

use crate::comparison::RowName;
use crate::document::{Contradiction, require};
use crate::words::Status;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Name and version of the shape.
pub const CHANGE_SCHEMA: &str = "capbench.change/1";

/// A run, a trace or a stored run against another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Change {
    /// Name and version of this shape.
    #[schemars(extend("const" = CHANGE_SCHEMA))]
    schema: String,
    /// Before.
    pub base: Side,
    /// After.
    pub head: Side,
    /// Rows that both sides have, in the order of base.
    pub rows: Vec<RowChange>,
    /// Rows of base that head has not.
    pub vanished: Vec<RowName>,
    /// Rows of head that base has not.
    pub appeared: Vec<RowName>,
}

/// A row on both sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RowChange {
    /// Its name.
    pub row: RowName,
    /// What may be said of it.
    pub outcome: ChangeOutcome,
}

/// What may be said of a row that both sides have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ChangeOutcome {
    /// Both values, and what became of the one.
    Compared(Box<Compared>),
    /// Two values that are not of one series, with everything that differs.
    Incomparable(Vec<Differing>),
    /// A side has no value although the other has, or its value was refused.
    Refused(Vec<WithoutValue>),
    /// Neither side can have a value, for what a guest or a host lacks.
    Unmeasured(Vec<WithoutValue>),
}

/// One thing that must be equal within a series, and is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Differing {
    /// Its name, such as `definition`.
    pub what: String,
    /// On the one side.
    pub base: String,
    /// On the other.
    pub head: String,
}

/// A side of a row without a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WithoutValue {
    /// `base` or `head`.
    pub side: String,
    /// How the row ended there.
    pub status: Status,
    /// The reason, in the vocabulary of the status.
    pub reason: String,
}

impl RowChange {
    /// The verdict; none where there was nothing to measure on either side.
    pub fn verdict(&self) -> Option<Verdict> {
        match &self.outcome {
            ChangeOutcome::Compared(compared) => Some(compared.verdict),
            ChangeOutcome::Incomparable(_) => Some(Verdict::Incomparable),
            ChangeOutcome::Refused(_) => Some(Verdict::Refused),
            ChangeOutcome::Unmeasured(_) => None,
        }
    }

    /// The values, where they may be compared.
    pub fn compared(&self) -> Option<&Compared> {
        match &self.outcome {
            ChangeOutcome::Compared(compared) => Some(compared),
            _ => None,
        }
    }
}

impl Change {
    /// A change of these sides, without rows.
    pub fn new(base: Side, head: Side) -> Self {
        Self {
            schema: CHANGE_SCHEMA.to_owned(),
            base,
            head,
            rows: Vec::new(),
            vanished: Vec::new(),
            appeared: Vec::new(),
        }
    }

    /// Rows with this verdict.
    pub fn with(&self, verdict: Verdict) -> impl Iterator<Item = &RowChange> {
        let rows = self.rows.iter();
        rows.filter(move |row| row.verdict() == Some(verdict))
    }

    /// Whether something that must be compared is not: a row refused, incomparable or
    /// gone, or no row at all.
    pub fn is_refused(&self) -> bool {
        let refuses = |row: &RowChange| {
            matches!(
                row.verdict(),
                Some(Verdict::Refused | Verdict::Incomparable)
            )
        };
        self.rows.is_empty() || !self.vanished.is_empty() || self.rows.iter().any(refuses)
    }

    /// Checks what no reader should have to take on trust.
    ///
    /// # Errors
    ///
    /// The document contradicts itself, or is of another version.
    pub fn check(&self) -> Result<(), Contradiction> {
        if self.schema != CHANGE_SCHEMA {
            return Err(Contradiction(format!(
                "the document is `{}`, this program reads `{CHANGE_SCHEMA}`; use the version \
                 that wrote it",
                self.schema
            )));
        }
        self.rows.iter().try_for_each(|row| match &row.outcome {
            ChangeOutcome::Compared(compared) => compared.check(),
            ChangeOutcome::Incomparable(differing) => {
                require(!differing.is_empty(), "what is incomparable differs")
            }
            ChangeOutcome::Refused(sides) | ChangeOutcome::Unmeasured(sides) => {
                let value = sides.iter().any(|side| side.status == Status::Passed);
                require(
                    !sides.is_empty() && !value,
                    "a side without a value did not pass",
                )
            }
        })
    }

    /// As stored.
    ///
    /// # Errors
    ///
    /// It contradicts itself.
    pub fn to_json(&self) -> Result<String, Contradiction> {
        self.check()?;
        let text = serde_json::to_string_pretty(self);
        text.map(|text| text + "\n")
            .map_err(|error| Contradiction(error.to_string()))
    }

    /// Reads a stored document.
    ///
    /// # Errors
    ///
    /// It is malformed, of another version, or contradicts itself.
    pub fn from_json(text: &str) -> Result<Self, Contradiction> {
        let change: Self =
            serde_json::from_str(text).map_err(|error| Contradiction(error.to_string()))?;
        change.check()?;
        Ok(change)
    }
}

/// The JSON Schema of a comparison. `schema/change.schema.json` is a copy.
pub fn json_schema() -> serde_json::Value {
    schemars::schema_for!(Change).to_value()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Unit;

    fn side(id: &str) -> Side {
        Side {
            source: format!("runs/{id}"),
            subject: Subject::Trace(TraceSide {
                kernel: "toy".into(),
                build_id: id.into(),
                variant: "segments".into(),
            }),
        }
    }

    fn row(outcome: ChangeOutcome) -> RowChange {
        RowChange {
            row: RowName {
                benchmark_name: "ring/nop/1".into(),
                guest: "capos".into(),
                system: "ring".into(),
            },
            outcome,
        }
    }

    fn compared(base: f64, head: f64, verdict: Verdict) -> ChangeOutcome {
        let mut compared = Compared::new(Unit::Instructions, base, head);
        compared.verdict = verdict;
        ChangeOutcome::Compared(Box::new(compared))
    }

    #[test]
    fn what_was_written_is_read() {
        let mut change = Change::new(side("a"), side("b"));
        change
            .rows
            .push(row(compared(363.0, 364.0, Verdict::Regressed)));
        change.vanished.push(change.rows[0].row.clone());
        let text = change.to_json().unwrap();
        assert_eq!(Change::from_json(&text).unwrap(), change);
        let later = text.replace(CHANGE_SCHEMA, "capbench.change/2");
        let error = Change::from_json(&later).unwrap_err().to_string();
        assert!(error.contains("capbench.change/2"), "{error}");
    }

    #[test]
    fn a_verdict_against_its_own_numbers_is_rejected() {
        for (head, verdict) in [
            (362.0, Verdict::Regressed),
            (364.0, Verdict::Improved),
            (364.0, Verdict::Incomparable),
            (364.0, Verdict::Inconclusive),
        ] {
            let mut change = Change::new(side("a"), side("b"));
            change.rows.push(row(compared(363.0, head, verdict)));
            assert!(change.check().is_err(), "{head} {verdict}");
        }
    }

    #[test]
    fn nothing_compared_is_refused() {
        let mut change = Change::new(side("a"), side("b"));
        assert!(change.is_refused());
        change
            .rows
            .push(row(compared(363.0, 363.0, Verdict::Unchanged)));
        assert!(!change.is_refused());
        change.vanished.push(change.rows[0].row.clone());
        assert!(change.is_refused(), "a row is gone");
    }
}
