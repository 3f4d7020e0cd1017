//! Quantiles: which order statistics answer, and how many values it takes.
//!
//! Definition: the inverse of the empirical distribution function, averaged where
//! it jumps (Hyndman and Fan 1996, definition 2; SAS default; R `type = 2`; NumPy
//! `averaged_inverted_cdf`). It makes the median the usual one, otherwise answers
//! with a value that was observed or the midpoint of two, and gives the same
//! number from a sorted slice and from an exact histogram.

/// A quantile as a fraction in parts per million, so that "is n·q whole" is
/// integer arithmetic and cannot depend on rounding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantile(u32);

const MILLION: u128 = 1_000_000;

/// How sure we want to be that the largest observed value lies beyond the true
/// quantile before we print an estimate of it.
const SUPPORT_CONFIDENCE: f64 = 0.95;

impl Quantile {
    /// Half of the values.
    pub const MEDIAN: Self = Self(500_000);
    /// 95 of 100 values.
    pub const P95: Self = Self(950_000);
    /// 99 of 100 values.
    pub const P99: Self = Self(990_000);
    /// 999 of 1000 values.
    pub const P999: Self = Self(999_000);

    /// The quantile `parts / 1_000_000`; `None` outside the open interval (0, 1).
    pub const fn from_parts_per_million(parts: u32) -> Option<Self> {
        if parts > 0 && parts < 1_000_000 {
            Some(Self(parts))
        } else {
            None
        }
    }

    /// The quantile as a fraction of one.
    pub fn fraction(self) -> f64 {
        f64::from(self.0) / MILLION as f64
    }

    /// Positions, from zero in sorted order, of the two values whose mean is this
    /// quantile of `n` values; equal unless n·q is whole. `None` for no values.
    pub fn ranks(self, n: u64) -> Option<(u64, u64)> {
        if n == 0 {
            return None;
        }
        let scaled = u128::from(n) * u128::from(self.0);
        // q < 1, so both are below n: the upper one because n·q is whole only
        // when it is at most n - 1.
        let whole = (scaled / MILLION) as u64;
        if scaled % MILLION == 0 {
            Some((whole.saturating_sub(1), whole))
        } else {
            Some((whole, whole))
        }
    }

    /// The fewest values that support printing this quantile.
    ///
    /// Wilks (1941): the largest of n values exceeds the quantile q with
    /// probability 1 − qⁿ. Below the n where that reaches 95 %, no distribution-free
    /// upper bound of the quantile exists at that confidence, and its "estimate" is
    /// the maximum under another name. 59 values for p95, 299 for p99, 2995 for
    /// p99.9.
    pub fn required(self) -> u64 {
        let n = (1.0 - SUPPORT_CONFIDENCE).ln() / self.fraction().ln();
        // The median never needs support: it is the answer for any n.
        if self.0 <= Self::MEDIAN.0 {
            1
        } else {
            n.ceil() as u64
        }
    }

    /// Whether `n` values support printing this quantile.
    pub fn supported_by(self, n: u64) -> bool {
        n >= self.required()
    }
}

/// The quantile of values that are already in ascending order. `None` for none.
pub fn quantile_of_sorted(sorted: &[f64], quantile: Quantile) -> Option<f64> {
    let (low, high) = quantile.ranks(sorted.len() as u64)?;
    Some(midpoint(sorted[low as usize], sorted[high as usize]))
}

/// The quantile of values in any order; sorts a copy. `None` for no values.
pub fn quantile(values: &[f64], quantile: Quantile) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    quantile_of_sorted(&sorted, quantile)
}

/// The middle value, or the mean of the two middle ones. `None` for no values.
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(values, Quantile::MEDIAN)
}

fn midpoint(low: f64, high: f64) -> f64 {
    // Equal ends must come back bit for bit, and the sum of two large ones must
    // not overflow.
    if low == high {
        low
    } else {
        low / 2.0 + high / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Computed apart from this code with Python's `fractions` module: the n-th
    /// quantile by scanning the empirical distribution function, and by averaging
    /// its left and right inverse where n·q is whole.
    #[test]
    fn matches_independently_computed_values() {
        let ten: Vec<f64> = (1..=10).map(f64::from).collect();
        assert_eq!(median(&ten), Some(5.5));
        assert_eq!(quantile(&ten, Quantile::P95), Some(10.0));
        let twenty: Vec<f64> = (1..=20).map(f64::from).collect();
        assert_eq!(quantile(&twenty, Quantile::P95), Some(19.5));
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(quantile(&hundred, Quantile::P95), Some(95.5));
        assert_eq!(quantile(&hundred, Quantile::P99), Some(99.5));
        let squares: Vec<f64> = (1..=59).map(|i| f64::from(i * i)).collect();
        assert_eq!(quantile(&squares, Quantile::P95), Some(3249.0));
        let quarter = Quantile::from_parts_per_million(250_000).unwrap();
        assert_eq!(
            quantile(&[3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0], quarter),
            Some(1.5)
        );
    }

    #[test]
    fn no_values_have_no_quantile() {
        assert_eq!(median(&[]), None);
        assert_eq!(Quantile::P95.ranks(0), None);
    }

    #[test]
    fn one_value_is_every_quantile() {
        assert_eq!(quantile(&[7.25], Quantile::P999), Some(7.25));
    }

    /// Wilks' table for one-sided tolerance limits: 59, 299 and 2995 are the
    /// published sample sizes at 95 % confidence.
    #[test]
    fn support_follows_the_published_tolerance_limits() {
        assert_eq!(Quantile::P95.required(), 59);
        assert_eq!(Quantile::P99.required(), 299);
        assert_eq!(Quantile::P999.required(), 2995);
        assert_eq!(Quantile::MEDIAN.required(), 1);
        assert!(!Quantile::P95.supported_by(58));
        assert!(Quantile::P95.supported_by(59));
    }

    #[test]
    fn extreme_values_do_not_overflow() {
        assert_eq!(median(&[f64::MAX, f64::MAX]), Some(f64::MAX));
        assert_eq!(median(&[-f64::MAX, f64::MAX]), Some(0.0));
    }

    proptest! {
        #[test]
        fn at_least_the_fraction_lies_at_or_below(
            values in prop::collection::vec(-1e9..1e9f64, 1..200),
            parts in 1..1_000_000u32,
        ) {
            let q = Quantile::from_parts_per_million(parts).unwrap();
            let answer = quantile(&values, q).unwrap();
            let n = values.len() as f64;
            let below = values.iter().filter(|v| **v < answer).count() as f64;
            let at_or_below = values.iter().filter(|v| **v <= answer).count() as f64;
            prop_assert!(below <= n * q.fraction() + 1e-6);
            prop_assert!(at_or_below >= n * q.fraction() - 1e-6);
        }

        #[test]
        fn order_of_the_values_does_not_matter(
            mut values in prop::collection::vec(-1e9..1e9f64, 1..50),
        ) {
            let before = median(&values);
            values.reverse();
            prop_assert_eq!(before, median(&values));
        }
    }
}
