//! Against SciPy and other implementations: `vectors/generate.py` says which, in
//! which versions, and how each vector was made.

use std::num::NonZeroU32;

use capbench_stats::{
    Alternative, Computation, Confidence, Interval, Onset, Replicates, Resampling, cliffs_delta,
    dip, hodges_lehmann_shift, mann_whitney, mean, median, warm_up,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vectors {
    two_samples: Vec<TwoSamples>,
    bootstrap: Vec<Bootstrap>,
    dip: Vec<Dip>,
    change: Vec<Change>,
}

#[derive(Deserialize)]
struct TwoSamples {
    name: String,
    first: Vec<f64>,
    second: Vec<f64>,
    exact: bool,
    delta: f64,
    shift: f64,
    u_first: f64,
    p: ByAlternative,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ByAlternative {
    different: f64,
    first_greater: f64,
    first_less: f64,
}

#[derive(Deserialize)]
struct Bootstrap {
    name: String,
    values: Vec<f64>,
    statistic: String,
    confidence: f64,
    seed: u64,
    resamples: NonZeroU32,
    replicates: Option<Vec<f64>>,
    percentile: (f64, f64),
    bca: (f64, f64),
}

#[derive(Deserialize)]
struct Dip {
    name: String,
    values: Vec<f64>,
    dip: f64,
}

#[derive(Deserialize)]
struct Change {
    name: String,
    values: Vec<f64>,
    before: usize,
    p: f64,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("vectors/vectors.json")).expect("vectors are valid JSON")
}

fn close(ours: f64, theirs: f64, relative: f64) -> bool {
    (ours - theirs).abs() <= relative * theirs.abs().max(f64::MIN_POSITIVE)
}

#[test]
fn mann_whitney_agrees_with_scipy() {
    for case in vectors().two_samples {
        for (alternative, theirs) in [
            (Alternative::Different, case.p.different),
            (Alternative::FirstGreater, case.p.first_greater),
            (Alternative::FirstLess, case.p.first_less),
        ] {
            let ours = mann_whitney(&case.first, &case.second, alternative).unwrap();
            assert_eq!(ours.u_first, case.u_first, "{}", case.name);
            assert_eq!(
                ours.computation == Computation::Exact,
                case.exact,
                "{}",
                case.name
            );
            assert!(
                close(ours.p_value, theirs, 1e-10),
                "{}, {alternative:?}: {} is not {theirs}",
                case.name,
                ours.p_value
            );
        }
    }
}

#[test]
fn delta_and_shift_agree_with_numpy() {
    for case in vectors().two_samples {
        let delta = cliffs_delta(&case.first, &case.second).unwrap();
        assert!((delta - case.delta).abs() < 1e-14, "{}: {delta}", case.name);
        let shift = hodges_lehmann_shift(&case.first, &case.second).unwrap();
        assert!((shift - case.shift).abs() < 1e-14, "{}: {shift}", case.name);
    }
}

/// The vectors' resamples are ours, drawn by an independent implementation of the
/// same generator, so nothing is left to chance: only the order of additions differs.
/// An end may fall between two replicates, and BCa's share carries the error of two
/// normal distribution functions; both are covered by 10⁻⁹ of the values' spread.
#[test]
fn bootstrap_intervals_agree_with_scipy_on_the_same_resamples() {
    for case in vectors().bootstrap {
        let statistic = |values: &[f64]| {
            let exact = match case.statistic.as_str() {
                "mean" => mean(values).unwrap(),
                "median" => median(values).unwrap(),
                "variance" => {
                    let centre = mean(values).unwrap();
                    let squares: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
                    squares / values.len() as f64
                }
                other => panic!("unknown statistic {other}"),
            };
            // As in the vectors, and for the reason given there.
            (exact * 1e6).round_ties_even() / 1e6
        };
        let resampling = Resampling {
            resamples: case.resamples,
            seed: case.seed,
        };
        let ours = Replicates::draw(&case.values, statistic, resampling).unwrap();
        if let Some(theirs) = &case.replicates {
            assert_eq!(ours.replicates(), theirs, "{}", case.name);
        }
        let confidence = Confidence::from_fraction(case.confidence).unwrap();
        let spread = ours.replicates().last().unwrap() - ours.replicates()[0];
        let agree = |ours: Interval, theirs: (f64, f64)| {
            for (ours, theirs) in [(ours.low, theirs.0), (ours.high, theirs.1)] {
                assert!(
                    (ours - theirs).abs() <= 1e-9 * spread + 1e-15 * theirs.abs(),
                    "{}: {ours} is not {theirs}",
                    case.name
                );
            }
        };
        agree(ours.percentile(confidence), case.percentile);
        agree(
            ours.bias_corrected_accelerated(confidence).unwrap(),
            case.bca,
        );
    }
}

#[test]
fn the_dip_agrees_with_its_definition_by_linear_programming() {
    for case in vectors().dip {
        let ours = dip(&case.values).unwrap();
        assert!(
            (ours - case.dip).abs() < 1e-9,
            "{}: {ours} is not {}",
            case.name,
            case.dip
        );
    }
}

/// Both shuffle: ours 999 times, theirs 20 000 times. Five standard deviations of our
/// share of shuffles are allowed.
#[test]
fn change_points_agree_with_an_independent_search() {
    for case in vectors().change {
        let onset = warm_up(&case.values, 3).unwrap();
        match onset {
            Onset::Steady => assert!(case.p > 0.003, "{}: {}", case.name, case.p),
            Onset::WarmUp(change) | Onset::Unsettled(change) => {
                assert_eq!(change.before, case.before, "{}", case.name);
                let noise = 5.0 * (case.p * (1.0 - case.p) / 999.0).sqrt() + 0.001;
                assert!(
                    (change.p_value - case.p).abs() <= noise,
                    "{}: {} is not {}",
                    case.name,
                    change.p_value,
                    case.p
                );
            }
        }
    }
}
