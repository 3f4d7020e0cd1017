//! How sure a statistic of several boots is.
//!
//! Definition: draw as many boots as there are, with replacement, compute the
//! statistic again, many times; the interval is read off these replicates. Two
//! ways to read it:
//!
//! - *percentile*: the middle share of the replicates (Efron and Tibshirani 1993,
//!   An Introduction to the Bootstrap, section 13.3);
//! - *bias-corrected and accelerated* (BCa; Efron 1987, "Better bootstrap
//!   confidence intervals", Journal of the American Statistical Association
//!   82(397), 171–185; Efron and Tibshirani 1993, section 14.3): shares shifted for
//!   a statistic whose replicates do not centre on it, or whose spread changes with
//!   its value.
//!
//! For a median the two are nearly the same: leaving out a boot moves a median by few
//! different amounts, from which no acceleration can be told. BCa is for means,
//! spreads and ratios.
//!
//! The boot is what is drawn. Drawing values inside a boot would treat them as
//! independent, which they are not.
//!
//! Promises: one seed draws the same resamples on every machine. Below [`FEWEST_BOOTS`] there
//! is none, and the range is printed instead. Costs `resamples` times the
//! statistic.

use std::fmt;
use std::num::NonZeroU32;

use crate::normal;
use crate::random::Positions;

/// Fewest boots that support an interval.
///
/// n boots have C(2n − 1, n) different resamples (Hall 1992, The Bootstrap and
/// Edgeworth Expansion, appendix I): 126 for 5, so that a share of 2.5 % is three of
/// them, and 6435 for 8. Of 5 boots, not even the whole range holds the true median
/// with 95 % (all lie on one side of it once in 16 times). The 95 % interval of the
/// median of 8 was measured to hold the true one 92 times in a hundred, of 12 and
/// more 93 to 95 (`tests/calibration.rs`).
pub const FEWEST_BOOTS: usize = 8;

/// Resamples of the intervals in reports. Efron and Tibshirani (1993, chapter 14)
/// take one to two thousand; ten times that brings the noise of drawing below
/// what is printed. One less than ten thousand makes (n + 1)·2.5 % whole.
pub const REPORT_RESAMPLES: NonZeroU32 = NonZeroU32::new(9_999).unwrap();

/// Which resamples are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resampling {
    /// How many.
    pub resamples: NonZeroU32,
    /// Which ones.
    pub seed: u64,
}

/// How often an interval is meant to hold the true value.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Confidence(f64);

impl Confidence {
    /// 95 of 100 times.
    pub const P95: Self = Self(0.95);
    /// 90 of 100 times.
    pub const P90: Self = Self(0.90);

    /// A confidence as a fraction; `None` outside the open interval (0, 1).
    pub fn from_fraction(fraction: f64) -> Option<Self> {
        (fraction > 0.0 && fraction < 1.0).then_some(Self(fraction))
    }

    /// The confidence as a fraction of one.
    pub fn fraction(self) -> f64 {
        self.0
    }

    /// The share left out on either side.
    fn tail(self) -> f64 {
        (1.0 - self.0) / 2.0
    }
}

/// Where the true value is, with a stated confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// How often such an interval is meant to hold the true value.
    pub confidence: Confidence,
}

/// Why there is no interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoInterval {
    /// Fewer than [`FEWEST_BOOTS`].
    TooFewBoots {
        /// How many there are.
        boots: usize,
    },
    /// (Almost) every replicate lies on one side of the statistic, as those of a
    /// maximum do: how far it is off cannot be told from them.
    OneSided,
}

impl fmt::Display for NoInterval {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooFewBoots { boots } => write!(
                formatter,
                "no confidence interval from {boots} boots: run {FEWEST_BOOTS} or more, or read the range"
            ),
            Self::OneSided => formatter.write_str(
                "no bias-corrected interval: the resamples lie on one side of the value; read the range",
            ),
        }
    }
}

impl std::error::Error for NoInterval {}

/// A statistic of the boots, of resamples of them, and of all boots but one.
#[derive(Clone, Debug, PartialEq)]
pub struct Replicates {
    estimate: f64,
    /// In ascending order.
    replicates: Vec<f64>,
    /// Without each boot in turn.
    without_one: Vec<f64>,
}

impl Replicates {
    /// Draws resamples of the boots' values and computes the statistic of each.
    pub fn draw(
        boots: &[f64],
        statistic: impl Fn(&[f64]) -> f64,
        resampling: Resampling,
    ) -> Result<Self, NoInterval> {
        if boots.len() < FEWEST_BOOTS {
            return Err(NoInterval::TooFewBoots { boots: boots.len() });
        }
        let mut positions = Positions::new(resampling.seed);
        let mut resample = boots.to_vec();
        let mut replicates: Vec<f64> = (0..resampling.resamples.get())
            .map(|_| {
                resample.fill_with(|| boots[positions.below(boots.len())]);
                statistic(&resample)
            })
            .collect();
        replicates.sort_unstable_by(f64::total_cmp);
        let without_one = (0..boots.len())
            .map(|left_out| statistic(&[&boots[..left_out], &boots[left_out + 1..]].concat()))
            .collect();
        Ok(Self {
            estimate: statistic(boots),
            replicates,
            without_one,
        })
    }

