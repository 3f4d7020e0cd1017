//! Every processor says once what its clock is worth, and in exact mode it is the
//! emulator's, which counts an instruction as a nanosecond.

use super::{Expectation, Findings};
use capbench_frames::trace::Trace;
use capbench_results::InvalidReason::{EvidenceMissing, SessionMismatch};

/// A clock that counts instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Signature of the hypervisor that drives it.
    pub hypervisor: &'static str,
    /// Ticks per second.
    pub tsc_hz: u64,
}

/// Guests measure the frequency against another clock, for some milliseconds: within one
/// part in this many.
const TOLERANCE: u64 = 100;

pub(super) fn check(trace: &Trace, expected: &Expectation, findings: &mut Findings) {
    let clocks = &trace.statements.clocks;
    if let Some(first) = clocks.get(&0)
        && (first.offset_ticks, first.offset_bound_ticks) != (0, 0)
    {
        let (offset, bound) = (first.offset_ticks, first.offset_bound_ticks);
        findings.invalid(
            SessionMismatch,
            "the clock of cpu 0",
            "no offset, as all offsets are against it",
            format_args!("{offset} ticks, ±{bound}"),
        );
    }
    let (Some(expected), Some(session)) = (expected.clock, &trace.statements.session) else {
        return;
    };
    for cpu in (0..session.cpus).filter(|cpu| !clocks.contains_key(cpu)) {
        let subject = format_args!("the clock of cpu {cpu}");
        findings.invalid(EvidenceMissing, subject, "a certificate", "none");
    }
    for (cpu, clock) in clocks {
        let subject = format!("the clock of cpu {cpu}");
        if clock.hypervisor != expected.hypervisor {
            let observed = format!("that of {:?}", clock.hypervisor);
            let emulator = format_args!("the emulator's, {}", expected.hypervisor);
            findings.invalid(SessionMismatch, &subject, emulator, observed);
        }
        let around = expected.tsc_hz / TOLERANCE;
        if clock.tsc_hz.abs_diff(expected.tsc_hz) > around {
            let observed = format!("{} Hz", clock.tsc_hz);
            let emulator = format_args!("{} Hz, ±{around}", expected.tsc_hz);
            findings.invalid(SessionMismatch, &subject, emulator, observed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Objection;
    use super::super::testing::{Story, objections};
    use super::*;
    use trace_format::control::{ClockCertificate, ClockSource, Message};

    fn found(certificate: Option<ClockCertificate<'static>>) -> Vec<(&'static str, Objection)> {
        let story = Story {
            extra: certificate
                .map(Message::ClockCertificate)
                .into_iter()
                .collect(),
            ..Story::default()
        };
        let clock = Some(Clock {
            hypervisor: "TCGTCGTCGTCG",
            tsc_hz: 1_000_000_000,
        });
        objections(
            &story,
            &Expectation {
                clock,
                ..Expectation::default()
            },
        )
    }

    fn certificate() -> ClockCertificate<'static> {
        ClockCertificate {
            cpu: 0,
            tsc_hz: 999_933_770,
            source: ClockSource::IntervalTimer,
            invariant: false,
            hypervisor: "TCGTCGTCGTCG",
            counts_instructions: true,
            offset_ticks: 0,
            offset_bound_ticks: 0,
        }
    }

    const MISMATCH: (&str, Objection) = ("clocks", Objection::Invalid(SessionMismatch));

    #[test]
    fn a_processor_without_a_certificate_is_found() {
        assert_eq!(found(Some(certificate())), []);
        let missing = ("clocks", Objection::Invalid(EvidenceMissing));
        assert_eq!(found(None), [missing]);
    }

    #[test]
    fn the_clock_of_something_else_than_the_emulator_is_found() {
        let others = [
            ClockCertificate {
                hypervisor: "KVMKVMKVM",
                ..certificate()
            },
            ClockCertificate {
                tsc_hz: 2_600_000_000,
                ..certificate()
            },
            ClockCertificate {
                offset_ticks: 1,
                ..certificate()
            },
        ];
        for other in others {
            assert_eq!(found(Some(other)), [MISMATCH]);
        }
    }
}
