//! A repetition held against its original.
//!
//! In exact mode the same sources under the same envelope give the same numbers,
//! to the last bit; anything else is a finding. In other modes boots differ by
//! nature, and whether they differ too much is a question for statistics, which
//! this module leaves alone: there it compares only how rows ended.

use capbench_results::{BenchmarkResult, Mode, Outcome, Results, RowName};
use serde::Serialize;

/// What a repetition showed.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Replayed {
    /// The original.
    pub original: String,
    /// The repetition.
    pub again: String,
    /// Whether nothing differs.
    pub identical: bool,
    /// Whether medians had to be equal.
    pub medians_compared: bool,
    /// Every row of either.
    pub rows: Vec<Row>,
}

/// One row of both.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The row.
    #[serde(flatten)]
    pub name: RowName,
    /// The original's median.
    pub original: Option<f64>,
    /// The repetition's.
    pub again: Option<f64>,
    /// The differences.
    pub differences: Vec<String>,
}

/// Holds `again` against `original`.
pub fn compare(original: &Results, again: &Results) -> Replayed {
    let exact = original.run.mode == Mode::Exact && again.run.mode == Mode::Exact;
    let find = |in_: &Results, name: &RowName| -> Option<BenchmarkResult> {
        let mut rows = in_.results.iter();
        rows.find(|row| RowName::of(row) == *name).cloned()
    };
    let mut names: Vec<RowName> = original.results.iter().map(RowName::of).collect();
    let new = again.results.iter().map(RowName::of);
    let new: Vec<RowName> = new.filter(|name| !names.contains(name)).collect();
    names.extend(new);
    let rows: Vec<Row> = names
        .into_iter()
        .map(|name| {
            let (before, after) = (find(original, &name), find(again, &name));
            let median = |row: &Option<BenchmarkResult>| Some(measured(row.as_ref()?)?.median);
            Row {
                original: median(&before),
                again: median(&after),
                differences: differences(before.as_ref(), after.as_ref(), exact),
                name,
            }
        })
        .collect();
    Replayed {
        original: original.run.id.clone(),
        again: again.run.id.clone(),
        identical: rows.iter().all(|row| row.differences.is_empty()),
        medians_compared: exact,
        rows,
    }
}

fn measured(row: &BenchmarkResult) -> Option<&capbench_results::Measurement> {
    row.outcome.measurement()
}

fn differences(
    before: Option<&BenchmarkResult>,
    after: Option<&BenchmarkResult>,
    exact: bool,
) -> Vec<String> {
    let (before, after) = match (before, after) {
        (Some(before), Some(after)) => (before, after),
        (None, _) => return vec!["the original has no such row".to_owned()],
        (_, None) => return vec!["the repetition has no such row".to_owned()],
    };
    let mut found = Vec::new();
    if before.status() != after.status() {
        let why = why(&after.outcome);
        found.push(format!(
            "{} became {}{why}",
            before.status(),
            after.status()
        ));
    }
    if before.config_hash != after.config_hash {
        found.push("another configuration, hence another series".to_owned());
    }
    if !exact {
        return found;
    }
    if let (Some(before), Some(after)) = (measured(before), measured(after)) {
        if before.median != after.median {
            found.push(format!("median {} became {}", before.median, after.median));
        } else if before.headline() != after.headline() {
            let (before, after) = (before.headline(), after.headline());
            found.push(format!(
                "{} {} became {} {}",
                before.kind, before.value, after.kind, after.value
            ));
        } else if before.samples != after.samples {
            found.push("equal medians of other samples".to_owned());
        }
    }
    if found.is_empty() && before.artifact_hash != after.artifact_hash {
        found.push("equal numbers from other streams".to_owned());
    }
    found
}

fn why(outcome: &Outcome) -> String {
    outcome
        .refusal()
        .map_or_else(String::new, |(_, detail, _)| format!(": {detail}"))
}
