use super::*;
use capbench_results::{
    BootSummary, Digest, HeadlineKind, Measurement, Mode, Outcome, Range, SampleKind, Unit,
    UnsupportedReason, ValueMode,
};

fn measurement(unit: Unit, median: f64) -> Measurement {
    Measurement {
        unit,
        lower_is_better: true,
        median,
        p95: None,
        samples: vec![median],
        sample_kind: SampleKind::Operations,
        batch: 1,
        n: 1,
        min: median,
        max: median,
        sd: None,
        range: Range {
            low: median,
            high: median,
        },
        cold: None,
        boots: vec![BootSummary {
            trace: "t".into(),
            n: 1,
            median,
            p95: None,
            cold: None,
        }],
        breakdown: None,
        mean: None,
        modes: Vec::new(),
        interval: None,
        instruments: Vec::new(),
        perturbations: Vec::new(),
        mispriced: Vec::new(),
    }
}

fn result(name: &str, system: &str, outcome: Outcome) -> BenchmarkResult {
    BenchmarkResult {
        run_id: "r".into(),
        benchmark_name: name.into(),
        tier: 1,
        correctness_id: "x".into(),
        config_hash: Digest([1; 32]),
        artifact_hash: Some(Digest([2; 32])),
        notes: String::new(),
        guest: system.split('-').next().unwrap().into(),
        system: system.into(),
        mode: Mode::Exact,
        authority_profile: "a".into(),
        labels: Vec::new(),
        attempts: 1,
        outcome,
    }
}

fn passed(name: &str, system: &str, median: f64) -> BenchmarkResult {
    let measurement = measurement(Unit::Instructions, median);
    result(name, system, Outcome::Passed(measurement))
}

fn compared(results: &[BenchmarkResult]) -> Vec<Comparison> {
    let rows: Vec<MatrixRow> = results
        .iter()
        .map(|result| MatrixRow {
            benchmark: result.benchmark_name.strip_suffix("/1").unwrap(),
            batch: 1,
            corpus: None,
            result,
        })
        .collect();
    let pair = |denominator: &str| Pair {
        numerator: ("ring/nop".into(), 1),
        denominator: (denominator.into(), 1),
        difference: "d".into(),
    };
    compare(&rows, &[pair("linux/uring"), pair("linux/getppid")]).unwrap()
}

#[test]
fn a_ratio_names_its_rows_and_is_their_medians_divided() {
    let found = compared(&[
        passed("ring/nop/1", "ring", 300.0),
        passed("linux/getppid/1", "linux-matched", 600.0),
    ]);
    let [comparison] = &found[..] else {
        panic!("{found:?}")
    };
    assert_eq!(comparison.numerator.system, "ring");
    assert_eq!(comparison.denominator.benchmark_name, "linux/getppid/1");
    assert_eq!(
        comparison.outcome,
        ComparisonOutcome::Ratio(Ratio {
            value: 0.5,
            unit: Unit::Instructions,
            numerator: 300.0,
            denominator: 600.0,
            numerator_headline: HeadlineKind::Median,
            denominator_headline: HeadlineKind::Median,
        })
    );
}

#[test]
fn several_mechanisms_and_several_systems_stand_beside_one_numerator() {
    let found = compared(&[
        passed("ring/nop/1", "ring", 300.0),
        passed("linux/getppid/1", "linux-matched", 600.0),
        passed("linux/getppid/1", "linux-stock", 900.0),
        passed("linux/uring/1", "linux-matched", 1200.0),
    ]);
    let denominators: Vec<(&str, &str)> = found
        .iter()
        .map(|c| {
            let name = &c.denominator;
            (name.benchmark_name.as_str(), name.system.as_str())
        })
        .collect();
    assert_eq!(
        denominators,
        [
            ("linux/uring/1", "linux-matched"),
            ("linux/getppid/1", "linux-matched"),
            ("linux/getppid/1", "linux-stock"),
        ]
    );
}

