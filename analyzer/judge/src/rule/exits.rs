//! Every process that was declared ended, and said so once: a program that never came
//! back may still have been at work while another was measured.

use super::required::Accounts;
use super::{Expectation, Findings};
use capbench_frames::trace::Trace;
use capbench_results::InvalidReason::EvidenceMissing;
use std::collections::BTreeSet;

pub(super) fn check(trace: &Trace, expected: &Expectation, findings: &mut Findings) {
    let statements = &trace.statements;
    let required = expected.required.as_ref();
    let of_recorder = required.is_some_and(|required| required.accounts == Accounts::Kept);
    // Without its end a stream cannot have reported every process.
    if !of_recorder || statements.end.is_none() {
        return;
    }
    let ended = statements.exits.iter().map(|exit| exit.pid);
    let ended: BTreeSet<u32> = ended
        .chain(statements.faults.iter().map(|fault| fault.pid))
        .collect();
    let declared: BTreeSet<u32> = statements.threads.values().map(|(pid, _)| *pid).collect();
    let running: Vec<String> = declared
        .difference(&ended)
        .take(SHOWN)
        .map(|pid| {
            let program = statements.program(*pid).unwrap_or("a nameless program");
            format!("{pid} ({program})")
        })
        .collect();
    if !running.is_empty() {
        let subject = "processes at the end of the stream";
        findings.invalid(EvidenceMissing, subject, "all ended", running.join(", "));
    }
}

/// Processes that are named.
const SHOWN: usize = 4;

#[cfg(test)]
mod tests {
    use super::super::testing::{Story, objections};
    use super::super::{Objection, Required};
    use super::*;
    use trace_format::control::{Message, ProcessExited};

    #[test]
    fn a_process_that_never_ended_is_found() {
        let found = |extra| {
            let story = Story {
                extra,
                ..Story::default()
            };
            let required = Some(Required {
                accounts: Accounts::Kept,
                ..Required::default()
            });
            let expected = Expectation {
                required,
                ..Expectation::default()
            };
            let found = objections(&story, &expected).into_iter();
            found
                .filter(|(rule, _)| *rule == "exits")
                .collect::<Vec<_>>()
        };
        let exit = ProcessExited { pid: 2, code: 0 };
        assert_eq!(found(vec![Message::ProcessExited(exit)]), []);
        let missing = ("exits", Objection::Invalid(EvidenceMissing));
        assert_eq!(found(vec![]), [missing]);
    }
}
