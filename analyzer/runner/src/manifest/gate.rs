//! How much worse a benchmark may become before a gate fails.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::check::{Checked, dangling, not_blank, unknown};
use super::{Catalogue, SourceFile};

/// A loss of so many percent of base passes where nothing else is said: what the
/// counts of instructions of unrelated changes have been seen to move by.
const DEFAULT_PERCENT: f64 = 0.5;

/// The limits of one benchmark. They judge values and change no definition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// The benchmark, equal to the file's path below `gates/`.
    pub name: String,
    /// Loss in percent of base that passes.
    #[serde(default = "default_percent")]
    pub percent: f64,
    /// Loss in the row's unit that passes, however small base is.
    #[serde(default)]
    pub absolute: f64,
    /// The worst value that ever passes, whatever base was, by guest and batch size:
    /// many small losses add up.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hard_cap: BTreeMap<String, BTreeMap<String, f64>>,
    /// When the benchmark is too noisy for a gate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<Review>,
}

/// A threshold of noise from which a benchmark is shown and fails nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// In percent of base: the floor in exact mode, else the variation of boots.
    pub above_percent: f64,
    /// Why the benchmark is as noisy as that.
    pub reason: String,
}

fn default_percent() -> f64 {
    DEFAULT_PERCENT
}

impl Gate {
    /// The limits of a benchmark that has no file.
    pub fn default_of(benchmark: &str) -> Self {
        Self {
            name: benchmark.to_owned(),
            percent: DEFAULT_PERCENT,
            absolute: 0.0,
            hard_cap: BTreeMap::new(),
            review: None,
        }
    }

    /// The loss that passes, in the unit of `base`.
    pub fn allowance(&self, base: f64) -> f64 {
        self.absolute.max(base.abs() * self.percent / 100.0)
    }
}

impl Catalogue {
    /// The limits of a benchmark.
    pub fn gate(&self, benchmark: &str) -> Gate {
        let stated = self.gates.get(benchmark).cloned();
        stated.unwrap_or_else(|| Gate::default_of(benchmark))
    }

    pub(super) fn check_gate(&self, source: &SourceFile, gate: &Gate) -> Checked {
        let Some(benchmark) = self.benchmarks.get(&gate.name) else {
            let known = self.benchmarks.keys();
            return Err(dangling(source, &["name"], "benchmark", &gate.name, known));
        };
        not_negative(source, &["percent"], gate.percent)?;
        not_negative(source, &["absolute"], gate.absolute)?;
        for (guest, caps) in &gate.hard_cap {
            let guests = benchmark.guests.keys().map(String::as_str);
            if !benchmark.guests.contains_key(guest) {
                let at = ["hard_cap", guest.as_str()];
                return Err(unknown(
                    source,
                    &at,
                    "guest of the benchmark",
                    guest,
                    guests,
                ));
            }
            for (batch, cap) in caps {
                let at = ["hard_cap", guest.as_str(), batch.as_str()];
                let batches = benchmark.batches.iter().map(u32::to_string);
                let batches: Vec<String> = batches.collect();
                if !batches.contains(batch) {
                    let known = batches.iter().map(String::as_str);
                    return Err(unknown(
                        source,
                        &at,
                        "batch size of the benchmark",
                        batch,
                        known,
                    ));
                }
                not_negative(source, &at, *cap)?;
            }
        }
        let Some(review) = &gate.review else {
            return Ok(());
        };
        not_negative(source, &["review", "above_percent"], review.above_percent)?;
        not_blank(source, &["review", "reason"], &review.reason)
    }
}

fn not_negative(source: &SourceFile, at: &[&str], value: f64) -> Checked {
    match value.is_finite() && value >= 0.0 {
        true => Ok(()),
        false => Err(source.error_in(
            at,
            format!("{value} is no limit"),
            "use zero or a positive number, or remove the line",
        )),
    }
}
