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

fn agreement() -> impl Strategy<Value = InstrumentAgreement> {
    let reading = (any::<String>(), number(), -1.0..1.0f64).prop_map(|(trace, program, part)| {
        let allowed = program.abs() / 1000.0 + 1.0;
        InstrumentReading {
            trace,
            program,
            observed: program + allowed * part * 0.99,
            allowed,
        }
    });
    (
        any::<[String; 3]>(),
        prop::option::of((1..9u32, reading)),
        prop::option::of((1..9u32, any::<String>())),
    )
        .prop_map(
            |([pass, instrument, unit], judged, not_judged)| InstrumentAgreement {
                pass,
                instrument,
                unit,
                agreed: judged.as_ref().map_or(0, |(boots, _)| *boots),
                not_judged: not_judged.as_ref().map_or(0, |(boots, _)| *boots),
                why: not_judged.map(|(_, why)| why),
                widest: judged.map(|(_, reading)| reading),
            },
        )
}

fn mispriced() -> impl Strategy<Value = Mispriced> {
    (
        select(MispricedKind::ALL),
        prop::option::of((number(), "[a-z]{1,9}")),
    )
        .prop_map(|(kind, counted)| Mispriced {
            kind,
            per_operation: counted.as_ref().map(|(count, _)| *count),
            counted_by: counted.map(|(_, by)| by),
        })
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
            1..10,
        ),
        (optional_number(), optional_number(), optional_number()),
        1..100u32,
        prop::option::of(breakdown()),
        (
            prop::collection::vec(agreement(), 0..3),
            prop::collection::vec((any::<String>(), number()), 0..3),
            prop::collection::vec(mispriced(), 0..3),
        ),
    )
        .prop_map(
            |(
                unit,
                lower_is_better,
                boots,
                (p95, sd, cold),
                batch,
                breakdown,
                (instruments, perturbations, mispriced),
            )| {
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
                let perturbations = perturbations.into_iter();
                Measurement {
                    perturbations: perturbations
                        .map(|(pass, under)| Perturbation {
                            pass,
                            median: under,
                            effect: under - middle(&medians),
                        })
                        .collect(),
                    interval: (boots.len() >= 8).then(|| Interval {
                        low: low(&medians),
                        high: middle(&medians),
                        confidence: 0.95,
                    }),
                    instruments,
                    mispriced,
                    unit,
                    lower_is_better,
                    median: middle(&medians),
                    p95,
                    sample_kind: SampleKind::of_batch(batch),
                    batch,
                    n: samples.len() as u64,
                    min: low(&samples),
                    max: high(&samples),
                    sd,
                    range: Range {
                        low: low(&medians),
                        high: high(&medians),
                    },
                    cold,
                    mean: Some(low(&samples)),
                    modes: modes(&samples),
                    boots,
                    breakdown: breakdown(middle(&medians)),
                    samples,
                }
            },
        )
}