#[test]
fn rows_that_cannot_be_divided_say_why() {
    let missing = Refusal::new(UnsupportedReason::NoGuestImage, "no kernel");
    let idle = Outcome::Passed(measurement(Unit::VirtualNs, 600.0));
    let found = compared(&[
        passed("ring/nop/1", "ring", 300.0),
        result("linux/uring/1", "linux-matched", idle),
        result(
            "linux/getppid/1",
            "linux-matched",
            Outcome::Unsupported(missing),
        ),
    ]);
    let refusals: Vec<(NoRatioReason, &str)> = found
        .iter()
        .map(|comparison| match &comparison.outcome {
            ComparisonOutcome::None(refusal) => (refusal.reason, refusal.detail.as_str()),
            ComparisonOutcome::Ratio(_) => panic!("{comparison:?}"),
        })
        .collect();
    assert_eq!(
        refusals,
        [
            (
                NoRatioReason::UnitsDiffer,
                "ring/nop/1 on ring counts instructions and linux/uring/1 on linux-matched counts virtual_ns"
            ),
            (
                NoRatioReason::NotMeasured,
                "linux/getppid/1 on linux-matched is unsupported: noGuestImage"
            ),
        ]
    );
}

#[test]
fn rows_of_different_input_are_never_divided() {
    let results = [
        passed("ring/nop/1", "ring", 300.0),
        passed("linux/getppid/1", "linux-matched", 600.0),
    ];
    let outcome = |corpora: [Option<&'static str>; 2]| {
        let names = ["ring/nop", "linux/getppid"];
        let rows = [0, 1].map(|at| MatrixRow {
            benchmark: names[at],
            batch: 1,
            corpus: corpora[at],
            result: &results[at],
        });
        let pair = Pair {
            numerator: (names[0].into(), 1),
            denominator: (names[1].into(), 1),
            difference: "d".into(),
        };
        compare(&rows, &[pair]).unwrap().remove(0).outcome
    };
    for same in [[None; 2], [Some("words 1f"); 2]] {
        assert!(
            matches!(outcome(same), ComparisonOutcome::Ratio(_)),
            "{same:?}"
        );
    }
    for different in [
        [Some("words 1f"), Some("words 2e")],
        [None, Some("words 1f")],
    ] {
        let ComparisonOutcome::None(refusal) = outcome(different) else {
            panic!("{different:?} was divided")
        };
        assert_eq!(refusal.reason, NoRatioReason::ReferenceMismatch);
        assert!(refusal.detail.contains("linux/getppid/1 works on words"));
    }
}

#[test]
fn a_pair_with_a_side_that_did_not_run_is_none() {
    assert_eq!(compared(&[passed("ring/nop/1", "ring", 300.0)]), []);
    assert_eq!(compared(&[]), []);
}

#[test]
fn a_row_with_two_modes_is_divided_by_its_mean_and_the_ratio_says_so() {
    let mut two_modes = passed("linux/getppid/1", "linux-matched", 955.0);
    let Outcome::Passed(measurement) = &mut two_modes.outcome else {
        panic!("it passed");
    };
    measurement.mean = Some(930.0);
    measurement.modes = [(910.0, 0.5), (955.0, 0.5)]
        .map(|(value, share)| ValueMode { value, share })
        .into();
    let found = compared(&[passed("ring/nop/1", "ring", 300.0), two_modes]);
    let ComparisonOutcome::Ratio(ratio) = &found[0].outcome else {
        panic!("{found:?}");
    };
    assert_eq!(ratio.value, 300.0 / 930.0);
    assert_eq!(ratio.numerator_headline, HeadlineKind::Median);
    assert_eq!(ratio.denominator_headline, HeadlineKind::Mean);
}

#[test]
fn nothing_is_divided_by_zero_and_the_reason_says_so() {
    let found = compared(&[
        passed("ring/nop/1", "ring", 300.0),
        passed("linux/getppid/1", "linux-matched", 0.0),
    ]);
    let ComparisonOutcome::None(refusal) = &found[0].outcome else {
        panic!("{found:?}");
    };
    assert_eq!(refusal.reason, NoRatioReason::ZeroDenominator);
    assert!(refusal.detail.contains("linux/getppid/1"));
}
