//! Nothing was lost inside a window.

use super::{Expectation, Findings};
use capbench_frames::trace::Trace;
use capbench_results::InvalidReason::RecordsDropped;

pub(super) fn check(trace: &Trace, _: &Expectation, findings: &mut Findings) {
    for window in &trace.windows {
        let name = &window.benchmark;
        for ((cpu, context), edges) in &window.rings {
            let (Some(begin), Some(end)) = (edges.begin, edges.end) else {
                continue;
            };
            if begin.dropped != end.dropped {
                findings.invalid_for(
                    name,
                    RecordsDropped,
                    format_args!("window {}, ring of cpu {cpu} {context:?}", window.id),
                    "0 records dropped",
                    end.dropped.wrapping_sub(begin.dropped),
                );
            }
        }
        if window.lost > 0 {
            let subject = format!("window {}, frames", window.id);
            findings.invalid_for(name, RecordsDropped, subject, "0 records lost", window.lost);
        }
        if window.tables.left_out() > 0 {
            let subject = format!("window {}, histograms", window.id);
            let left_out = window.tables.left_out();
            findings.invalid_for(name, RecordsDropped, subject, "memory for all", left_out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Objection;
    use super::super::testing::{Story, objections};
    use super::*;

    #[test]
    fn a_drop_inside_a_window_is_found_and_one_outside_is_not() {
        let dropped = ("dropped", Objection::Invalid(RecordsDropped));
        let story = Story {
            dropped_inside: 17,
            ..Story::default()
        };
        assert!(objections(&story, &Expectation::default()).contains(&dropped));
        let story = Story {
            dropped_before: 17,
            ..Story::default()
        };
        assert_eq!(objections(&story, &Expectation::default()), []);
    }

    #[test]
    fn a_loss_that_only_a_frame_reports_is_found() {
        let story = Story {
            frame_lost: 3,
            ..Story::default()
        };
        let dropped = ("dropped", Objection::Invalid(RecordsDropped));
        assert_eq!(objections(&story, &Expectation::default()), [dropped]);
    }
}
