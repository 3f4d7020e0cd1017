//! A stored run, judged again and held against the results it keeps.

use capbench_results::{
    AuditReport, BenchmarkResult, Contradiction, EvidenceFile, EvidenceKind, Outcome, Results,
    UnsupportedReason,
};
use capbench_runner::artifact::{Artifact, Stored, StoredError, names};
use polars::error::PolarsError;
use serde_json::Value;

use crate::{Judgement, Run, judge};

/// A run as it is judged now, and where that is not what it keeps.
#[derive(Debug)]
pub struct JudgedAgain {
    /// The judgement of it by the same rules.
    pub judgement: Judgement,
    /// Where the stored results or evidence say something else.
    pub differences: Vec<Difference>,
    /// Statements that could not be judged again, with the reason.
    pub as_stated: Vec<String>,
}

/// A place where stored and judged differ.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Difference {
    /// The file, and the place in it.
    pub place: String,
    /// The stored value.
    pub stored: String,
    /// The judged value.
    pub judged: String,
}

/// A stored run cannot be judged.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum JudgeError {
    /// Its definitions give no plan.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Stored(#[from] StoredError),
    /// A join fails.
    #[error("a join failed: {0}")]
    #[diagnostic(code(capbench::judge), help("report this: it is a fault of capbench"))]
    Join(#[from] PolarsError),
    /// The results contradict themselves.
    #[error("the results {0}")]
    #[diagnostic(code(capbench::judge), help("report this: it is a fault of capbench"))]
    Contradiction(#[from] Contradiction),
}

/// Judges a stored run again.
///
/// # Errors
///
/// The run does not keep what judging takes.
pub fn judge_stored(artifact: &Artifact) -> Result<JudgedAgain, JudgeError> {
    let Stored { catalogue, plan } = Stored::of(artifact.directory(), &artifact.record)?;
    let stated = evidence::<AuditReport>(artifact, names::AUDITS);
    let run = Run {
        directory: artifact.directory(),
        record: &artifact.record,
        plan: &plan,
        stated_audits: stated.as_deref().unwrap_or_default(),
    };
    let mut judgement = judge(&run, &catalogue)?;
    let as_stated = take_as_stated(&mut judgement, &artifact.results, run.stated_audits);
    let mut differences = Differences::default();
    differences.of_results(&artifact.results, &judgement.results)?;
    let audits: Vec<AuditReport> = judgement.reports();
    differences.of_evidence(names::AUDITS, stated, &audits);
    let exercised = evidence(artifact, names::EXERCISED);
    differences.of_evidence(names::EXERCISED, exercised, &judgement.exercised);
    let acts = evidence(artifact, names::PRIVILEGED);
    differences.of_evidence(names::PRIVILEGED, acts, &judgement.privileged);
    Ok(JudgedAgain {
        judgement,
        differences: differences.list,
        as_stated,
    })
}

/// Takes over what only the host knew when the run was made: where a log lies, and why
/// an image was not to be had. Returns what that leaves open.
fn take_as_stated(
    judgement: &mut Judgement,
    stored: &Results,
    audits: &[AuditReport],
) -> Vec<String> {
    let mut open = Vec::new();
    for audited in &mut judgement.audits {
        let report = &mut audited.report;
        let Some(stated) = audits.iter().find(|stated| stated.boot == report.boot) else {
            continue;
        };
        report.log.clone_from(&stated.log);
        report.log_left_out.clone_from(&stated.log_left_out);
        if let Some(why) = &stated.log_left_out {
            open.push(format!(
                "the audit of {}: its log is not kept: {why}",
                stated.boot
            ));
        }
    }
    for (row, stored) in judgement.results.results.iter_mut().zip(&stored.results) {
        let no_image = |outcome: &Outcome| match outcome {
            Outcome::Unsupported(refusal) => refusal.reason == UnsupportedReason::NoGuestImage,
            _ => false,
        };
        if no_image(&row.outcome) && no_image(&stored.outcome) {
            row.outcome = stored.outcome.clone();
            open.push(format!(
                "{} on {}: why there was no image",
                row.benchmark_name, row.guest
            ));
        }
    }
    open
}

fn evidence<T: EvidenceKind>(artifact: &Artifact, name: &str) -> Result<Vec<T>, String> {
    let stored = artifact.read(name).map_err(|error| error.to_string())?;
    let file = EvidenceFile::from_json(&stored).map_err(|error| error.to_string())?;
    Ok(file.entries)
}

fn parsed(json: &str) -> Value {
    serde_json::from_str(json).expect("written by a serializer")
}

fn row(result: &BenchmarkResult) -> String {
    let BenchmarkResult {
        benchmark_name,
        guest,
        system,
        ..
    } = result;
    format!("{benchmark_name} on {guest}, {system}")
}

/// How a row ended, with the rule that speaks first against it.
fn ending(outcome: &Outcome) -> String {
    let status = outcome.status();
    match outcome.refusal() {
        Some((reason, detail, _)) => format!("{status}, {reason}: {detail}"),
        None => status.to_string(),
    }
}

/// Differences that are listed; what is beyond says nothing new.
const LISTED: usize = 64;

/// Characters of a value that are shown.
const SHOWN: usize = 240;

#[derive(Default)]
struct Differences {
    list: Vec<Difference>,
}

impl Differences {
    /// A row that ends otherwise is one difference, whatever else of it differs then.
    fn of_results(&mut self, stored: &Results, judged: &Results) -> Result<(), Contradiction> {
        let (mut stored_rest, mut judged_rest) = (stored.clone(), judged.clone());
        for (stored, judged) in stored_rest.results.iter_mut().zip(&judged_rest.results) {
            let (of_stored, of_judged) = (ending(&stored.outcome), ending(&judged.outcome));
            if row(stored) == row(judged) && of_stored != of_judged {
                let place = format!("{} {}", names::RESULTS_JSON, row(stored));
                self.push(&place, &Value::String(of_stored), &Value::String(of_judged));
                stored.clone_from(judged);
            }
        }
        if !self.list.is_empty() {
            // A ratio follows from its rows.
            stored_rest.comparisons = Vec::new();
            judged_rest.comparisons = Vec::new();
        }
        let (stored, judged) = (
            parsed(&stored_rest.to_json()?),
            parsed(&judged_rest.to_json()?),
        );
        self.between(names::RESULTS_JSON, &stored, &judged);
        Ok(())
    }

    fn of_evidence<T: EvidenceKind>(
        &mut self,
        name: &str,
        stored: Result<Vec<T>, String>,
        judged: &[T],
    ) {
        let judged = serde_json::to_value(judged).unwrap_or_default();
        match stored {
            Ok(stored) => {
                let stored = serde_json::to_value(stored).unwrap_or_default();
                self.between(name, &stored, &judged);
            }
            Err(why) => self.push(name, &Value::String(why), &judged),
        }
    }

    fn between(&mut self, place: &str, stored: &Value, judged: &Value) {
        match (stored, judged) {
            (Value::Object(stored), Value::Object(judged)) => {
                let both = stored
                    .keys()
                    .chain(judged.keys().filter(|key| !stored.contains_key(*key)));
                for key in both {
                    let value = |of: &serde_json::Map<String, Value>| {
                        of.get(key).cloned().unwrap_or_default()
                    };
                    self.between(&format!("{place} {key}"), &value(stored), &value(judged));
                }
            }
            (Value::Array(stored), Value::Array(judged)) if stored.len() == judged.len() => {
                for (index, (stored, judged)) in stored.iter().zip(judged).enumerate() {
                    self.between(&format!("{place} {}", label(index, judged)), stored, judged);
                }
            }
            _ if stored == judged => {}
            _ => self.push(place, stored, judged),
        }
    }

    fn push(&mut self, place: &str, stored: &Value, judged: &Value) {
        if self.list.len() < LISTED {
            self.list.push(Difference {
                place: place.to_owned(),
                stored: shown(stored),
                judged: shown(judged),
            });
        }
    }
}

/// What an entry is called, where it has a name.
fn label(index: usize, entry: &Value) -> String {
    let name = ["benchmarkName", "boot", "name"];
    let name = name.into_iter().find_map(|key| entry[key].as_str());
    name.map_or_else(|| index.to_string(), str::to_owned)
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => return "nothing".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
