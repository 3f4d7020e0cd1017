//! What a probe costs was measured before its records are believed: on every processor,
//! for every kind that is declared.

use super::{Expectation, Findings};
use capbench_frames::trace::Trace;
use capbench_results::InvalidReason::EvidenceMissing;
use trace_format::control::{ProbeKind, SegmentKind};

use super::required::Accounts;

pub(super) fn check(trace: &Trace, expected: &Expectation, findings: &mut Findings) {
    let statements = &trace.statements;
    let of_recorder = expected.required.as_ref();
    let of_recorder = of_recorder.filter(|required| required.accounts == Accounts::Kept);
    let (Some(_), Some(session)) = (of_recorder, &statements.session) else {
        return;
    };
    let mut probes = vec![ProbeKind::Instant, ProbeKind::Count];
    if trace.totals.records > 0 {
        let kinds = statements.segments.values().map(|segment| segment.kind);
        probes.extend(kinds.map(|kind| match kind {
            SegmentKind::Span => ProbeKind::Span,
            SegmentKind::Lap => ProbeKind::Lap,
            SegmentKind::Dispatch => ProbeKind::Dispatch,
        }));
    }
    probes.sort_unstable();
    probes.dedup();
    for cpu in 0..session.cpus {
        for probe in &probes {
            let observed = match statements.calibrations.get(&(cpu, *probe)) {
                None => "none",
                Some(cost) if cost.iterations == 0 => "one of no repetitions",
                Some(cost) if cost.inner_ticks == 0 && cost.outer_ticks == 0 => "one of no ticks",
                Some(_) => continue,
            };
            let subject = format_args!("the cost of {probe:?} probes on cpu {cpu}");
            findings.invalid(EvidenceMissing, subject, "a calibration", observed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Story, objections};
    use super::super::{Objection, Required};
    use super::*;
    use trace_format::control::{Calibration, Message};

    fn found(calibrations: &[Calibration]) -> Vec<(&'static str, Objection)> {
        let extra = calibrations.iter().copied().map(Message::Calibration);
        let story = Story {
            extra: extra.collect(),
            ..Story::default()
        };
        let required = Required {
            accounts: Accounts::Kept,
            ..Required::default()
        };
        let expected = Expectation {
            required: Some(required),
            ..Expectation::default()
        };
        let found = objections(&story, &expected).into_iter();
        found.filter(|(rule, _)| *rule == "calibrations").collect()
    }

    #[test]
    fn a_probe_whose_cost_nobody_measured_is_found() {
        let cost = |probe| Calibration {
            cpu: 0,
            probe,
            inner_ticks: 5,
            outer_ticks: 20,
            bound_ticks: 1,
            iterations: 512,
        };
        use ProbeKind::{Count, Dispatch, Instant, Lap};
        let all = [Lap, Dispatch, Instant, Count].map(cost);
        assert_eq!(found(&all), []);
        let missing = ("calibrations", Objection::Invalid(EvidenceMissing));
        assert_eq!(found(&all[1..]), [missing]);
        for nothing in [
            Calibration {
                iterations: 0,
                ..all[0]
            },
            Calibration {
                inner_ticks: 0,
                outer_ticks: 0,
                ..all[0]
            },
        ] {
            let others = [nothing, all[1], all[2], all[3]];
            assert_eq!(found(&others), [missing]);
        }
    }
}
