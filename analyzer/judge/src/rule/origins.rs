//! Frames and statements come from processors that the session has, and what the
//! recorder itself writes comes from no interrupt.

use super::required::Accounts;
use super::{Expectation, Findings};
use capbench_frames::trace::Trace;
use capbench_results::InvalidReason::DeclarationsContradict;
use std::collections::BTreeSet;
use trace_format::{Context, FrameKind};

pub(super) fn check(trace: &Trace, expected: &Expectation, findings: &mut Findings) {
    let statements = &trace.statements;
    let Some(session) = &statements.session else {
        return;
    };
    let frames = trace.origins.iter().map(|(_, cpu, _)| *cpu);
    let windows = trace.windows.iter().flat_map(|window| {
        let rings = window.rings.keys().map(|(cpu, _)| *cpu);
        rings.chain(window.counters.keys().map(|(cpu, _)| *cpu))
    });
    let costs = statements.calibrations.keys().map(|(cpu, _)| *cpu);
    let accounts = statements.accounts.keys().map(|(cpu, _)| *cpu);
    let cpus: BTreeSet<u16> = frames
        .chain(windows)
        .chain(costs)
        .chain(accounts)
        .chain(statements.clocks.keys().copied())
        .filter(|cpu| *cpu >= session.cpus)
        .collect();
    if let Some(cpu) = cpus.first() {
        let expected = format_args!("{} processors, from 0", session.cpus);
        findings.invalid(
            DeclarationsContradict,
            "origins",
            expected,
            format_args!("cpu {cpu}"),
        );
    }
    let written = [FrameKind::Control, FrameKind::Samples];
    let mut origins = trace.origins.iter();
    // Without rings there is nothing that an interrupt could record into.
    let required = expected.required.as_ref();
    let has_no_rings = required.is_some_and(|required| required.accounts == Accounts::NotKept);
    let from_interrupt = origins.find(|(kind, _, context)| {
        (written.contains(kind) || has_no_rings) && *context != Context::Thread
    });
    if let Some((kind, _, context)) = from_interrupt {
        findings.invalid(
            DeclarationsContradict,
            "origins",
            format_args!("{kind:?} frames of threads"),
            format_args!("one of context {context:?}"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::Objection;
    use super::super::testing::{Story, objections};
    use super::*;
    use trace_format::control::{Message, RingAccount};

    #[test]
    fn a_processor_that_the_session_does_not_have_is_found() {
        let found = |cpu| {
            let account = RingAccount {
                cpu,
                context: Context::Irq,
                begun: 0,
                committed: 0,
                dropped: 0,
                overwritten: 0,
                open: 0,
            };
            let story = Story {
                extra: vec![Message::RingAccount(account)],
                ..Story::default()
            };
            objections(&story, &Expectation::default())
        };
        assert_eq!(found(0), []);
        let elsewhere = ("origins", Objection::Invalid(DeclarationsContradict));
        assert_eq!(found(1), [elsewhere]);
    }
}
