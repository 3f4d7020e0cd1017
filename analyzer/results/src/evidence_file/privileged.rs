//! A privileged act that a guest noted.

use super::EvidenceKind;
use serde::{Deserialize, Serialize};

/// A privileged act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PrivilegedAct {
    /// The boot, as its files are named.
    pub boot: String,
    /// When, in nanoseconds of the guest's own clock.
    pub time_ns: u64,
    /// The process that acted or was started.
    pub pid: u32,
    /// Its program, where the stream names it.
    pub program: String,
    /// The act.
    pub event: String,
    /// The subject of the act.
    pub subject: String,
    /// The outcome.
    pub outcome: String,
}

impl EvidenceKind for PrivilegedAct {
    const SCHEMA: &'static str = "capbench.privileged/1";
}
