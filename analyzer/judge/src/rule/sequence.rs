//! Frames arrived once each, in order, all of them.

use super::{Expectation, Findings};
use capbench_frames::trace::Trace;
use capbench_results::InvalidReason::SequenceBroken;

pub(super) fn check(trace: &Trace, _: &Expectation, findings: &mut Findings) {
    let damage = &trace.damage;
    if damage.missing > 0 {
        let observed = format!("{} missing", damage.missing);
        findings.invalid(SequenceBroken, "frames", "all", observed);
    }
    if damage.out_of_order > 0 {
        let observed = format!("{} again or late", damage.out_of_order);
        findings.invalid(SequenceBroken, "frames", "in order", observed);
    }
    if let Some(end) = trace.statements.end
        && u64::from(end.frames) != trace.totals.frames
        && damage.missing == 0
    {
        let observed = trace.totals.frames;
        findings.invalid(
            SequenceBroken,
            "frames",
            format_args!("{} sent", end.frames),
            observed,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::Objection;
    use super::super::testing::{Story, objections_in};
    use super::*;

    const BROKEN: (&str, Objection) = ("sequence", Objection::Invalid(SequenceBroken));

    #[test]
    fn a_missing_frame_is_found() {
        let frames = Story::default().frames();
        let without: Vec<u8> = [&frames[..1], &frames[2..]].concat().concat();
        assert!(objections_in(&without, &Expectation::default()).contains(&BROKEN));
    }

    #[test]
    fn a_repeated_or_late_frame_is_found() {
        let frames = Story::default().frames();
        let repeated: Vec<u8> = [&frames[..2], &frames[1..]].concat().concat();
        assert!(objections_in(&repeated, &Expectation::default()).contains(&BROKEN));
        let mut swapped = frames;
        swapped.swap(1, 2);
        assert!(objections_in(&swapped.concat(), &Expectation::default()).contains(&BROKEN));
    }
}
