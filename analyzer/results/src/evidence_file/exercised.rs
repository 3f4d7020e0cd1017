//! What a program did with its authority in one boot.

use super::EvidenceKind;
use serde::{Deserialize, Serialize};

/// One program's authority in one boot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Exercised {
    /// The boot, as its files are named.
    pub boot: String,
    /// The process.
    pub pid: u32,
    /// Its program, where the stream names it.
    pub program: String,
    /// What it used.
    pub used: Vec<Use>,
    /// Denials that it proved.
    pub denials_proven: Vec<String>,
}

/// An interface and how often it was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Use {
    /// Its name, or its id where the guest declared no name.
    pub interface: String,
    /// Calls and operations that reached it.
    pub calls: u64,
}

impl EvidenceKind for Exercised {
    const SCHEMA: &'static str = "capbench.exercised/1";
}
