//! Any document that our own programs could have written.

#![allow(dead_code)] // Each test file uses its own part.

use capbench_results::*;
use proptest::prelude::*;
use proptest::sample::select;

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        (0..100_000u32).prop_map(f64::from),
        -1e12..1e12f64,
        Just(1.0 / 3.0)
    ]
}

fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 32]>().prop_map(Digest)
}

fn optional_number() -> impl Strategy<Value = Option<f64>> {
    prop::option::of(number())
}

fn segment() -> impl Strategy<Value = SegmentSummary> {
    (
        (
            any::<String>(),
            any::<String>(),
            any::<u64>(),
            number(),
            optional_number(),
        ),
        (
            any::<u64>(),
            prop::option::of(0.0..=1.0),
            optional_number(),
            optional_number(),
            any::<bool>(),
        ),
    )
        .prop_map(
            |(
                (name, parent, count, median, p95),
                (max, share, self_raw, self_corrected, bucketed),
            )| {
                SegmentSummary {
                    name,
                    parent,
                    count,
                    median,
                    p95,
                    max,
                    share,
                    self_raw,
                    self_corrected,
                    bucketed,
                }
            },
        )
}

fn breakdown() -> impl Strategy<Value = Breakdown> {
    (
        prop::collection::vec(any::<String>(), 0..3),
        any::<u64>(),
        any::<u64>(),
        optional_number(),
        optional_number(),
        prop::collection::vec(segment(), 0..4),
    )
        .prop_map(
            |(traces, dispatches, incomplete, traced_median, self_bound, segments)| Breakdown {
                traces,
                dispatches,
                incomplete,
                traced_median,
                tracing_effect: None,
                self_bound,
                segments,
            },
        )
}

pub fn measurement(mode: Mode) -> impl Strategy<Value = Measurement> {
    let units: Vec<Unit> = Unit::ALL
        .iter()
        .copied()
        .filter(|unit| unit.belongs_to(mode))
        .collect();
    (
        select(units),
        any::<bool>(),
        prop::collection::vec(
            (
                any::<String>(),
                prop::collection::vec(number(), 1..20),
                optional_number(),
            ),
            1..6,
        ),
        (optional_number(), optional_number(), optional_number()),
        1..100u32,
        prop::option::of(breakdown()),
    )
        .prop_map(
            |(unit, lower_is_better, boots, (p95, sd, cold), batch, breakdown)| {
                let middle = |values: &[f64]| {
                    let mut sorted = values.to_vec();
                    sorted.sort_by(f64::total_cmp);
                    sorted[sorted.len() / 2]
                };
                let samples: Vec<f64> = boots
                    .iter()
                    .flat_map(|(_, samples, _)| samples.clone())
                    .collect();
                let boots: Vec<BootSummary> = boots
                    .iter()
                    .map(|(trace, samples, cold)| BootSummary {
                        trace: trace.clone(),
                        n: samples.len() as u64,
                        median: middle(samples),
                        p95: None,
                        cold: *cold,
                    })
                    .collect();
                let breakdown = |median: f64| {
                    breakdown.map(|breakdown| Breakdown {
                        tracing_effect: breakdown.traced_median.map(|traced| traced - median),
                        ..breakdown
                    })
                };
                let medians: Vec<f64> = boots.iter().map(|boot| boot.median).collect();
                let low = |values: &[f64]| values.iter().copied().fold(f64::INFINITY, f64::min);
                let high =
                    |values: &[f64]| values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                Measurement {
                    unit,
                    lower_is_better,
                    median: middle(&medians),
                    p95,
                    sample_kind: SampleKind::of_batch(batch),
                    batch,
                    n: samples.len() as u64,
                    min: low(&samples),
                    max: high(&samples),
                    samples,
                    sd,
                    range: Range {
                        low: low(&medians),
                        high: high(&medians),
                    },
                    cold,
                    boots,
                    breakdown: breakdown(middle(&medians)),
                }
            },
        )
}

fn refusal<R: Copy + std::fmt::Debug + 'static>(
    reasons: &'static [R],
) -> impl Strategy<Value = Refusal<R>> {
    let evidence =
        any::<[String; 4]>().prop_map(|[source, subject, expected, observed]| Evidence {
            source,
            subject,
            expected,
            observed,
        });
    (
        select(reasons),
        any::<String>(),
        prop::collection::vec(evidence, 0..3),
    )
        .prop_map(|(reason, detail, evidence)| Refusal {
            reason,
            detail,
            evidence,
        })
}

fn outcome(mode: Mode) -> impl Strategy<Value = Outcome> {
    prop_oneof![
        measurement(mode).prop_map(Outcome::Passed),
        refusal(FailureReason::ALL).prop_map(Outcome::Failed),
        refusal(UnsupportedReason::ALL).prop_map(Outcome::Unsupported),
        refusal(InvalidReason::ALL).prop_map(Outcome::Invalid),
        refusal(NotApplicableReason::ALL).prop_map(Outcome::NotApplicable),
    ]
}

fn result(run_id: String, mode: Mode) -> impl Strategy<Value = BenchmarkResult> {
    (
        (
            any::<String>(),
            any::<u16>(),
            any::<String>(),
            digest(),
            digest(),
        ),
        (
            any::<String>(),
            any::<String>(),
            any::<String>(),
            any::<bool>(),
            outcome(mode),
        ),
    )
        .prop_map(
            move |(
                (benchmark_name, tier, correctness_id, config_hash, artifact_hash),
                (notes, guest, authority_profile, captured, outcome),
            )| BenchmarkResult {
                run_id: run_id.clone(),
                benchmark_name,
                tier,
                correctness_id,
                config_hash,
                artifact_hash: (captured || outcome.measurement().is_some())
                    .then_some(artifact_hash),
                notes,
                guest,
                mode,
                authority_profile,
                outcome,
            },
        )
}

pub fn results() -> impl Strategy<Value = Results> {
    let run = (
        (
            any::<String>(),
            any::<String>(),
            select(Mode::ALL),
            any::<String>(),
            any::<String>(),
        ),
        (
            any::<String>(),
            any::<bool>(),
            any::<u32>(),
            digest(),
            any::<String>(),
        ),
    )
        .prop_map(
            |((id, suite, mode, started_at, tool), (commit, dirty, boots, hash, description))| {
                Run {
                    id,
                    suite,
                    mode,
                    started_at,
                    tool,
                    commit,
                    dirty,
                    boots,
                    envelope: Envelope { hash, description },
                }
            },
        );
    run.prop_flat_map(|run| {
        let results = prop::collection::vec(result(run.id.clone(), run.mode), 0..4);
        (Just(run), results).prop_map(|(run, results)| Results { run, results })
    })
}
