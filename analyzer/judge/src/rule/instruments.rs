//! The program's clock and the kernel's probes saw the same thing.
//!
//! The program times an interval around its calls into the kernel; the dispatches that
//! begin inside must be as many as its operations submit there, and together cannot take
//! longer.

use super::{Expectation, Findings};
use capbench_frames::trace::Trace;
use capbench_frames::windows::Window;
use capbench_results::InvalidReason::InstrumentsDisagree;
use trace_format::Sample;

pub(super) fn check(trace: &Trace, expected: &Expectation, findings: &mut Findings) {
    for window in &trace.windows {
        // Without segment probes there is one instrument; beyond the limit of
        // intervals the comparison would miss some.
        if window.intervals.is_empty() || window.intervals_left_out > 0 {
            continue;
        }
        let per_operation = expected.submissions.get(&window.benchmark);
        let per_operation = u64::from(per_operation.copied().unwrap_or(1));
        if let Some((sample, dispatches, ticks)) = disagreement(window, per_operation) {
            findings.invalid_for(
                &window.benchmark,
                InstrumentsDisagree,
                format_args!("window {}, sample at {}", window.id, sample.start),
                format_args!(
                    "{} dispatches in at most {} ticks",
                    u64::from(sample.operations) * per_operation,
                    sample.ticks
                ),
                format_args!("{dispatches} in {ticks}"),
            );
        }
    }
}

/// The first sample whose dispatches do not fit, with their number and time.
fn disagreement(window: &Window, per_operation: u64) -> Option<(Sample, u64, u64)> {
    let intervals = &window.intervals;
    window
        .samples
        .iter()
        .filter(|sample| sample.metric == 0)
        .find_map(|sample| {
            let end = sample.start.saturating_add(sample.ticks);
            let first = intervals.partition_point(|(start, _)| *start < sample.start);
            let inside = intervals[first..]
                .iter()
                .take_while(|(start, _)| *start < end);
            let (mut dispatches, mut ticks) = (0u64, 0u64);
            for (_, duration) in inside {
                dispatches += 1;
                ticks = ticks.saturating_add(*duration);
            }
            let submitted = u64::from(sample.operations) * per_operation;
            let agree = dispatches == submitted && ticks <= sample.ticks;
            (!agree).then_some((*sample, dispatches, ticks))
        })
}

#[cfg(test)]
mod tests {
    use super::super::Objection;
    use super::super::testing::{BENCHMARK, Story, objections};
    use super::*;

    const DISAGREE: (&str, Objection) = ("instruments", Objection::Invalid(InstrumentsDisagree));

    #[test]
    fn a_sample_shorter_than_its_dispatches_is_found() {
        let story = Story {
            short_sample: true,
            ..Story::default()
        };
        assert_eq!(objections(&story, &Expectation::default()), [DISAGREE]);
    }

    #[test]
    fn operations_of_several_submissions_are_held_against_all_of_them() {
        let mut expected = Expectation::default();
        expected.submissions.insert(BENCHMARK.to_owned(), 2);
        assert_eq!(objections(&Story::default(), &expected), [DISAGREE]);
    }

    #[test]
    fn a_sample_that_counts_other_operations_is_found() {
        let story = Story {
            sample_operations: Some(3),
            ..Story::default()
        };
        assert_eq!(objections(&story, &Expectation::default()), [DISAGREE]);
    }
}
