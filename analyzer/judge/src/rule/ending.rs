//! The boot ended as the guest meant it to.

use super::{Ending, Expectation, Findings, Objection};
use capbench_frames::trace::Trace;
use capbench_results::{FailureReason, InvalidReason};

pub(super) fn check(_: &Trace, expected: &Expectation, findings: &mut Findings) {
    use FailureReason::{InternalError, Interrupted, NotStarted, ProgramFailed, TimedOut};
    let Some(ending) = &expected.ending else {
        return;
    };
    let (objection, observed) = match ending {
        Ending::Clean => return,
        Ending::InitFailed => (Objection::Failed(ProgramFailed), "init reported a failure"),
        Ending::Panicked => (
            Objection::Invalid(InvalidReason::KernelPanic),
            "the kernel reported a panic",
        ),
        Ending::Abnormal(how) => (
            Objection::Invalid(InvalidReason::AbnormalExit),
            how.as_str(),
        ),
        Ending::TimedOut(after) => (Objection::Failed(TimedOut), after.as_str()),
        Ending::InternalError(what) => (Objection::Failed(InternalError), what.as_str()),
        Ending::Interrupted => (Objection::Failed(Interrupted), "somebody stopped the run"),
        Ending::NotStarted(why) => (Objection::Failed(NotStarted), why.as_str()),
    };
    findings.push(
        objection,
        None,
        "end of the boot",
        "a clean shutdown",
        observed,
    );
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Story, objections};
    use super::*;

    fn ended(ending: Ending) -> Vec<(&'static str, Objection)> {
        objections(
            &Story::default(),
            &Expectation {
                ending: Some(ending),
                ..Default::default()
            },
        )
    }

    #[test]
    fn a_clean_shutdown_is_no_finding() {
        assert_eq!(ended(Ending::Clean), []);
    }

    #[test]
    fn every_other_ending_has_its_own_reason() {
        let invalid = |reason| [("ending", Objection::Invalid(reason))];
        let failed = |reason| [("ending", Objection::Failed(reason))];
        let killed = Ending::Abnormal("signal 9".into());
        assert_eq!(ended(killed), invalid(InvalidReason::AbnormalExit));
        assert_eq!(ended(Ending::Panicked), invalid(InvalidReason::KernelPanic));
        assert_eq!(
            ended(Ending::InitFailed),
            failed(FailureReason::ProgramFailed)
        );
        assert_eq!(
            ended(Ending::TimedOut("60 s".into())),
            failed(FailureReason::TimedOut)
        );
        assert_eq!(
            ended(Ending::InternalError("KVM gave up".into())),
            failed(FailureReason::InternalError)
        );
        assert_eq!(
            ended(Ending::Interrupted),
            failed(FailureReason::Interrupted)
        );
    }
}
