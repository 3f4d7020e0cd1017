use super::*;
use capbench_results::{
    BootSummary, Digest, FailureReason, Measurement, Mode, Range, SampleKind, Unit,
};
use capbench_runner::guest::capos;
use capbench_runner::manifest::Catalogue;
use capbench_runner::plan::{Overrides, Plan};
use std::path::Path;

/// The rows of `ipc/round-trip` and of the smoke it stands on.
fn rows() -> Vec<Row> {
    let manifests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../manifests");
    let catalogue = Catalogue::load(&manifests).unwrap_or_else(|error| panic!("{error}"));
    let overrides = Overrides {
        guests: vec![capos::GUEST],
        ..Overrides::default()
    };
    let plan = Plan::new(&catalogue, "ipc/round-trip", &overrides);
    plan.unwrap().rows
}

fn passed() -> Outcome {
    let boot = BootSummary {
        trace: "t".into(),
        n: 1,
        median: 1.0,
        p95: None,
        cold: None,
    };
    Outcome::Passed(Measurement {
        unit: Unit::Instructions,
        lower_is_better: true,
        median: 1.0,
        p95: None,
        samples: vec![1.0],
        sample_kind: SampleKind::Operations,
        batch: 1,
        n: 1,
        min: 1.0,
        max: 1.0,
        sd: None,
        range: Range {
            low: 1.0,
            high: 1.0,
        },
        cold: None,
        boots: vec![boot],
        breakdown: None,
        mean: None,
        modes: Vec::new(),
        interval: None,
        instruments: Vec::new(),
        perturbations: Vec::new(),
        mispriced: Vec::new(),
    })
}

/// A result for each row, made by the row's name.
fn results(rows: &[Row], outcome: impl Fn(&str) -> Outcome) -> Vec<BenchmarkResult> {
    let result = |row: &Row| BenchmarkResult {
        run_id: "r".into(),
        benchmark_name: row.name.clone(),
        tier: row.benchmark.tier.into(),
        correctness_id: "x".into(),
        config_hash: Digest([1; 32]),
        artifact_hash: Some(Digest([2; 32])),
        notes: String::new(),
        guest: row.guest.to_string(),
        system: row.system.clone(),
        mode: Mode::Exact,
        authority_profile: "a".into(),
        labels: Vec::new(),
        attempts: 1,
        outcome: outcome(&row.name),
    };
    rows.iter().map(result).collect()
}

fn not_started() -> Outcome {
    Outcome::Failed(Refusal::new(FailureReason::NotStarted, "no emulator"))
}

#[test]
fn a_row_whose_smokes_passed_keeps_its_number() {
    let rows = rows();
    let mut all = results(&rows, |_| passed());
    enforce(&rows, &mut all);
    assert!(all.iter().all(|result| result.outcome == passed()));
}

#[test]
fn a_smoke_that_failed_takes_the_number_and_is_named() {
    let rows = rows();
    let mut all = results(&rows, |name| match name {
        "tier0/ipc/1" => not_started(),
        _ => passed(),
    });
    enforce(&rows, &mut all);
    let dependent = all.iter().filter(|r| r.benchmark_name.starts_with("ipc/"));
    let mut count = 0;
    for result in dependent {
        count += 1;
        let Outcome::Invalid(refusal) = &result.outcome else {
            panic!("{:?}", result.outcome);
        };
        assert_eq!(refusal.reason, InvalidReason::SmokeFailed);
        assert_eq!(
            refusal.detail,
            "tier0/ipc on capos is failed: notStarted: no emulator"
        );
        assert_eq!(refusal.evidence.len(), 1);
    }
    assert_eq!(count, 2, "both batch sizes");
}

#[test]
fn a_smoke_without_a_row_vouches_for_nothing() {
    let mut rows = rows();
    rows.retain(|row| !row.is_required_smoke);
    let mut all = results(&rows, |_| passed());
    enforce(&rows, &mut all);
    let kept = |result: &BenchmarkResult| result.outcome.measurement().is_some();
    assert!(!all.iter().any(kept));
}

#[test]
fn a_row_without_a_number_keeps_its_own_reason() {
    let rows = rows();
    let mut all = results(&rows, |_| not_started());
    enforce(&rows, &mut all);
    assert!(all.iter().all(|result| result.outcome == not_started()));
}
