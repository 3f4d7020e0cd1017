//! Nothing was lost inside a window, and nothing that no window owns.

use super::{Expectation, Findings};
use capbench_frames::trace::Trace;
use capbench_results::InvalidReason::RecordsDropped;
use std::collections::BTreeMap;
use trace_format::Context;

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
    outside(trace, findings);
}

/// A ring that overwrites loses what is old by its declaration. Any other loss that is in
/// no window is some window's that nobody can name, wherever the frame stands that
/// reports it: that of samples comes when their window has long been closed.
fn outside(trace: &Trace, findings: &mut Findings) {
    let session = trace.statements.session.as_ref();
    if session.is_some_and(|session| session.overwrites) {
        return;
    }
    let mut owned: BTreeMap<(u16, Context), u64> = BTreeMap::new();
    for window in &trace.windows {
        for (ring, edges) in &window.rings {
            if let (Some(begin), Some(end)) = (edges.begin, edges.end) {
                let of_ring = owned.entry(*ring).or_default();
                *of_ring = of_ring.saturating_add(end.dropped.wrapping_sub(begin.dropped));
            }
        }
    }
    for (ring, account) in &trace.statements.accounts {
        let inside = owned.get(ring).copied().unwrap_or(0);
        let lost = account.dropped.saturating_add(account.overwritten);
        if lost > inside {
            let (cpu, context) = ring;
            findings.invalid(
                RecordsDropped,
                format_args!("outside of windows, ring of cpu {cpu} {context:?}"),
                "0 records lost",
                lost - inside,
            );
        }
    }
    let windows = trace.windows.iter();
    let inside = windows.fold(0u64, |sum, window| sum.saturating_add(window.lost));
    if trace.damage.lost > inside {
        findings.invalid(
            RecordsDropped,
            "outside of windows, frames",
            "0 records lost",
            trace.damage.lost - inside,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::Objection;
    use super::super::testing::{Story, objections};
    use super::*;

    #[test]
    fn a_drop_is_found_inside_a_window_and_outside_of_all() {
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
        let found = objections(&story, &Expectation::default());
        assert!(found.contains(&dropped), "{found:?}");
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
