//! Time runs forwards.

use super::{Expectation, Findings, Objection};
use capbench_frames::trace::Trace;
use capbench_frames::windows::{Window, Written};
use capbench_results::InvalidReason::TimeOrderBroken;
use std::collections::BTreeMap;
use trace_format::span::TIME_BITS;

pub(super) fn check(trace: &Trace, _: &Expectation, findings: &mut Findings) {
    reversed(trace, findings);
    beyond_the_end(trace, findings);
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
        let latest = window.tables.latest;
        if window.ended.is_some_and(|ended| ended < latest) {
            let observed = format!("one that ends at {latest}, behind the end of the window");
            let subject = format!("{subject}, records");
            findings.invalid_for(
                name,
                TimeOrderBroken,
                subject,
                "inside the window",
                observed,
            );
        }
        if let Some(observed) = misplaced_sample(window) {
            let subject = format!("{subject}, samples");
            let expected = "one after the other, inside the window";
            findings.invalid_for(name, TimeOrderBroken, subject, expected, observed);
        }
    }
}

/// Records that end before they start: a clock that went back between two readings.
fn reversed(trace: &Trace, findings: &mut Findings) {
    let outside = std::iter::once((None, &trace.outside));
    let windows = trace.windows.iter();
    let windows = windows.map(|window| (Some(&window.benchmark), &window.tables));
    for (benchmark, tables) in outside.chain(windows) {
        let Some(record) = tables.first_reversed else {
            continue;
        };
        let segment = trace.statements.segment_name(record.segment);
        let before = (1_u64 << TIME_BITS).saturating_sub(record.duration);
        findings.push(
            Objection::Invalid(TimeOrderBroken),
            benchmark.map(String::as_str),
            format_args!("record of {segment} from {}", record.start),
            "an end behind its start",
            format_args!(
                "an end {before} ticks before it, {} such in all",
                tables.faults.reversed
            ),
        );
    }
}

/// A ring keeps the lower bits of a time. What was drained too late gets the upper ones
/// of a later age, which may lie behind the end of the stream.
fn beyond_the_end(trace: &Trace, findings: &mut Findings) {
    let Some(end) = trace.statements.end else {
        return;
    };
    let written = trace.end_written;
    if end.time < written.after || written.at < end.time {
        let (time, Written { after, at }) = (end.time, written);
        findings.invalid(
            TimeOrderBroken,
            "the end of the stream",
            format_args!("between {after} and {at}, as its frame was written"),
            time,
        );
    }
    let latest = trace.totals.latest_record;
    if latest > end.time {
        findings.invalid(
            TimeOrderBroken,
            "times of records",
            format_args!("none later than the end of the stream at {}", end.time),
            format_args!(
                "{latest}: it was too old when its ring was drained, and its time is ambiguous"
            ),
        );
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

    #[test]
    fn a_record_that_leaves_its_window_is_found() {
        let story = Story {
            late_record: true,
            ..Story::default()
        };
        assert!(objections(&story, &Expectation::default()).contains(&BROKEN));
    }
}
