//! A named selection of benchmarks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Benchmarks that are reported together. Each also runs alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// The name, equal to the file's.
    pub name: String,
    /// The question that the suite answers, in one sentence.
    pub intent: String,
    /// Benchmark names, in report order.
    pub benchmarks: Vec<String>,
    /// Systems that a guest's benchmarks run on, each on all of them, in place of
    /// the one that its definition names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub systems: BTreeMap<String, Vec<String>>,
}
