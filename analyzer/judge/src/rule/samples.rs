//! Samples of one window are of one number of operations, and of one at least.

use super::{Expectation, Findings};
use capbench_frames::trace::Trace;
use capbench_results::InvalidReason::AccountsUnbalanced;
use std::collections::BTreeSet;

pub(super) fn check(trace: &Trace, _: &Expectation, findings: &mut Findings) {
    for window in &trace.windows {
        // The program's own; what an instrument's loop does is its own matter.
        let samples = window.samples.iter().filter(|sample| sample.metric == 0);
        let batches: BTreeSet<u32> = samples.map(|sample| sample.operations).collect();
        let subject = format!("window {}, operations of its samples", window.id);
        let name = &window.benchmark;
        if batches.contains(&0) {
            let expected = "one at least";
            findings.invalid_for(name, AccountsUnbalanced, &subject, expected, "none");
        }
        if batches.len() > 1 {
            let shown: Vec<String> = batches.iter().take(SHOWN).map(u32::to_string).collect();
            findings.invalid_for(
                name,
                AccountsUnbalanced,
                subject,
                "one number for all",
                shown.join(", "),
            );
        }
    }
}

/// Different batches that are named.
const SHOWN: usize = 4;

#[cfg(test)]
mod tests {
    use super::super::Objection;
    use super::super::testing::{Story, objections};
    use super::*;

    const MIXED: (&str, Objection) = ("samples", Objection::Invalid(AccountsUnbalanced));

    #[test]
    fn samples_of_several_batches_or_of_nothing_are_found() {
        for operations in [0, 2, 64] {
            let story = Story {
                sample_operations: Some(operations),
                ..Story::default()
            };
            let found = objections(&story, &Expectation::default());
            assert!(found.contains(&MIXED), "{operations}: {found:?}");
        }
        assert_eq!(objections(&Story::default(), &Expectation::default()), []);
    }
}
