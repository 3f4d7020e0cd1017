//! Segments nest as declared, and every dispatch holds the spans it says.

use super::{Expectation, Findings};
use capbench_frames::trace::Trace;
use capbench_frames::windows::Tables;
use capbench_results::InvalidReason::SegmentsUnbalanced;

pub(super) fn check(trace: &Trace, _: &Expectation, findings: &mut Findings) {
    // A tree may be incomplete for an innocent reason; each is another rule's.
    let lossy = trace.damage.lost > 0
        || trace.damage.missing > 0
        || trace.damage.malformed > 0
        || trace.rings.values().any(|ring| ring.lost > 0)
        || trace
            .statements
            .accounts
            .values()
            .any(|a| a.dropped > 0 || a.overwritten > 0);
    for (subject, expected, observed) in faults(&trace.outside, lossy) {
        let subject = format!("{subject} outside of windows");
        findings.invalid(SegmentsUnbalanced, subject, expected, observed);
    }
    for window in &trace.windows {
        for (subject, expected, observed) in faults(&window.tables, lossy) {
            let subject = format!("{subject} in window {}", window.id);
            findings.invalid_for(
                &window.benchmark,
                SegmentsUnbalanced,
                subject,
                expected,
                observed,
            );
        }
    }
}

fn faults(tables: &Tables, lossy: bool) -> Vec<(&'static str, &'static str, String)> {
    let faults = tables.faults;
    let mut found = Vec::new();
    let mut rule = |count: u64, subject, expected, what: &str| {
        if count > 0 {
            found.push((subject, expected, format!("{count} {what}")));
        }
    };
    rule(
        faults.overlapping,
        "segments",
        "disjoint or nested",
        "overlap",
    );
    rule(faults.undeclared, "segments", "declared", "are not");
    if !lossy {
        rule(
            faults.misplaced,
            "segments",
            "inside their declared parent",
            "are not",
        );
        rule(
            tables.incomplete,
            "dispatches",
            "with all spans they began",
            "are incomplete",
        );
        rule(
            tables.orphans,
            "segments",
            "inside a dispatch",
            "never met one",
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::Objection;
    use super::super::testing::{Story, objections};
    use super::*;

    const UNBALANCED: (&str, Objection) = ("nesting", Objection::Invalid(SegmentsUnbalanced));

    #[test]
    fn a_dispatch_that_misses_a_span_is_found() {
        let story = Story {
            claimed_spans: 1,
            ..Story::default()
        };
        assert_eq!(objections(&story, &Expectation::default()), [UNBALANCED]);
    }

    #[test]
    fn segments_that_overlap_are_found() {
        let story = Story {
            overlapping: true,
            ..Story::default()
        };
        assert!(objections(&story, &Expectation::default()).contains(&UNBALANCED));
    }

    #[test]
    fn a_segment_nobody_declared_is_found() {
        let story = Story {
            undeclared_segment: true,
            ..Story::default()
        };
        assert!(objections(&story, &Expectation::default()).contains(&UNBALANCED));
    }
}
