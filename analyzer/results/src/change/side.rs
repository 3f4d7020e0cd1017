//! What was compared.

use crate::document::Results;
use crate::words::Mode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Side {
    /// As it was named.
    pub source: String,
    /// What it is.
    pub subject: Subject,
}

/// What a side is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Subject {
    /// All boots of an invocation.
    Run(RunSide),
    /// One stream by itself.
    Trace(TraceSide),
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RunSide {
    /// Its name.
    pub id: String,
    /// The suite or benchmark asked for.
    pub suite: String,
    /// The source of the guests' clocks.
    pub mode: Mode,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// Commit of the source tree.
    pub commit: String,
    /// Whether the tree had changes that the commit does not hold.
    pub dirty: bool,
    /// Measured boots per guest.
    pub boots: u32,
    /// What a reader of its numbers must know, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cautions: Vec<String>,
}

/// A trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TraceSide {
    /// Name of the kernel; empty where the stream does not say.
    pub kernel: String,
    /// The kernel's build.
    pub build_id: String,
    /// The probes that it is built with.
    pub variant: String,
}

impl Side {
    /// A run, named so.
    pub fn of_run(source: impl Into<String>, results: &Results) -> Self {
        let run = &results.run;
        Self {
            source: source.into(),
            subject: Subject::Run(RunSide {
                id: run.id.clone(),
                suite: run.suite.clone(),
                mode: run.mode,
                started_at: run.started_at.clone(),
                commit: run.commit.clone(),
                dirty: run.dirty,
                boots: run.boots,
                cautions: run.cautions().map(str::to_owned).collect(),
            }),
        }
    }
}
