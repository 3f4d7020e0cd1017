//! What comes of a change.

use std::collections::BTreeMap;

use capbench_verify::{Report, Verdict};
use serde_json::Value;

use super::case::{Case, Then};
use crate::artifact::Artifact;

/// What came of a case.
pub enum Outcome {
    /// The place already said so.
    Unchanged,
    /// A row lost its number by this rule, or this check broke.
    Caught(String),
    /// Nothing objects; how the results look now.
    Passed(&'static str),
}

/// A catch by one of these does not count: whoever changes a stream or a file puts its
/// hash right, and changes all boots alike. So would be a catch by the form of the
/// results, which judging anew writes.
const DO_NOT_COUNT: [&str; 4] = ["sums", "traces", "exact", "artifact-hash"];

/// The run as it was.
pub struct Baseline {
    rows: BTreeMap<String, Value>,
}

impl Baseline {
    pub fn new() -> Self {
        let run = Artifact::new();
        assert!(run.verify().all_held(), "{:#?}", run.verify());
        let rows = rows(&run);
        let passed = rows.values().all(|row| row["status"] == "passed");
        assert!(passed, "{rows:#?}");
        Self { rows }
    }

    pub fn outcome(&self, case: &Case) -> Outcome {
        let mut run = Artifact::new();
        run.definitions = Some(capbench_verify::Definitions::Unknown("none here".into()));
        if !(case.change)(&run) {
            return Outcome::Unchanged;
        }
        match case.then {
            Then::Seal => run.seal(),
            Then::Judge => {
                if let Err(why) = run.try_judge() {
                    run.seal();
                    let by = objection(&run.verify());
                    return Outcome::Caught(by.unwrap_or(format!("not judged: {why}")));
                }
                if let Some(rule) = self.refused(&run) {
                    return Outcome::Caught(rule);
                }
            }
        }
        match objection(&run.verify()) {
            Some(by) => Outcome::Caught(by),
            None if rows(&run) == self.rows => Outcome::Passed("the results are as before"),
            None if self.is_another_series(&run) => Outcome::Caught("another series".to_owned()),
            None => Outcome::Passed("other results"),
        }
    }

    /// Whether every row that changed belongs to another series now: it is compared with
    /// none of the rows that it might be taken for.
    fn is_another_series(&self, run: &Artifact) -> bool {
        rows(run)
            .iter()
            .all(|(name, row)| match self.rows.get(name) {
                Some(before) => before == row || before["configHash"] != row["configHash"],
                None => true,
            })
    }

    /// The rule that took the number of a row that had one.
    fn refused(&self, run: &Artifact) -> Option<String> {
        let rows = rows(run);
        if rows.len() < self.rows.len() {
            return Some("rows are missing".to_owned());
        }
        rows.iter().find_map(|(name, row)| {
            let had = self
                .rows
                .get(name)
                .is_some_and(|row| row["status"] == "passed");
            if !had || row["status"] == "passed" {
                return None;
            }
            let branches = ["invalid", "failure", "unsupported", "notApplicable"];
            let refusal = branches.into_iter().find_map(|branch| row.get(branch))?;
            let (reason, detail) = (refusal["reason"].as_str()?, refusal["detail"].as_str()?);
            Some(match detail.split_once(": ") {
                Some((rule, _)) if !rule.contains(['/', ' ']) => format!("judge: {rule}"),
                _ => format!("judge: {reason}"),
            })
        })
    }
}

/// The first check that objects.
fn objection(report: &Report) -> Option<String> {
    let objects = |verdict| matches!(verdict, Verdict::Broken | Verdict::NotChecked);
    let mut checks = report.checks();
    let found =
        checks.find(|check| objects(check.verdict) && !DO_NOT_COUNT.contains(&check.name))?;
    Some(format!("verify: {}", found.name))
}

/// Rows by name, without what follows from hashes.
fn rows(run: &Artifact) -> BTreeMap<String, Value> {
    let mut document = run.read("results.json");
    let rows = document["results"].as_array_mut().map(std::mem::take);
    let rows = rows.unwrap_or_default().into_iter().map(|mut row| {
        row.as_object_mut().map(|row| row.remove("artifactHash"));
        let name = format!(
            "{} {} {}",
            row["benchmarkName"], row["guest"], row["system"]
        );
        (name, row)
    });
    rows.collect()
}