/// The least and the largest, where they differ.
fn modes(samples: &[f64]) -> Vec<ValueMode> {
    let low = samples.iter().copied().fold(f64::INFINITY, f64::min);
    let high = samples.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    match low < high {
        true => [low, high]
            .map(|value| ValueMode { value, share: 0.5 })
            .into(),
        false => Vec::new(),
    }
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

/// Any two rows of a document, side by side.
fn comparisons(results: Vec<BenchmarkResult>) -> impl Strategy<Value = Vec<Comparison>> {
    let pair = (any::<prop::sample::Index>(), any::<prop::sample::Index>());
    let pairs = prop::collection::vec((pair, any::<String>()), 0..3);
    pairs.prop_map(move |pairs| {
        let pairs = pairs.into_iter().filter(|_| !results.is_empty());
        pairs
            .map(|((numerator, denominator), difference)| {
                let numerator = numerator.get(&results);
                let denominator = denominator.get(&results);
                Comparison {
                    numerator: RowName::of(numerator),
                    denominator: RowName::of(denominator),
                    difference,
                    outcome: side_by_side(numerator, denominator),
                }
            })
            .collect()
    })
}

fn side_by_side(numerator: &BenchmarkResult, denominator: &BenchmarkResult) -> ComparisonOutcome {
    let medians = (
        numerator.outcome.measurement(),
        denominator.outcome.measurement(),
    );
    match medians {
        (Some(n), Some(d)) if n.unit == d.unit && d.headline().value != 0.0 => {
            let (above, below) = (n.headline(), d.headline());
            ComparisonOutcome::Ratio(Ratio {
                value: above.value / below.value,
                unit: n.unit,
                numerator: above.value,
                denominator: below.value,
                numerator_headline: above.kind,
                denominator_headline: below.kind,
            })
        }
        _ => ComparisonOutcome::None(Refusal::new(NoRatioReason::NotMeasured, "no value")),
    }
}

fn context() -> impl Strategy<Value = ContextRow> {
    let value = (select(Unit::ALL), number(), 0.0..10.0f64, 1..u64::MAX).prop_map(
        |(unit, min, above, n)| ContextValue {
            unit,
            median: min + above,
            min,
            n,
        },
    );
    let outcome = prop_oneof![
        value.prop_map(Outcome::Passed),
        refusal(FailureReason::ALL).prop_map(Outcome::Failed),
        refusal(UnsupportedReason::ALL).prop_map(Outcome::Unsupported),
        refusal(InvalidReason::ALL).prop_map(Outcome::Invalid),
        refusal(NotApplicableReason::ALL).prop_map(Outcome::NotApplicable),
    ];
    (any::<[String; 3]>(), outcome).prop_map(|([column, benchmark_name, source], outcome)| {
        ContextRow {
            column,
            benchmark_name: benchmark_name.into(),
            source,
            outcome,
        }
    })
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
            any::<[String; 4]>(),
            prop::collection::vec(select(Label::ALL), 0..3),
            any::<u32>(),
            any::<bool>(),
            outcome(mode),
        ),
    )
        .prop_map(
            move |(
                (benchmark_name, tier, correctness_id, config_hash, artifact_hash),
                ([notes, guest, system, authority_profile], labels, attempts, captured, outcome),
            )| BenchmarkResult {
                run_id: run_id.clone(),
                benchmark_name: benchmark_name.into(),
                tier,
                correctness_id,
                config_hash,
                artifact_hash: (captured || outcome.measurement().is_some())
                    .then_some(artifact_hash),
                notes,
                guest,
                system,
                mode,
                authority_profile,
                labels,
                attempts,
                outcome,
            },
        )
}

/// Names tell rows apart, as in any document of ours.
fn distinct(
    results: impl Strategy<Value = Vec<BenchmarkResult>>,
) -> impl Strategy<Value = Vec<BenchmarkResult>> {
    results.prop_map(|mut results| {
        for (index, result) in results.iter_mut().enumerate() {
            result.system = format!("{index} {}", result.system);
        }
        results
    })
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
                    guests: Vec::new(),
                }
            },
        );
    let caution = prop::option::of("[a-z ]+");
    let guest =
        (any::<String>(), any::<String>(), caution).prop_map(|(name, title, caution)| Guest {
            name,
            title,
            caution,
        });
    let guests = prop::collection::vec(guest, 0..3);
    let run = (run, guests).prop_map(|(run, guests)| Run { guests, ..run });
    run.prop_flat_map(|run| {
        let results = prop::collection::vec(result(run.id.clone(), run.mode), 0..4);
        let context = prop::collection::vec(context(), 0..3);
        (Just(run), distinct(results), context)
    })
    .prop_flat_map(|(run, results, context)| {
        let comparisons = comparisons(results.clone());
        comparisons.prop_map(move |comparisons| Results {
            run: run.clone(),
            results: results.clone(),
            comparisons,
            context: context.clone(),
        })
    })
}