    /// The statistic of the boots themselves.
    pub fn estimate(&self) -> f64 {
        self.estimate
    }

    /// The statistic of each resample, in ascending order.
    pub fn replicates(&self) -> &[f64] {
        &self.replicates
    }

    /// The middle share of the replicates.
    pub fn percentile(&self, confidence: Confidence) -> Interval {
        let tail = confidence.tail();
        self.between(tail, 1.0 - tail, confidence)
    }

    /// The bias-corrected and accelerated interval. All replicates equal make it a
    /// point.
    pub fn bias_corrected_accelerated(
        &self,
        confidence: Confidence,
    ) -> Result<Interval, NoInterval> {
        let bias = self.bias_correction();
        let acceleration = self.acceleration();
        let share = |tail: f64| {
            let z = bias + normal::quantile(tail);
            let stretch = 1.0 - acceleration * z;
            // Beyond zero the transformation folds back, and the ends would swap.
            (bias.is_finite() && stretch > 0.0).then(|| normal::below(bias + z / stretch))
        };
        let tail = confidence.tail();
        match (share(tail), share(1.0 - tail)) {
            (Some(low), Some(high)) => Ok(self.between(low, high, confidence)),
            _ => Err(NoInterval::OneSided),
        }
    }

    /// z₀: the normal quantile of the share of replicates below the estimate, those
    /// equal to it counting one half (as SciPy does; Efron counts them as above,
    /// which for a statistic of few different values, such as a median, is biased
    /// itself). Equal is equal to the last bit: medians are, sums need not be.
    pub fn bias_correction(&self) -> f64 {
        let below = self.replicates.partition_point(|r| *r < self.estimate);
        let not_above = self.replicates.partition_point(|r| *r <= self.estimate);
        normal::quantile((below + not_above) as f64 / (2 * self.replicates.len()) as f64)
    }

    /// a: a sixth of the skewness of the jackknife, Σd³ / 6(Σd²)^1.5 with d the
    /// mean of the estimates without one boot minus each (Efron and Tibshirani
    /// 1993, equation 14.15). Zero if they are all equal.
    pub fn acceleration(&self) -> f64 {
        let mean = self.without_one.iter().sum::<f64>() / self.without_one.len() as f64;
        let (squares, cubes) = self
            .without_one
            .iter()
            .map(|value| mean - value)
            .fold((0.0, 0.0), |(squares, cubes), d| {
                (squares + d * d, cubes + d * d * d)
            });
        if squares == 0.0 {
            0.0
        } else {
            cubes / (6.0 * squares.powf(1.5))
        }
    }

    fn between(&self, low: f64, high: f64, confidence: Confidence) -> Interval {
        Interval {
            low: interpolated(&self.replicates, low),
            high: interpolated(&self.replicates, high),
            confidence,
        }
    }
}

