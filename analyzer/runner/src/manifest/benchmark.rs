//! A benchmark definition: everything that decides what a number means.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::hash;
use capbench_results::{BenchmarkName, Digest, MispricedKind};

/// One benchmark. It yields one result per guest and batch size.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Benchmark {
    /// The name, equal to the file's path below `benchmarks/`.
    pub name: String,
    /// The proposal's tier, 0 to 4.
    pub tier: u8,
    /// The measured operation and the reason to measure it, in one or two sentences.
    pub intent: String,
    /// What the guest's clock counted; the mode decides the published name.
    pub unit: String,
    /// Whether a smaller value is the better one.
    pub lower_is_better: bool,
    /// Whether a window may idle, so that exact mode counts virtual time.
    #[serde(default)]
    pub window_idles: bool,
    /// Operations submitted at once; one result each.
    pub batches: Vec<u32>,
    /// Batches run inside the window before the first measured one.
    pub warmup: u32,
    /// Batches measured per boot.
    pub samples: u32,
    /// Boots by default. Replication, not definition: outside the hash.
    pub boots: u32,
    /// The most records a window can commit.
    pub record_bound: RecordBound,
    /// How the program checks that it measured the operation it names.
    pub verifier: Verifier,
    /// What may differ between two correct outputs; empty means nothing.
    #[serde(default)]
    pub allowed_nondeterminism: Vec<String>,
    /// The authority profile of the program.
    pub authority: String,
    /// Subsystems a guest must declare, else the result is `unsupported`.
    #[serde(default)]
    pub requires: Vec<String>,
    /// Smokes of tier 0 that must pass in the same run, or the value is not kept. They
    /// say whether it may be believed, not what it means: outside the hash, so that asking for one more proof ends no series.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub smokes: Vec<String>,
    /// Version of the rules that turn the stream into this benchmark's values.
    pub parser: u32,
    /// Input data, where there is any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corpus: Option<Corpus>,
    /// How each guest does it.
    pub guests: BTreeMap<String, GuestMechanism>,
}

/// The mechanism one guest uses, and how it differs in meaning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuestMechanism {
    /// The system that boots it.
    pub system: String,
    /// The program of that system which performs it.
    pub program: String,
    /// The program's name for the operation.
    pub operation: String,
    /// Submissions of one operation, by all processes together, that the kernel begins
    /// to serve inside the timed interval: what its probes are held against. One where
    /// it is left out, so that what was always without keeps its hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub submissions: Option<u32>,
    /// The mechanism in words.
    pub mechanism: String,
    /// What a reader must know before comparing this guest with another.
    pub difference: String,
    /// What its window holds that exact mode misprices. Says how to read a value,
    /// not what it is: outside the hash.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mispriced: Vec<MispricedKind>,
}

/// The most records a window commits: a constant part, one per submission
/// and one per operation in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordBound {
    /// Records of opening and closing the window.
    pub per_window: u32,
    /// Records each submission may commit, whatever its size.
    pub per_batch: u32,
    /// Records each operation may commit.
    pub per_operation: u32,
}

/// The program's check of every completion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verifier {
    /// The kind of oracle; `completions` compares every completion entry,
    /// `operations` what every operation returned and did.
    pub kind: String,
    /// What is compared, such as `result` and `order`; never empty.
    pub checks: Vec<String>,
    /// What the guest's console must show, `{row}` standing for the row's name. Left
    /// out where there is none, so that what was always without keeps its hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcript: Option<String>,
}

/// Input data pinned by its hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Corpus {
    /// Its name.
    pub name: String,
    /// SHA-256 of its bytes.
    pub sha256: Digest,
}

impl Benchmark {
    /// The hash that is part of the series: everything but how often it is
    /// repeated and what is proven besides.
    pub fn definition_hash(&self) -> Digest {
        let mut meaning = Self {
            boots: 0,
            smokes: Vec::new(),
            ..self.clone()
        };
        for mechanism in meaning.guests.values_mut() {
            mechanism.mispriced.clear();
        }
        hash::of_canonical(&meaning)
    }

    /// The result name of one batch size.
    pub fn row_name(&self, batch: u32) -> BenchmarkName {
        BenchmarkName::in_batches(self.name.as_str(), batch)
    }

    /// The most records one window of this batch size can commit, warm-up
    /// included, or none if that is more than any ring could hold.
    pub fn window_record_bound(&self, batch: u32) -> Option<u32> {
        self.record_bound_of(batch, self.warmup.checked_add(self.samples)?)
    }

    /// The same for a window of another number of batches.
    pub fn record_bound_of(&self, batch: u32, batches: u32) -> Option<u32> {
        let per_batch = batch
            .checked_mul(self.record_bound.per_operation)?
            .checked_add(self.record_bound.per_batch)?;
        batches
            .checked_mul(per_batch)?
            .checked_add(self.record_bound.per_window)
    }

    /// What `correctnessId` says in a result.
    pub fn correctness_id(&self) -> String {
        format!("{}:{}", self.verifier.kind, self.verifier.checks.join("+"))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::manifest::SourceFile;

    pub(crate) const NOP: &str = r#"
name = "ring/nop"
tier = 1
intent = "x"
unit = "tsc_ticks"
lower_is_better = true
batches = [1, 16]
warmup = 4
samples = 10
boots = 5
record_bound = { per_window = 64, per_batch = 8, per_operation = 12 }
verifier = { kind = "completions", checks = ["result"] }
authority = "ring-measure"
parser = 1

[guests.capos]
system = "ring"
program = "ring-nop"
operation = "nop"
mechanism = "m"
difference = "d"
"#;

    fn parse(text: &str) -> Benchmark {
        SourceFile::from_text("nop.toml", text).parse().unwrap()
    }

    #[test]
    fn the_hash_ignores_layout_repetition_and_smokes_but_not_meaning() {
        let plain = parse(NOP);
        let reordered = NOP.replace("tier = 1\n", "");
        let reordered =
            format!("# comment\ntier   =   1\nsmokes = [\"tier0/boot\"]\n{reordered}\n");
        let more_boots = reordered.replace("boots = 5", "boots = 9");
        assert_eq!(
            plain.definition_hash(),
            parse(&more_boots).definition_hash()
        );
        let warmer = parse(&NOP.replace("warmup = 4", "warmup = 5"));
        assert_ne!(plain.definition_hash(), warmer.definition_hash());
    }

    #[test]
    fn the_record_bound_covers_warmup_and_overflow_is_no_bound() {
        let nop = parse(NOP);
        assert_eq!(nop.window_record_bound(16), Some(64 + 14 * (8 + 16 * 12)));
        let huge = Benchmark {
            samples: u32::MAX,
            ..nop
        };
        assert_eq!(huge.window_record_bound(1), None);
    }
}
