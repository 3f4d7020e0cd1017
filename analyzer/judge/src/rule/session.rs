//! The stream is of the boot it is kept for: its variant, its kernel, its processors and
//! the clock that its mode drives.

use super::{Expectation, Findings};
use capbench_frames::trace::Trace;
use capbench_results::InvalidReason::SessionMismatch;
use std::fmt::Display;

/// What a boot's stream must say of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The variant that was booted.
    pub variant: String,
    /// Name of the kernel; where it ends with a space, any version may follow.
    pub kernel: String,
    /// Slots of its thread ring, where it was asked for a number.
    pub ring_slots: Option<u32>,
    /// Processors of the machine.
    pub cpus: u16,
    /// Whether the machine's clock counts instructions; unknown where only the guest can
    /// say.
    pub counts_instructions: Option<bool>,
}

pub(super) fn check(trace: &Trace, expected: &Expectation, findings: &mut Findings) {
    let Some(expected) = &expected.session else {
        return;
    };
    let mut differs = |expected: &dyn Display, observed: &dyn Display| {
        findings.invalid(SessionMismatch, "the stream's session", expected, observed);
    };
    let Some(session) = &trace.statements.session else {
        differs(&format_args!("one of {}", expected.kernel), &"none");
        return;
    };
    if session.variant != expected.variant {
        let variant = format_args!("variant {}", expected.variant);
        differs(&variant, &session.variant);
    }
    let version = session.kernel.strip_prefix(&expected.kernel);
    if !version.is_some_and(|version| version.is_empty() || expected.kernel.ends_with(' ')) {
        let kernel = format_args!("kernel {}", expected.kernel);
        differs(&kernel, &session.kernel);
    }
    if session.cpus != expected.cpus {
        differs(&format_args!("{} processors", expected.cpus), &session.cpus);
    }
    if let Some(slots) = expected
        .ring_slots
        .filter(|slots| *slots != session.ring_slots)
    {
        differs(
            &format_args!("a ring of {slots} slots"),
            &session.ring_slots,
        );
    }
    if let Some(counts) = expected.counts_instructions {
        let clocks = &trace.statements.clocks;
        let says = |counts| if counts { "instructions" } else { "time" };
        let expected = format_args!("clocks that count {}", says(counts));
        if clocks.is_empty() {
            differs(&expected, &"no clock certificate");
        }
        for (cpu, clock) in clocks {
            if clock.counts_instructions != counts {
                let observed = format_args!("cpu {cpu}: {}", says(!counts));
                differs(&expected, &observed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Objection;
    use super::super::testing::{Story, objections};
    use super::*;
    use trace_format::control::{ClockCertificate, ClockSource, Message};

    fn of_story() -> Session {
        Session {
            variant: "segments".into(),
            kernel: "test".into(),
            ring_slots: None,
            cpus: 1,
            counts_instructions: None,
        }
    }

    fn found(story: &Story, session: Session) -> Vec<(&'static str, Objection)> {
        let session = Some(session);
        objections(
            story,
            &Expectation {
                session,
                ..Expectation::default()
            },
        )
    }

    const MISMATCH: (&str, Objection) = ("session", Objection::Invalid(SessionMismatch));

    #[test]
    fn the_stream_of_another_variant_kernel_or_machine_is_found() {
        assert_eq!(found(&Story::default(), of_story()), []);
        let others = [
            Session {
                variant: "samples".into(),
                ..of_story()
            },
            Session {
                kernel: "linux ".into(),
                ..of_story()
            },
            Session {
                kernel: "tes".into(),
                ..of_story()
            },
            Session {
                ring_slots: Some(2048),
                ..of_story()
            },
            Session {
                cpus: 2,
                ..of_story()
            },
        ];
        for other in others {
            assert_eq!(found(&Story::default(), other), [MISMATCH]);
        }
    }

    #[test]
    fn a_stream_that_does_not_say_whose_it_is_is_found() {
        let silent = Story {
            silent: true,
            ..Story::default()
        };
        assert!(found(&silent, of_story()).contains(&MISMATCH));
    }

    #[test]
    fn a_clock_that_counts_something_else_is_found_and_so_is_none() {
        let certificate = |counts_instructions| ClockCertificate {
            cpu: 0,
            tsc_hz: 1_000_000_000,
            source: ClockSource::Unknown,
            invariant: true,
            hypervisor: "TCGTCGTCGTCG",
            counts_instructions,
            offset_ticks: 0,
            offset_bound_ticks: 0,
        };
        let found = |extra| {
            let story = Story {
                extra,
                ..Story::default()
            };
            let session = Session {
                counts_instructions: Some(true),
                ..of_story()
            };
            found(&story, session)
        };
        assert_eq!(found(vec![]), [MISMATCH]);
        let clock = |counts| vec![Message::ClockCertificate(certificate(counts))];
        assert_eq!(found(clock(false)), [MISMATCH]);
        assert_eq!(found(clock(true)), []);
    }
}
