//! Results made up for tests: every status, a mapping, instruments, a breakdown.

use capbench_results::*;

/// What a reader of capos rows must know.
const CAUTION: &str = "Rows of capos describe the reference kernel in this repository, not capOS.";

fn segment(name: &str, parent: &str, median: f64, share: f64) -> SegmentSummary {
    SegmentSummary {
        name: name.into(),
        parent: parent.into(),
        count: 1280,
        median,
        p95: Some(median),
        max: median as u64,
        share: Some(share),
        self_raw: Some(if name == "dispatch" { 0.0 } else { median }),
        self_corrected: Some(if name == "dispatch" {
            0.0
        } else {
            median - 4.0
        }),
        bucketed: name == "body",
    }
}

pub fn measurement(batch: u32, medians: &[f64], p95: Option<f64>) -> Measurement {
    let samples: Vec<f64> = medians.iter().flat_map(|median| [*median; 3]).collect();
    let low = medians.iter().copied().fold(f64::INFINITY, f64::min);
    let high = medians.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let median = medians[medians.len() / 2];
    Measurement {
        unit: Unit::Instructions,
        lower_is_better: true,
        median,
        p95,
        sample_kind: SampleKind::of_batch(batch),
        batch,
        n: samples.len() as u64,
        min: low,
        max: high,
        samples,
        sd: Some(0.0),
        range: Range { low, high },
        cold: Some(9310.0),
        boots: medians
            .iter()
            .enumerate()
            .map(|(boot, median)| BootSummary {
                trace: format!("capos-samples-{boot}.ktrace"),
                n: 3,
                median: *median,
                p95,
                cold: Some(9310.0),
            })
            .collect(),
        breakdown: (batch == 16).then(|| Breakdown {
            traces: vec!["capos-segments-0.ktrace".into()],
            dispatches: 1280,
            incomplete: 0,
            traced_median: Some(median + 61.0),
            tracing_effect: Some(61.0),
            self_bound: Some(3.0),
            segments: vec![
                segment("dispatch", "", 200.0, 0.0),
                segment("validate", "dispatch", 30.0, 0.15),
                segment("body", "dispatch", 170.0, 0.85),
                segment("copy", "body", 20.0, 0.1),
            ],
        }),
        mean: None,
        modes: Vec::new(),
        interval: None,
        instruments: Vec::new(),
        perturbations: Vec::new(),
        mispriced: Vec::new(),
    }
}

pub fn document(mode: Mode) -> Results {
    let mut list = Vec::new();
    let mut add = |name: &str, guest: &str, outcome| {
        list.push(BenchmarkResult {
            run_id: "2026-01-01-r1".into(),
            benchmark_name: name.into(),
            tier: 1,
            correctness_id: "completions:result+order".into(),
            config_hash: Digest([1; 32]),
            artifact_hash: Some(Digest([2; 32])),
            notes: String::new(),
            guest: guest.into(),
            system: if guest == "capos" {
                "ring"
            } else {
                "linux-matched"
            }
            .into(),
            mode,
            authority_profile: "ring-measure".into(),
            labels: Vec::new(),
            attempts: 1,
            outcome,
        });
    };
    add(
        "ring/nop/1",
        "capos",
        Outcome::Passed(measurement(1, &[412.0; 5], Some(412.0))),
    );
    let batch = measurement(16, &[103.25, 103.25, 103.5, 104.0, 103.25], Some(105.0));
    add("ring/nop/16", "capos", Outcome::Passed(batch));
    let evidence = |boot: u32| Evidence {
        source: format!("capos-samples-{boot}.ktrace"),
        subject: "oracle of window 3".into(),
        expected: "every check holds".into(),
        observed: "1 failed: user_data 7, expected 6".into(),
    };
    let refusal = Refusal::new(
        InvalidReason::VerifierFailed,
        format!("verifier: {}", evidence(0)),
    );
    let refusal = refusal.with(evidence(0)).with(evidence(1));
    add("ring/null-empty/1", "capos", Outcome::Invalid(refusal));
    let stopped = Refusal::new(FailureReason::TimedOut, "stopped after 60 s");
    add("ring/null-small/1", "capos", Outcome::Failed(stopped));
    let image = "no kernel image: pass --kernel FILE";
    let missing = Refusal::new(UnsupportedReason::NoGuestImage, image);
    add("ring/nop/1", "linux", Outcome::Unsupported(missing));
    let reason = NotApplicableReason::NoHonestTranslation;
    let nothing = Refusal::new(
        reason,
        "Linux has no park-shaped operation without a futex word",
    );
    add(
        "ring/park-compact/1",
        "linux",
        Outcome::NotApplicable(nothing),
    );
    Results {
        run: Run {
            id: "2026-01-01-r1".into(),
            suite: "ring".into(),
            mode,
            started_at: "2026-01-01T00:00:00Z".into(),
            tool: "capbench 0.1.0".into(),
            commit: "c0ffee".into(),
            dirty: true,
            boots: 5,
            envelope: Envelope {
                hash: Digest([3; 32]),
                description: "q35, qboot.rom, TCG icount shift=0, 1 vCPU, 512 MiB, QEMU 7.2.22"
                    .into(),
            },
            guests: vec![
                Guest {
                    name: "capos".into(),
                    title: "capos (reference kernel)".into(),
                    caution: Some(CAUTION.into()),
                },
                Guest {
                    name: "linux".into(),
                    title: "Linux".into(),
                    caution: None,
                },
            ],
        },
        results: list,
        comparisons: Vec::new(),
        context: Vec::new(),
    }
}

