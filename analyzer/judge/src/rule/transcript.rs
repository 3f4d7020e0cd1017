//! What a guest's console showed, against the transcripts that benchmarks declare.
//!
//! A program cannot see its own terminal: that what is typed is echoed, or hidden, is
//! for the reader of the console to say.

use crate::Run;
use crate::rule::{Finding, Objection};
use capbench_results::{Evidence, InvalidReason};
use capbench_runner::artifact::inside;
use capbench_runner::boot::CapturedBoot;

/// Stands for the row's name.
const ROW: &str = "{row}";

/// One finding for each row of this boot whose transcript is not on the console.
pub fn findings(boot: &CapturedBoot, run: &Run) -> Vec<Finding> {
    let rows = run.plan.rows.iter();
    let mut declared = rows
        .filter(|row| row.guest == boot.id.guest && row.system == boot.id.system)
        .filter_map(|row| Some((row, row.benchmark.verifier.transcript.as_ref()?)))
        .peekable();
    if declared.peek().is_none() {
        return Vec::new();
    }
    let console = inside::read(run.directory, &boot.console).unwrap_or_default();
    declared
        .filter_map(|(row, transcript)| {
            let expected = transcript.replace(ROW, &row.name);
            let observed = difference(&console, &expected)?;
            Some(Finding {
                check: "transcript",
                objection: Objection::Invalid(InvalidReason::VerifierFailed),
                benchmark: Some(row.name.to_string()),
                evidence: Evidence {
                    source: boot.console.display().to_string(),
                    subject: "what the console shows".into(),
                    expected: expected.escape_debug().to_string(),
                    observed,
                },
            })
        })
        .collect()
}

/// What stands on the console from where the transcript's first line is; nothing if
/// all of it is there.
fn difference(console: &[u8], expected: &str) -> Option<String> {
    let find = |text: &[u8]| {
        let mut parts = console.windows(text.len().max(1));
        parts.position(|part| part == text)
    };
    if find(expected.as_bytes()).is_some() {
        return None;
    }
    let first = expected.lines().next().unwrap_or_default();
    Some(match find(first.as_bytes()) {
        Some(at) => {
            let end = console.len().min(at + expected.len());
            console[at..end].escape_ascii().to_string()
        }
        None => "nothing of the kind".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transcript_is_there_or_shown_beside_what_is() {
        let console = b"kernel: up\r\n[a/1]\r\nname: bob\r\n";
        assert_eq!(difference(console, "[a/1]\r\nname: bob\r\n"), None);
        assert_eq!(
            difference(console, "[a/1]\r\nname: eve\r\n").unwrap(),
            r"[a/1]\r\nname: bob\r\n"
        );
        assert_eq!(
            difference(console, "[b/1]\r\n").unwrap(),
            "nothing of the kind"
        );
    }
}
