//! Every window that opened also closed, once per benchmark; none was refused.

use super::{Expectation, Findings, Objection};
use capbench_frames::trace::Trace;
use capbench_results::{FailureReason, InvalidReason};

pub(super) fn check(trace: &Trace, _: &Expectation, findings: &mut Findings) {
    for refused in &trace.statements.refused {
        findings.push(
            Objection::Failed(FailureReason::WindowRefused),
            Some(&refused.benchmark),
            "trace ring",
            format_args!("{} slots for the declared record bound", refused.needed),
            format_args!("{} slots", refused.capacity),
        );
    }
    for (index, window) in trace.windows.iter().enumerate() {
        let name = &window.benchmark;
        let subject = format!("window {}", window.id);
        if window.ended.is_none() {
            let failed = Objection::Failed(FailureReason::Incomplete);
            findings.push(failed, Some(name), &subject, "an end", "none");
        }
        if trace.windows[..index]
            .iter()
            .any(|earlier| earlier.benchmark == *name)
        {
            let reason = InvalidReason::AccountsUnbalanced;
            findings.invalid_for(
                name,
                reason,
                &subject,
                "one window per boot",
                "a second one",
            );
        }
        if let Some(verdict) = &window.verdict
            && verdict.submitted != window.expected_operations
            && window.expected_operations > 0
            && verdict.unsupported().is_none()
        {
            findings.push(
                Objection::Failed(FailureReason::Incomplete),
                Some(name),
                format_args!("{subject}, operations"),
                window.expected_operations,
                verdict.submitted,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Story, objections};
    use super::*;
    use trace_format::control::{Message, WindowRefused};

    const INCOMPLETE: (&str, Objection) = ("windows", Objection::Failed(FailureReason::Incomplete));

    #[test]
    fn a_refused_window_is_found() {
        let refused = WindowRefused {
            benchmark: "ring/nop/16",
            needed: 4096,
            capacity: 64,
        };
        let story = Story {
            extra: vec![Message::WindowRefused(refused)],
            ..Story::default()
        };
        let refused = ("windows", Objection::Failed(FailureReason::WindowRefused));
        assert_eq!(objections(&story, &Expectation::default()), [refused]);
    }

    #[test]
    fn a_window_that_never_closes_is_found() {
        let story = Story {
            endless: true,
            ..Story::default()
        };
        assert!(objections(&story, &Expectation::default()).contains(&INCOMPLETE));
    }

    #[test]
    fn less_work_than_intended_is_found() {
        let story = Story {
            intended: Some(1000),
            ..Story::default()
        };
        assert_eq!(objections(&story, &Expectation::default()), [INCOMPLETE]);
    }
}
