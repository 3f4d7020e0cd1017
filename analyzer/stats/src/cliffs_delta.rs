//! How clearly one sample lies above another.
//!
//! Definition (Cliff 1993, "Dominance statistics: ordinal analyses to answer
//! ordinal questions", Psychological Bulletin 114(3), 494–509): the share of pairs
//! in which the first value is greater, minus the share in which it is less.
//! 1 when every value of the first exceeds every value of the second, 0 when
//! neither dominates. It is 2U/(n₁n₂) − 1 of the Mann-Whitney U of the first.
//!
//! It says how clearly, not how far: a shift of one instruction in values that do
//! not vary has delta 1. Read it with [`crate::hodges_lehmann_shift`].

use crate::pairs::compare;

/// Cliff's delta of the first sample over the second, from −1 to 1. `None` if
/// either is empty.
pub fn cliffs_delta(first: &[f64], second: &[f64]) -> Option<f64> {
    let pairs = compare(first, second)?;
    Some((pairs.greater as f64 - pairs.less as f64) / pairs.all() as f64)
}

/// The conventional word for the size of a delta.
///
/// Thresholds: Romano, Kromrey, Coraggio and Skowronek 2006, "Appropriate
/// statistics for ordinal level data" (Florida Association of Institutional
/// Research). They are the shares by which two normal distributions do not overlap
/// (Cohen's U₁) when their means are 0.2, 0.5 and 0.8 standard deviations apart: a
/// convention of the social sciences, no law of benchmarks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Magnitude {
    /// |delta| below [`Magnitude::SMALL_FROM`].
    Negligible,
    /// From there to [`Magnitude::MEDIUM_FROM`].
    Small,
    /// From there to [`Magnitude::LARGE_FROM`].
    Medium,
    /// From there.
    Large,
}

impl Magnitude {
    /// Smallest |delta| called small; means 0.2 standard deviations apart.
    pub const SMALL_FROM: f64 = 0.147;
    /// Smallest |delta| called medium; means 0.5 standard deviations apart.
    pub const MEDIUM_FROM: f64 = 0.33;
    /// Smallest |delta| called large; means 0.8 standard deviations apart.
    pub const LARGE_FROM: f64 = 0.474;

    /// The word for a delta of either sign.
    pub fn of(delta: f64) -> Self {
        match delta.abs() {
            size if size < Self::SMALL_FROM => Self::Negligible,
            size if size < Self::MEDIUM_FROM => Self::Small,
            size if size < Self::LARGE_FROM => Self::Medium,
            _ => Self::Large,
        }
    }

    /// The word itself.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Negligible => "negligible",
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normal;
    use proptest::prelude::*;

    /// Hogarty and Kromrey 1999, "Using SAS to calculate tests of Cliff's delta",
    /// the example that R's `effsize` prints too: −0.25, small.
    #[test]
    fn matches_the_published_example() {
        let treatment = [10.0, 10.0, 20.0, 20.0, 20.0, 30.0, 30.0, 30.0, 40.0, 50.0];
        let control = [10.0, 20.0, 30.0, 40.0, 40.0, 50.0];
        let delta = cliffs_delta(&treatment, &control).unwrap();
        assert_eq!(delta, -0.25);
        assert_eq!(Magnitude::of(delta).word(), "small");
    }

    /// Cohen 1988, Statistical Power Analysis for the Behavioral Sciences, table
    /// 2.2.1: U₁ = (2Φ(d/2) − 1)/Φ(d/2).
    #[test]
    fn the_thresholds_are_cohens_shares_without_overlap() {
        for (threshold, d) in [
            (Magnitude::SMALL_FROM, 0.2),
            (Magnitude::MEDIUM_FROM, 0.5),
            (Magnitude::LARGE_FROM, 0.8),
        ] {
            let half = normal::below(d / 2.0);
            let apart = (2.0 * half - 1.0) / half;
            assert!((apart - threshold).abs() < 0.001, "{threshold} {apart}");
        }
    }

    #[test]
    fn a_threshold_belongs_to_the_larger_word() {
        assert_eq!(Magnitude::of(0.1469), Magnitude::Negligible);
        assert_eq!(Magnitude::of(-0.147), Magnitude::Small);
        assert_eq!(Magnitude::of(0.33), Magnitude::Medium);
        assert_eq!(Magnitude::of(-0.474), Magnitude::Large);
    }

    proptest! {
        #[test]
        fn swapping_the_samples_changes_the_sign(
            first in prop::collection::vec(-20..20i32, 1..40),
            second in prop::collection::vec(-20..20i32, 1..40),
        ) {
            let first: Vec<f64> = first.into_iter().map(f64::from).collect();
            let second: Vec<f64> = second.into_iter().map(f64::from).collect();
            let delta = cliffs_delta(&first, &second).unwrap();
            prop_assert_eq!(delta, -cliffs_delta(&second, &first).unwrap());
            prop_assert!((-1.0..=1.0).contains(&delta));
        }

        #[test]
        fn raising_the_first_never_lowers_it(
            first in prop::collection::vec(-20..20i32, 1..40),
            second in prop::collection::vec(-20..20i32, 1..40),
            rise in 0..10i32,
        ) {
            let raised: Vec<f64> = first.iter().map(|v| f64::from(v + rise)).collect();
            let first: Vec<f64> = first.into_iter().map(f64::from).collect();
            let second: Vec<f64> = second.into_iter().map(f64::from).collect();
            prop_assert!(cliffs_delta(&raised, &second) >= cliffs_delta(&first, &second));
        }
    }
}
