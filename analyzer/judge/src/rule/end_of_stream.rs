//! The stream says that it is over, so that nothing can be missing behind it.

use super::{Expectation, Findings};
use capbench_frames::trace::Trace;
use capbench_results::InvalidReason::MissingEndOfStream;

pub(super) fn check(trace: &Trace, _: &Expectation, findings: &mut Findings) {
    if trace.statements.end.is_none() {
        let observed = format!("{} frames without it", trace.totals.frames);
        findings.invalid(
            MissingEndOfStream,
            "end-of-stream message",
            "the last message",
            observed,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::Objection;
    use super::super::testing::{Story, objections};
    use super::*;

    #[test]
    fn a_stream_that_just_stops_is_found() {
        let story = Story {
            unfinished: true,
            ..Story::default()
        };
        let missing = ("end-of-stream", Objection::Invalid(MissingEndOfStream));
        assert_eq!(objections(&story, &Expectation::default()), [missing]);
    }
}
