//! The kernel was built with the features the configuration declares, and no
//! other: no fast path, no injected instruction.

use super::{Expectation, Findings};
use capbench_frames::trace::Trace;
use capbench_results::InvalidReason::UndeclaredFeature;

pub(super) fn check(trace: &Trace, expected: &Expectation, findings: &mut Findings) {
    let (Some(declared), Some(session)) = (&expected.features, &trace.statements.session) else {
        return;
    };
    for feature in session
        .features
        .iter()
        .filter(|feature| !declared.contains(feature))
    {
        let expected = match declared.join(", ") {
            none if none.is_empty() => "none".to_owned(),
            some => some,
        };
        findings.invalid(
            UndeclaredFeature,
            "features of the kernel",
            expected,
            format_args!("`{feature}` too"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::Objection;
    use super::super::testing::{Story, objections};
    use super::*;

    #[test]
    fn an_undeclared_feature_is_found_and_a_declared_one_is_not() {
        let story = Story {
            features: "segments,inject",
            ..Story::default()
        };
        let declared = |features: &[&str]| Expectation {
            features: Some(features.iter().map(|f| (*f).to_owned()).collect()),
            ..Expectation::default()
        };
        let undeclared = ("features", Objection::Invalid(UndeclaredFeature));
        assert_eq!(objections(&story, &declared(&["segments"])), [undeclared]);
        assert_eq!(objections(&story, &declared(&["segments", "inject"])), []);
    }
}
