//! Time runs forwards.

use super::{Expectation, Findings};
use capbench_frames::trace::Trace;
use capbench_frames::windows::Window;
use capbench_results::InvalidReason::TimeOrderBroken;
use std::collections::BTreeMap;

pub(super) fn check(trace: &Trace, _: &Expectation, findings: &mut Findings) {
    if trace.outside.faults.backwards > 0 {
        let observed = format!(
            "{} before the one ahead of them",
            trace.outside.faults.backwards
        );
        findings.invalid(
            TimeOrderBroken,
            "records outside of windows",
            "in order",
            observed,
        );
    }
    for window in &trace.windows {
        let name = &window.benchmark;
        let subject = format!("window {}", window.id);
        let backwards = window.tables.faults.backwards;
        if backwards > 0 {
            let observed = format!("{backwards} before the one ahead of them");
            let subject = format!("{subject}, records");
            findings.invalid_for(name, TimeOrderBroken, subject, "in order", observed);
        }
        if window.ended.is_some_and(|ended| ended < window.begun) {
            let observed = "it ends before it begins";
            findings.invalid_for(name, TimeOrderBroken, &subject, "a duration", observed);
        }
        if let Some(observed) = misplaced_sample(window) {
            let subject = format!("{subject}, samples");
            let expected = "one after the other, inside the window";
            findings.invalid_for(name, TimeOrderBroken, subject, expected, observed);
        }
    }
}

/// The first sample that leaves its window or overlaps the one before it.
fn misplaced_sample(window: &Window) -> Option<String> {
    let mut last = BTreeMap::new();
    window.samples.iter().find_map(|sample| {
        let Some(end) = sample.start.checked_add(sample.ticks) else {
            return Some(format!("one of {} ticks", sample.ticks));
        };
        let before = last.insert(sample.metric, end).unwrap_or(window.begun);
        let after = window.ended.is_some_and(|ended| end > ended);
        (sample.start < before || after)
            .then(|| format!("one from {} to {end}, {before} was due", sample.start))
    })
}

#[cfg(test)]
mod tests {
    use super::super::Objection;
    use super::super::testing::{Story, objections};
    use super::*;

    const BROKEN: (&str, Objection) = ("time-order", Objection::Invalid(TimeOrderBroken));

    #[test]
    fn a_record_that_goes_back_in_time_is_found() {
        let story = Story {
            backwards: true,
            ..Story::default()
        };
        assert!(objections(&story, &Expectation::default()).contains(&BROKEN));
    }

    #[test]
    fn a_sample_outside_of_its_window_is_found() {
        let story = Story {
            early_sample: true,
            ..Story::default()
        };
        assert!(objections(&story, &Expectation::default()).contains(&BROKEN));
    }
}
