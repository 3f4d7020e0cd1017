//! The standard normal distribution.
//!
//! Promises: ten digits of SciPy's, eight standard deviations out (`statrs`; nearer
//! the middle it is better). Only its distribution is used: its Mann-Whitney test answers wrongly
//! where the first sample is not the larger one.

use statrs::distribution::{ContinuousCDF, Normal};

/// P(Z ≤ z).
pub fn below(z: f64) -> f64 {
    Normal::standard().cdf(z)
}

/// P(Z > z), without the cancellation of one minus the above.
pub fn above(z: f64) -> f64 {
    Normal::standard().sf(z)
}

/// The z with P(Z ≤ z) = `probability`; infinite at zero and one.
pub fn quantile(probability: f64) -> f64 {
    Normal::standard().inverse_cdf(probability)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Vectors {
        normal: Vec<Case>,
    }

    #[derive(serde::Deserialize)]
    struct Case {
        z: f64,
        below: f64,
        above: f64,
    }

    #[test]
    fn agrees_with_scipy() {
        let vectors: Vectors =
            serde_json::from_str(include_str!("../tests/vectors/vectors.json")).unwrap();
        for case in vectors.normal {
            for (ours, theirs) in [(below(case.z), case.below), (above(case.z), case.above)] {
                let error = (ours / theirs - 1.0).abs();
                assert!(error < 1e-10, "{}: {ours} is off by {error}", case.z);
            }
            // Above the middle, one minus the tail has no digits left to invert.
            if case.z < 0.0 {
                let z = quantile(case.below);
                assert!((z / case.z - 1.0).abs() < 1e-11, "{} {z}", case.z);
            }
        }
    }

    #[test]
    fn the_ends_are_infinite() {
        assert_eq!(quantile(0.0), f64::NEG_INFINITY);
        assert_eq!(quantile(1.0), f64::INFINITY);
    }
}
