//! What a row is called: its benchmark, and the parameters that it was run with.

use crate::document::{Contradiction, require};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Deref;

/// The parameter of every benchmark: operations per batch.
pub const BATCH: &str = "batch";

/// One parameter of a row.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Parameter {
    /// The name, such as `batch`.
    pub name: String,
    /// The value.
    pub value: String,
}

/// A benchmark and its parameters. Programs and people see them joined,
/// `ring/nop/16`, and so does whoever takes it for a string; who needs a part asks for
/// the part.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BenchmarkName {
    benchmark: String,
    parameters: Vec<Parameter>,
    joined: String,
}

impl BenchmarkName {
    /// A benchmark with its parameters, in the order in which they are joined.
    pub fn new(benchmark: impl Into<String>, parameters: Vec<Parameter>) -> Self {
        let benchmark = benchmark.into();
        let mut joined = benchmark.clone();
        for Parameter { value, .. } in &parameters {
            joined.push('/');
            joined.push_str(value);
        }
        Self {
            benchmark,
            parameters,
            joined,
        }
    }

    /// A benchmark in batches of so many operations.
    pub fn in_batches(benchmark: impl Into<String>, operations: u32) -> Self {
        let batch = Parameter {
            name: BATCH.to_owned(),
            value: operations.to_string(),
        };
        Self::new(benchmark, vec![batch])
    }

    /// The benchmark, as its definition is called.
    pub fn benchmark(&self) -> &str {
        &self.benchmark
    }

    /// The parameters, in order.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The value of a parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let mut parameters = self.parameters.iter();
        let found = parameters.find(|parameter| parameter.name == name)?;
        Some(&found.value)
    }

    /// The parameters as `name=value`, with `, ` between them.
    pub fn parameters_in_words(&self) -> String {
        let parameters = self.parameters.iter();
        let words = parameters.map(|parameter| format!("{}={}", parameter.name, parameter.value));
        words.collect::<Vec<_>>().join(", ")
    }

    /// Benchmark and parameters, joined.
    pub fn as_str(&self) -> &str {
        &self.joined
    }

    /// The name as stored: joined, and in parts. Documents that are older than the
    /// parts have none.
    pub(crate) fn stored(
        joined: String,
        benchmark: Option<String>,
        parameters: Vec<Parameter>,
    ) -> Result<Self, Contradiction> {
        let Some(benchmark) = benchmark else {
            require(parameters.is_empty(), "parameters are a benchmark's")?;
            return Ok(joined.into());
        };
        let name = Self::new(benchmark, parameters);
        require(
            name.joined == joined,
            "a row's name is its benchmark with its parameters",
        )?;
        Ok(name)
    }
}

/// A joined name, as streams carry it and documents did before they had the parts. All
/// of those end in the operations of a batch, where they have a parameter at all.
impl From<String> for BenchmarkName {
    fn from(joined: String) -> Self {
        let batch = joined.rsplit_once('/').and_then(|(benchmark, batch)| {
            let operations = batch.parse::<u32>().ok()?;
            // `ring/nop/016` would not be joined to what it was.
            let name = Self::in_batches(benchmark, operations);
            (name.joined == joined).then_some(name)
        });
        batch.unwrap_or_else(|| Self::new(joined, Vec::new()))
    }
}

impl From<&str> for BenchmarkName {
    fn from(joined: &str) -> Self {
        joined.to_owned().into()
    }
}

impl From<&BenchmarkName> for String {
    fn from(name: &BenchmarkName) -> Self {
        name.joined.clone()
    }
}

impl Deref for BenchmarkName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.joined
    }
}

impl AsRef<str> for BenchmarkName {
    fn as_ref(&self) -> &str {
        &self.joined
    }
}

impl fmt::Display for BenchmarkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.joined)
    }
}

impl PartialEq<str> for BenchmarkName {
    fn eq(&self, joined: &str) -> bool {
        self.joined == joined
    }
}

impl PartialEq<&str> for BenchmarkName {
    fn eq(&self, joined: &&str) -> bool {
        self.joined == *joined
    }
}

impl PartialEq<String> for BenchmarkName {
    fn eq(&self, joined: &String) -> bool {
        self.joined == *joined
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_joined_from_its_parts_and_read_back_from_a_stream() {
        let name = BenchmarkName::in_batches("ring/nop", 16);
        assert_eq!(name, "ring/nop/16");
        assert_eq!(BenchmarkName::from("ring/nop/16"), name);
        assert_eq!(name.benchmark(), "ring/nop");
        assert_eq!(name.parameter(BATCH), Some("16"));
        assert_eq!(name.parameter("size"), None);
    }

    #[test]
    fn parameters_are_told_by_name_and_value() {
        let parameter = |name: &str, value: &str| Parameter {
            name: name.into(),
            value: value.into(),
        };
        let parameters = vec![parameter("size", "4k"), parameter(BATCH, "16")];
        let name = BenchmarkName::new("ipc/copy", parameters);
        assert_eq!(name.parameters_in_words(), "size=4k, batch=16");
        assert_eq!(BenchmarkName::from("boot").parameters_in_words(), "");
    }

    #[test]
    fn a_name_without_a_number_at_its_end_is_a_benchmark_without_parameters() {
        for joined in ["", "boot", "ring/nop", "ring/nop/016", "ring/nop/+1"] {
            let name = BenchmarkName::from(joined);
            assert_eq!((name.benchmark(), name.as_str()), (joined, joined));
            assert!(name.parameters().is_empty());
        }
    }

    #[test]
    fn stored_parts_that_do_not_make_the_stored_name_are_rejected() {
        let stored = |joined: &str, benchmark: Option<&str>, value: Option<&str>| {
            let parameter = value.map(|value| Parameter {
                name: BATCH.into(),
                value: value.into(),
            });
            let parameters = parameter.into_iter().collect();
            BenchmarkName::stored(joined.into(), benchmark.map(str::to_owned), parameters)
        };
        assert_eq!(stored("a/b/1", Some("a/b"), Some("1")).unwrap(), "a/b/1");
        assert_eq!(stored("a/b/1", None, None).unwrap().benchmark(), "a/b");
        assert!(stored("a/b/1", Some("a/c"), Some("1")).is_err());
        assert!(stored("a/b/1", Some("a/b"), Some("2")).is_err());
        assert!(stored("a/b/1", Some("a/b"), None).is_err());
        assert!(stored("a/b/1", None, Some("1")).is_err());
    }
}