/// A quantile between order statistics: position (n − 1)·share, straight lines in
/// between (Hyndman and Fan 1996, definition 7, as SciPy reads its intervals). Not
/// the definition of [`crate::quantile`]: the share is a real number here, and which
/// of ten thousand replicates stands at it does not matter.
fn interpolated(sorted: &[f64], share: f64) -> f64 {
    let position = share * (sorted.len() - 1) as f64;
    let (low, high) = (
        sorted[position.floor() as usize],
        sorted[position.ceil() as usize],
    );
    low + (high - low) * position.fract()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantile::median;
    use crate::spread::mean;
    use proptest::prelude::*;

    const RESAMPLING: Resampling = Resampling {
        resamples: REPORT_RESAMPLES,
        seed: 1,
    };

    fn mean_of(values: &[f64]) -> f64 {
        mean(values).unwrap()
    }

    fn median_of(values: &[f64]) -> f64 {
        median(values).unwrap()
    }

    /// Divided by n, as in the book.
    fn variance_of(values: &[f64]) -> f64 {
        let mean = mean_of(values);
        values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64
    }

    /// Efron and Tibshirani 1993, chapter 14: variance of the spatial test data,
    /// column A of table 14.1. Published, from 2000 resamples: estimate 171.5,
    /// acceleration 0.061, bias correction 0.146, and at 90 % the percentile
    /// interval (100.8, 233.9) and BCa (115.8, 259.6). What was drawn there is not
    /// known; two standard errors of an end are about three.
    #[test]
    fn matches_the_textbook_example() {
        let a = [
            48.0, 36.0, 20.0, 29.0, 42.0, 42.0, 20.0, 42.0, 22.0, 41.0, 45.0, 14.0, 6.0, 0.0, 33.0,
            28.0, 34.0, 4.0, 32.0, 24.0, 47.0, 41.0, 24.0, 26.0, 30.0, 41.0,
        ];
        let replicates = Replicates::draw(&a, variance_of, RESAMPLING).unwrap();
        assert!((replicates.estimate() - 171.5).abs() < 0.05);
        assert!((replicates.acceleration() - 0.061).abs() < 0.0005);
        assert!((replicates.bias_correction() - 0.146).abs() < 0.05);
        let near = |interval: Interval, low: f64, high: f64| {
            assert!((interval.low - low).abs() < 4.0, "{interval:?}");
            assert!((interval.high - high).abs() < 4.0, "{interval:?}");
        };
        near(replicates.percentile(Confidence::P90), 100.8, 233.9);
        near(
            replicates
                .bias_corrected_accelerated(Confidence::P90)
                .unwrap(),
            115.8,
            259.6,
        );
    }

    #[test]
    fn seven_boots_have_no_interval() {
        let boots = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
        assert_eq!(
            Replicates::draw(&boots, median_of, RESAMPLING),
            Err(NoInterval::TooFewBoots { boots: 7 })
        );
        assert!(
            NoInterval::TooFewBoots { boots: 7 }
                .to_string()
                .contains("run 8 or more")
        );
    }

    #[test]
    fn equal_boots_have_a_point() {
        let replicates = Replicates::draw(&[5.0; 8], median_of, RESAMPLING).unwrap();
        let point = Interval {
            low: 5.0,
            high: 5.0,
            confidence: Confidence::P95,
        };
        assert_eq!(replicates.percentile(Confidence::P95), point);
        assert_eq!(
            replicates.bias_corrected_accelerated(Confidence::P95),
            Ok(point)
        );
    }

    #[test]
    fn a_statistic_outside_its_resamples_has_no_corrected_interval() {
        let boots = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
        let spacing = |values: &[f64]| {
            // More distinct values than any resample is likely to have.
            let mut sorted = values.to_vec();
            sorted.sort_unstable_by(f64::total_cmp);
            sorted.dedup();
            sorted.len() as f64
        };
        let resampling = Resampling {
            resamples: NonZeroU32::new(99).unwrap(),
            seed: 1,
        };
        let replicates = Replicates::draw(&boots, spacing, resampling).unwrap();
        assert_eq!(
            replicates.bias_corrected_accelerated(Confidence::P95),
            Err(NoInterval::OneSided)
        );
    }

    #[test]
    fn one_seed_gives_one_interval() {
        let boots = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0];
        let draw = |seed| Replicates::draw(&boots, mean_of, Resampling { seed, ..RESAMPLING });
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn a_confidence_lies_inside_zero_and_one() {
        assert_eq!(Confidence::from_fraction(0.95), Some(Confidence::P95));
        assert_eq!(Confidence::from_fraction(0.0), None);
        assert_eq!(Confidence::from_fraction(1.0), None);
        assert_eq!(Confidence::from_fraction(f64::NAN), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn both_intervals_hold_the_mean_of_symmetric_boots(
            centre in -1e6..1e6f64,
            distances in prop::collection::vec(0.0..1e3f64, 4..12),
            seed in any::<u64>(),
        ) {
            let boots: Vec<f64> = distances
                .iter()
                .flat_map(|distance| [centre - distance, centre + distance])
                .collect();
            let resampling = Resampling { resamples: NonZeroU32::new(499).unwrap(), seed };
            let replicates = Replicates::draw(&boots, mean_of, resampling).unwrap();
            let slack = 1e-9 * (1.0 + centre.abs());
            for interval in [
                Ok(replicates.percentile(Confidence::P95)),
                replicates.bias_corrected_accelerated(Confidence::P95),
            ] {
                let interval = interval.unwrap();
                prop_assert!(interval.low <= replicates.estimate() + slack);
                prop_assert!(interval.high >= replicates.estimate() - slack);
            }
        }

        #[test]
        fn more_confidence_is_never_narrower(
            boots in prop::collection::vec(-1e3..1e3f64, 8..20),
            seed in any::<u64>(),
        ) {
            let resampling = Resampling { resamples: NonZeroU32::new(499).unwrap(), seed };
            let replicates = Replicates::draw(&boots, median_of, resampling).unwrap();
            let narrow = replicates.percentile(Confidence::P90);
            let wide = replicates.percentile(Confidence::P95);
            prop_assert!(wide.low <= narrow.low && narrow.high <= wide.high);
        }

        #[test]
        fn shifting_every_boot_shifts_the_interval(
            boots in prop::collection::vec(-1000..1000i32, 8..20),
            rise in 0..1000i32,
            seed in any::<u64>(),
        ) {
            let resampling = Resampling { resamples: NonZeroU32::new(199).unwrap(), seed };
            let raised: Vec<f64> = boots.iter().map(|v| f64::from(v + rise)).collect();
            let boots: Vec<f64> = boots.into_iter().map(f64::from).collect();
            let interval = |values: &[f64]| {
                Replicates::draw(values, median_of, resampling)
                    .unwrap()
                    .percentile(Confidence::P95)
            };
            let (before, after) = (interval(&boots), interval(&raised));
            prop_assert!((after.low - before.low - f64::from(rise)).abs() < 1e-9);
            prop_assert!((after.high - before.high - f64::from(rise)).abs() < 1e-9);
        }
    }
}
