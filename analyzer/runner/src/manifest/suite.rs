//! A named selection of benchmarks.

use serde::{Deserialize, Serialize};

/// Benchmarks that are reported together. Each also runs alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// The name, equal to the file's.
    pub name: String,
    /// What the suite answers, in one sentence.
    pub intent: String,
    /// Benchmark names, in report order.
    pub benchmarks: Vec<String>,
}
