//! What an audit boot showed, as a run keeps it: `audit.json` is a list of these.

use super::{Audit, Disagreement};
use capbench_results::Mispriced;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trace_format::Span;

/// What an audit boot showed.
///
/// What a run of an earlier version did not write is read as empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Report {
    /// The boot, as its files are named.
    pub boot: String,
    /// Spans and roots compared.
    pub compared: u64,
    /// Clock readings before the first record: the calibration's.
    pub readings_before: u64,
    /// Instructions the emulator logged.
    pub instructions: u64,
    /// Spans whose duration is not what the emulator counted.
    pub disagreements: u64,
    /// The first of them, in words; or why nothing could be compared.
    pub detail: Vec<String>,
    /// What exact mode misprices in each benchmark, by result name; an empty list
    /// says that its log holds nothing of the kind. No lists without agreement.
    pub mispriced: BTreeMap<String, Vec<Mispriced>>,
    /// Where the log is kept, compressed, so that anybody can count again.
    pub log: Option<String>,
    /// Why it is not kept.
    pub log_left_out: Option<String>,
}

impl Report {
    /// What was found in a boot.
    pub fn of(boot: String, found: &Audit, mispriced: BTreeMap<String, Vec<Mispriced>>) -> Self {
        Self {
            boot,
            compared: found.compared,
            readings_before: found.readings_before,
            instructions: found.instructions,
            disagreements: found.disagreement_count,
            detail: found.disagreements.iter().map(in_words).collect(),
            mispriced,
            ..Self::default()
        }
    }

    /// A boot that could not be audited, and why.
    pub fn failed(boot: String, detail: impl ToString) -> Self {
        Self {
            boot,
            detail: vec![detail.to_string()],
            ..Self::default()
        }
    }

    /// Whether every span was compared and agreed.
    pub fn agrees(&self) -> bool {
        self.detail.is_empty() && self.disagreements == 0 && self.compared > 0
    }

    /// One line for a person.
    pub fn summary(&self) -> String {
        if self.agrees() {
            format!(
                "{} spans equal the emulator's own count of executed instructions ({} logged)",
                self.compared, self.instructions
            )
        } else if self.detail.is_empty() {
            format!(
                "does not agree: {} of {} spans",
                self.disagreements, self.compared
            )
        } else {
            format!("does not agree: {}", self.detail.join("; "))
        }
    }
}

fn in_words(disagreement: &Disagreement) -> String {
    let Span {
        start,
        duration,
        segment,
    } = disagreement.span;
    let executed = disagreement.executed;
    format!("segment {segment} at {start}: {duration} recorded, {executed} executed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let mut report = Report::failed("capos-ring-segments-audit-1".into(), "no log");
        report.mispriced.insert("ring/nop/1".into(), Vec::new());
        report.log_left_out = Some("too long".into());
        let json = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
    }

    #[test]
    fn a_report_of_an_earlier_version_is_read() {
        let earlier = r#"{"boot": "b", "compared": 3, "instructions": 9, "detail": []}"#;
        let report: Report = serde_json::from_str(earlier).unwrap();
        assert!(report.agrees());
        assert_eq!(report.log, None);
    }

    #[test]
    fn nothing_compared_is_no_agreement() {
        assert!(!Report::default().agrees());
        let report = Report {
            compared: 5,
            disagreements: 1,
            ..Report::default()
        };
        assert!(!report.agrees());
        assert_eq!(report.summary(), "does not agree: 1 of 5 spans");
    }
}
