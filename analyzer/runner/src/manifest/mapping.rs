//! Which benchmarks stand side by side, and what they do not have in common.

use serde::{Deserialize, Serialize};

use super::{Benchmark, Catalogue};

/// The counterparts of one benchmark. Judges nothing and changes no definition: a
/// benchmark's hash does not depend on what it is compared with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The benchmark that is divided, equal to the file's path below `mappings/`.
    pub name: String,
    /// Its counterparts, in report order. Another system seldom has one
    /// mechanism that does just the same, so there may be several.
    pub counterparts: Vec<Counterpart>,
}

/// A benchmark that another is divided by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counterpart {
    /// Its name.
    pub benchmark: String,
    /// Notes to read before the ratio.
    pub difference: String,
    /// Batch sizes side by side, numerator first; without them equal sizes are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub batches: Vec<[u32; 2]>,
}

/// Two rows that stand side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MappedPair<'a> {
    /// The benchmark that is divided.
    pub numerator: &'a str,
    /// Its batch size.
    pub numerator_batch: u32,
    /// The benchmark it is divided by.
    pub denominator: &'a str,
    /// Its batch size.
    pub denominator_batch: u32,
    /// The differences between the two.
    pub difference: &'a str,
}

impl Catalogue {
    /// The pairs of rows that a mapping stands for.
    pub fn pairs<'a>(&'a self, mapping: &'a Mapping) -> Vec<MappedPair<'a>> {
        let numerator = &self.benchmarks[&mapping.name];
        let mut pairs = Vec::new();
        for counterpart in &mapping.counterparts {
            let denominator = &self.benchmarks[&counterpart.benchmark];
            let batches = counterpart.batches_beside(numerator, denominator);
            pairs.extend(batches.into_iter().map(|[above, below]| MappedPair {
                numerator: &mapping.name,
                numerator_batch: above,
                denominator: &counterpart.benchmark,
                denominator_batch: below,
                difference: &counterpart.difference,
            }));
        }
        pairs
    }
}

impl Counterpart {
    /// Pairs of batch sizes, numerator first.
    pub(super) fn batches_beside(
        &self,
        numerator: &Benchmark,
        denominator: &Benchmark,
    ) -> Vec<[u32; 2]> {
        if !self.batches.is_empty() {
            return self.batches.clone();
        }
        let common = numerator.batches.iter().copied();
        common
            .filter(|batch| denominator.batches.contains(batch))
            .map(|batch| [batch, batch])
            .collect()
    }
}
