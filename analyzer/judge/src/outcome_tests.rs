use super::*;
use crate::rule::testing::Story;
use crate::rule::{Ending, Expectation, Stream, check, check_without_trace, streams_differ};
use capbench_frames::trace::read_bytes;
use capbench_results::{Digest, Status};

const ROW: Row = Row {
    benchmark: "ring/nop/16",
    batch: 16,
    samples: Some(3),
    unit: Unit::Instructions,
    lower_is_better: true,
};

fn outcome_of(row: &Row, measured: &[Story], traced: &[Story]) -> Outcome {
    let read = |story: &Story| read_bytes(&story.bytes(), "boot").unwrap();
    let judge = |trace: &Trace| check(trace, &Expectation::default());
    let measured: Vec<Trace> = measured.iter().map(read).collect();
    let traced: Vec<Trace> = traced.iter().map(read).collect();
    let findings = |traces: &[Trace]| traces.iter().map(judge).collect::<Vec<_>>();
    let (judged, judged_traced) = (findings(&measured), findings(&traced));
    let boots = |traces, findings: &'static [Vec<Finding>]| -> Vec<Boot> {
        let traces: &'static [Trace] = traces;
        traces
            .iter()
            .zip(findings)
            .map(|(trace, findings)| Boot { trace, findings })
            .collect()
    };
    // Leaking keeps the test short; a process of tests ends soon.
    let measured = boots(measured.leak(), judged.leak());
    let traced = boots(traced.leak(), judged_traced.leak());
    let material = Material {
        measured: &measured,
        traced: &traced,
        ..Material::default()
    };
    outcome(row, &material)
}

#[test]
fn clean_boots_yield_a_number_and_a_breakdown() {
    let good = Story::default();
    let outcome = outcome_of(&ROW, &[good.clone(), good.clone()], &[good]);
    let Outcome::Passed(measurement) = outcome else {
        panic!("{outcome:?}")
    };
    measurement.check().unwrap();
    assert_eq!(measurement.median, 300.0);
    assert_eq!(measurement.n, 6);
    assert_eq!(measurement.cold, Some(300.0));
    assert_eq!(measurement.sample_kind, SampleKind::BatchMeans);
    assert_eq!(measurement.p95, None, "three samples support no percentile");
    let breakdown = measurement.breakdown.as_ref().unwrap();
    assert_eq!((breakdown.dispatches, breakdown.incomplete), (64, 0));
    let names: Vec<&str> = breakdown.segments.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["dispatch", "validate", "body"]);
    let shares: f64 = breakdown
        .segments
        .iter()
        .filter_map(|segment| segment.share)
        .sum();
    assert_eq!(shares, 1.0);
    assert_eq!(breakdown.segments[1].median, 100.0);
    assert_eq!(breakdown.segments[0].self_raw, Some(0.0));
    assert_eq!(
        breakdown.segments[0].self_corrected, None,
        "nothing was calibrated"
    );
    assert_eq!(breakdown.tracing_effect, Some(0.0));
}

#[test]
fn eight_boots_give_an_interval_and_seven_do_not() {
    let interval = |boots: usize| {
        let outcome = outcome_of(&ROW, &vec![Story::default(); boots], &[]);
        let measurement = outcome.measurement().unwrap();
        measurement.check().unwrap();
        (measurement.median, measurement.interval)
    };
    let (_, none) = interval(7);
    assert_eq!(none, None);
    let (median, some) = interval(8);
    let some = some.unwrap();
    assert_eq!(
        (some.low, some.high, some.confidence),
        (median, median, 0.95)
    );
}

#[test]
fn one_bad_boot_of_several_refuses_the_number() {
    let good = Story::default();
    let bad = Story {
        wrong_results: 1,
        ..Story::default()
    };
    let outcome = outcome_of(&ROW, &[good.clone(), bad.clone(), good.clone()], &[]);
    let Outcome::Invalid(refusal) = &outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(refusal.reason, InvalidReason::VerifierFailed);
    assert!(
        refusal.detail.contains("user_data 7, expected 6"),
        "{}",
        refusal.detail
    );
    let traced_bad = outcome_of(&ROW, &[good], &[bad]);
    assert_eq!(traced_bad.status(), Status::Invalid);
}

#[test]
fn a_benchmark_without_a_window_never_ran() {
    let row = Row {
        benchmark: "ring/nop/1",
        ..ROW
    };
    let Outcome::Failed(refusal) = outcome_of(&row, &[Story::default()], &[]) else {
        panic!()
    };
    assert_eq!(refusal.reason, FailureReason::NeverRan);
}

#[test]
fn fewer_samples_than_declared_are_incomplete() {
    let row = Row {
        samples: Some(4),
        ..ROW
    };
    let Outcome::Failed(refusal) = outcome_of(&row, &[Story::default()], &[]) else {
        panic!()
    };
    assert_eq!(refusal.reason, FailureReason::Incomplete);
}

#[test]
fn another_batch_than_the_rows_is_another_workload() {
    let row = Row { batch: 1, ..ROW };
    assert_eq!(
        outcome_of(&row, &[Story::default()], &[]).status(),
        Status::Invalid
    );
}

#[test]
fn the_cause_names_the_reason_and_the_consequences_are_evidence() {
    let trace = read_bytes(
        &Story {
            unfinished: true,
            ..Story::default()
        }
        .bytes(),
        "boot",
    );
    let ending = Some(Ending::Abnormal("signal 9".into()));
    let trace = trace.unwrap();
    let findings = check(
        &trace,
        &Expectation {
            ending,
            ..Expectation::default()
        },
    );
    let boot = Boot {
        trace: &trace,
        findings: &findings,
    };
    let material = Material {
        measured: &[boot],
        ..Material::default()
    };
    let Outcome::Invalid(refusal) = outcome(&ROW, &material) else {
        panic!()
    };
    assert_eq!(refusal.reason, InvalidReason::AbnormalExit);
    assert_eq!(refusal.evidence.len(), 2);
}

#[test]
fn boots_that_differ_refuse_every_number() {
    let trace = read_bytes(&Story::default().bytes(), "boot").unwrap();
    let stream = |byte| Stream {
        trace: None,
        source: "boot".into(),
        hash: Digest([byte; 32]),
    };
    let across = streams_differ(&[stream(1), stream(2)]);
    let boot = Boot {
        trace: &trace,
        findings: &[],
    };
    let material = Material {
        measured: &[boot],
        across: &across,
        ..Material::default()
    };
    let Outcome::Invalid(refusal) = outcome(&ROW, &material) else {
        panic!()
    };
    assert_eq!(refusal.reason, InvalidReason::StreamsDiffer);
}

#[test]
fn a_boot_that_left_nothing_is_refused_for_how_it_ended() {
    let ending = Some(Ending::TimedOut("60 s".into()));
    let findings = check_without_trace(
        "boot",
        &Expectation {
            ending,
            ..Expectation::default()
        },
    );
    let Outcome::Failed(refusal) = refused(&ROW, &findings) else {
        panic!()
    };
    assert_eq!(refusal.reason, FailureReason::TimedOut);
}