/// A Linux row that two more instruments watched.
fn watched(mode: Mode, system: &str, median: f64) -> BenchmarkResult {
    let reading = |observed, allowed| InstrumentReading {
        trace: "linux-perf-1.ktrace".into(),
        program: 10_000.0,
        observed,
        allowed,
    };
    let agreement = |pass: &str, instrument: &str, widest: Option<InstrumentReading>| {
        let judged = widest.is_some();
        InstrumentAgreement {
            pass: pass.into(),
            instrument: instrument.into(),
            unit: "ns".into(),
            agreed: if judged { 5 } else { 0 },
            not_judged: if judged { 0 } else { 2 },
            why: (!judged).then(|| "the loop was preempted".into()),
            widest,
        }
    };
    let mut row = document(mode).results.remove(0);
    let mut measured = measurement(1, &[median; 5], Some(median));
    measured.instruments = vec![
        agreement("samples", "markers", Some(reading(10_001.5, 10.0))),
        agreement("counts", "sys_enter.getppid", Some(reading(10_000.0, 0.0))),
        agreement("perf", "task clock", None),
    ];
    measured.perturbations = vec![Perturbation {
        pass: "counts".into(),
        median: median + 1629.0,
        effect: 1629.0,
    }];
    measured.mispriced = vec![Mispriced {
        kind: MispricedKind::FpuState,
        per_operation: None,
        counted_by: None,
    }];
    row.benchmark_name = "linux/null-syscall/1".into();
    row.guest = "linux".into();
    row.system = system.into();
    row.outcome = Outcome::Passed(measured);
    row
}

/// The document with counterparts beside its first row.
pub fn compared(mode: Mode) -> Results {
    let mut document = document(mode);
    document.results.push(watched(mode, "linux-matched", 337.0));
    document.results.push(watched(mode, "linux-stock", 674.0));
    let mut refused = document.results[4].clone();
    refused.benchmark_name = "linux/io-uring-nop/1".into();
    refused.system = "linux-matched".into();
    document.results.push(refused);
    let numerator = RowName::of(&document.results[0]);
    let rows = document.results[6..].to_vec();
    document.comparisons = rows
        .iter()
        .map(|row| Comparison {
            numerator: numerator.clone(),
            denominator: RowName::of(row),
            difference: format!("{} posts no completion.", row.benchmark_name),
            outcome: match row.outcome.measurement() {
                Some(below) => ComparisonOutcome::Ratio(Ratio {
                    value: 412.0 / below.median,
                    unit: below.unit,
                    numerator: 412.0,
                    denominator: below.median,
                    numerator_headline: HeadlineKind::Median,
                    denominator_headline: HeadlineKind::Median,
                }),
                None => ComparisonOutcome::None(Refusal::new(
                    NoRatioReason::NotMeasured,
                    "linux/io-uring-nop/1 on linux-matched is unsupported: noGuestImage",
                )),
            },
        })
        .collect();
    let native = |benchmark: &str, outcome| ContextRow {
        column: "native host".into(),
        benchmark_name: benchmark.into(),
        source: "Linux 6.1 on a processor".into(),
        outcome,
    };
    let refusal = Refusal::new(
        UnsupportedReason::MissingSubsystem,
        "io_uring_setup: EPERM (1)",
    );
    document.context = vec![
        native(
            "linux/null-syscall/1",
            Outcome::Passed(ContextValue {
                unit: Unit::Ns,
                median: 187.78,
                min: 180.0,
                n: 256,
            }),
        ),
        native("linux/io-uring-nop/1", Outcome::Unsupported(refusal)),
    ];
    document
}
