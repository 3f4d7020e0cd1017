//! The program's own oracle accepted what it saw.

use super::{Expectation, Findings};
use capbench_frames::trace::Trace;
use capbench_results::InvalidReason::VerifierFailed;

pub(super) fn check(trace: &Trace, _: &Expectation, findings: &mut Findings) {
    for window in trace.windows.iter().filter(|window| window.ended.is_some()) {
        let name = &window.benchmark;
        let subject = format!("oracle of window {}", window.id);
        match &window.verdict {
            None => findings.invalid_for(name, VerifierFailed, subject, "a verdict", "none"),
            Some(verdict) if !verdict.passed && verdict.unsupported().is_none() => {
                let observed = format!("{} failed: {}", verdict.failures, verdict.detail);
                findings.invalid_for(name, VerifierFailed, subject, "every check holds", observed);
            }
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Objection;
    use super::super::testing::{Story, objections};
    use super::*;

    const FAILED: (&str, Objection) = ("verifier", Objection::Invalid(VerifierFailed));

    #[test]
    fn a_failed_oracle_is_found() {
        let story = Story {
            wrong_results: 1,
            ..Story::default()
        };
        assert_eq!(objections(&story, &Expectation::default()), [FAILED]);
    }

    #[test]
    fn a_missing_verdict_is_found() {
        let story = Story {
            mute: true,
            ..Story::default()
        };
        assert_eq!(objections(&story, &Expectation::default()), [FAILED]);
    }
}
