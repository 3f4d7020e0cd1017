//! The observations of an audit boot.

use super::EvidenceKind;
use crate::Mispriced;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The observations of an audit boot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuditReport {
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<String>,
    /// Why it is not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_left_out: Option<String>,
}

impl EvidenceKind for AuditReport {
    const SCHEMA: &'static str = "capbench.audit/1";
}

impl AuditReport {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let mut report = AuditReport::failed("capos-ring-segments-audit-1".into(), "no log");
        report.mispriced.insert("ring/nop/1".into(), Vec::new());
        report.log_left_out = Some("too long".into());
        let json = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<AuditReport>(&json).unwrap(), report);
    }

    #[test]
    fn nothing_compared_is_no_agreement() {
        assert!(!AuditReport::default().agrees());
        let report = AuditReport {
            compared: 5,
            disagreements: 1,
            ..AuditReport::default()
        };
        assert!(!report.agrees());
        assert_eq!(report.summary(), "does not agree: 1 of 5 spans");
    }
}
