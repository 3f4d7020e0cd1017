//! A run's results as one document.

use crate::comparison::Comparison;
use crate::context::ContextRow;
use crate::digest::Digest;
use crate::name::BenchmarkName;
use crate::outcome::Outcome;
use crate::words::{Label, Mode, Status};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Name and version of the shape.
pub const SCHEMA: &str = "capbench.results/1";

/// A run and all its results.
#[derive(Clone, Debug, PartialEq)]
pub struct Results {
    /// What ran.
    pub run: Run,
    /// One per benchmark, guest and system.
    pub results: Vec<BenchmarkResult>,
    /// Rows of this run that mappings put side by side.
    pub comparisons: Vec<Comparison>,
    /// Numbers from outside the envelope, beside the rows.
    pub context: Vec<ContextRow>,
}

/// What ran. The whole record is run.json; this is what a reader of results needs
/// to place them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Run {
    /// Names the run directory.
    pub id: String,
    /// The suite or benchmark asked for.
    pub suite: String,
    /// The source of the guests' clocks.
    pub mode: Mode,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// Name and version of the program that ran it.
    pub tool: String,
    /// Commit of the source tree; `unknown` where git does not say.
    pub commit: String,
    /// Whether the tree had changes that the commit does not hold, or may have had
    /// where the commit is unknown.
    pub dirty: bool,
    /// Measured boots per guest.
    pub boots: u32,
    /// Everything outside the guest image that can change a number.
    pub envelope: Envelope,
    /// The guests of its rows; none in older documents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guests: Vec<Guest>,
}

/// A guest, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Guest {
    /// The name in results.
    pub name: String,
    /// The name in headings.
    pub title: String,
    /// What a reader of its numbers must know, in sentences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caution: Option<String>,
}

impl Run {
    /// The name of a guest in headings.
    pub fn title_of<'a>(&'a self, guest: &'a str) -> &'a str {
        let known = self.guests.iter().find(|known| known.name == guest);
        known.map_or(guest, |known| &known.title)
    }

    /// What a reader must know of the guests' numbers.
    pub fn cautions(&self) -> impl Iterator<Item = &str> {
        self.guests
            .iter()
            .filter_map(|guest| guest.caution.as_deref())
    }

    /// Whether it says what the sources are, apart from changes. Older documents have
    /// no word for it that it does not.
    pub fn has_commit(&self) -> bool {
        !["", "unknown"].contains(&self.commit.as_str())
    }
}

/// Everything outside the guest image that can change a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Envelope {
    /// Hash of its canonical form.
    pub hash: Digest,
    /// One line for people.
    pub description: String,
}

/// One benchmark on one guest.
#[derive(Clone, Debug, PartialEq)]
pub struct BenchmarkResult {
    /// The run it belongs to.
    pub run_id: String,
    /// The benchmark and its parameters: `ring/nop/16`.
    pub benchmark_name: BenchmarkName,
    /// Tier of the benchmark.
    pub tier: u16,
    /// The verifier that had to accept the output, with its version.
    pub correctness_id: String,
    /// Hash of what must be equal for two results to be one series.
    pub config_hash: Digest,
    /// Hash of what was captured; absent when nothing was.
    pub artifact_hash: Option<Digest>,
    /// Free text.
    pub notes: String,
    /// The operating system under test.
    pub guest: String,
    /// What it booted: its programs and the parameters of its kernel.
    pub system: String,
    /// The source of its clock.
    pub mode: Mode,
    /// The authority the program was declared to hold.
    pub authority_profile: String,
    /// Notes to read before its number.
    pub labels: Vec<Label>,
    /// Boots of its guest and system that took place for it, repeated ones included,
    /// audits not; 0 in documents that are older than the field, and where there were
    /// none.
    pub attempts: u32,
    /// How it ended.
    pub outcome: Outcome,
}

/// Parts of a document that cannot all be true.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", crate::brief(.0))]
pub struct Contradiction(pub(crate) String);

pub(crate) fn require(holds: bool, law: &str) -> Result<(), Contradiction> {
    if holds {
        Ok(())
    } else {
        Err(Contradiction(format!("contradicts the law that {law}")))
    }
}

pub(crate) fn finite(what: &str, value: f64) -> Result<(), Contradiction> {
    if value.is_finite() {
        Ok(())
    } else {
        Err(Contradiction(format!("{what} {value} is no number")))
    }
}

impl BenchmarkResult {
    /// The status it is stored under.
    pub const fn status(&self) -> Status {
        self.outcome.status()
    }

    /// Its labels in one line; empty without any.
    pub fn labels_in_words(&self) -> String {
        let words: Vec<&str> = self.labels.iter().map(|label| label.as_str()).collect();
        words.join(", ")
    }

    /// Checks what no reader should have to take on trust.
    pub fn check(&self) -> Result<(), Contradiction> {
        let Outcome::Passed(measurement) = &self.outcome else {
            return Ok(());
        };
        measurement
            .check()
            .and_then(|()| {
                require(
                    self.artifact_hash.is_some(),
                    "a measurement has its artifacts",
                )
            })
            .and_then(|()| {
                require(
                    measurement.unit.belongs_to(self.mode),
                    "a unit belongs to its mode",
                )
            })
            .map_err(|Contradiction(law)| {
                Contradiction(format!(
                    "result `{}` on {}: {law}",
                    self.benchmark_name, self.guest
                ))
            })
    }
}

impl Results {
    /// Checks what no reader should have to take on trust. Every reader and
    /// writer of this crate calls it.
    pub fn check(&self) -> Result<(), Contradiction> {
        self.results.iter().try_for_each(|result| {
            result.check()?;
            require(
                result.run_id == self.run.id && result.mode == self.run.mode,
                "results belong to the run that lists them",
            )
        })?;
        self.comparisons
            .iter()
            .try_for_each(|comparison| comparison.check(&self.results))?;
        self.context.iter().try_for_each(ContextRow::check)
    }

    /// Whether every benchmark that could run also passed. What is unsupported or
    /// not applicable is an answer, not a failure.
    pub fn all_usable(&self) -> bool {
        !self
            .results
            .iter()
            .any(|r| matches!(r.status(), Status::Failed | Status::Invalid))
    }
}
