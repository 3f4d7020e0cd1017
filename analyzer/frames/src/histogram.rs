//! Durations as counts: exact quantiles from bounded memory.
//!
//! Promises: values below [`EXACT_LIMIT`] are counted one by one, so that every
//! statistic of them is exact; larger ones fall into log-linear buckets whose
//! middle is at most [`BUCKET_ERROR`] away from any value in them, and whoever
//! reads a quantile learns which kind it was. Costs one bounds check and one
//! increment per value. Memory follows the largest value seen and is taken from a
//! [`Budget`]; when that is spent, further values are counted as left out and the
//! histogram says so.

use crate::counts::{CHUNK, COUNTER_BYTES, Counts};
use capbench_stats::Quantile;

/// Values below this are counted exactly. 2¹⁶ ticks is far above the dispatch
/// segments of any kernel we measure, and 256 KiB per histogram.
pub const EXACT_LIMIT: u64 = 1 << 16;

/// Buckets per power of two above the limit.
const BUCKETS: usize = 512;

/// Bits of a bucket number.
const BUCKET_BITS: u32 = BUCKETS.trailing_zeros();

/// Largest relative distance of a bucket's middle from a value in it: half of a
/// bucket's width, 1/512 of its lower end.
pub const BUCKET_ERROR: f64 = 0.5 / BUCKETS as f64;

/// Memory that histograms may still take, in bytes. Shared by all histograms of
/// one trace, so that what a stream claims cannot decide what a host spends.
#[derive(Clone, Copy, Debug)]
pub struct Budget(usize);

impl Budget {
    /// A budget of so many bytes.
    pub const fn bytes(bytes: usize) -> Self {
        Self(bytes)
    }

    fn take(&mut self, counts: usize) -> bool {
        match self.0.checked_sub(counts * COUNTER_BYTES) {
            Some(left) => {
                self.0 = left;
                true
            }
            None => false,
        }
    }
}

/// How often each value was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    exact: Counts,
    buckets: Counts,
    /// Sum of the values in buckets, which their middles only approximate.
    buckets_sum: u128,
    /// The least value in buckets; 0 without any.
    buckets_min: u64,
    buckets_max: u64,
    left_out: u64,
}

/// A statistic, and how far buckets may have taken it from the truth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The value, between the least and the largest that were counted.
    pub value: f64,
    /// The true one is no further from it; 0 where every value was counted by itself.
    pub error: f64,
}

impl Estimate {
    /// Whether it is exact to [`BUCKET_ERROR`] only.
    pub fn bucketed(&self) -> bool {
        self.error > 0.0
    }
}

impl Histogram {
    /// Counts a value.
    #[inline]
    pub fn record(&mut self, value: u64, budget: &mut Budget) {
        let counted = if value < EXACT_LIMIT {
            self.exact.increment(value as usize)
        } else {
            self.record_bucketed(value)
        };
        if !counted {
            self.record_times(value, 1, budget);
        }
    }

    /// Counts many values.
    pub fn record_all(&mut self, values: &[u32], budget: &mut Budget) {
        let mut beyond = [0; CHUNK];
        for chunk in values.chunks(CHUNK) {
            // Where instructions are counted most are, and increments of one counter
            // would wait for each other.
            if chunk.iter().all(|value| *value == chunk[0]) {
                self.record_times(u64::from(chunk[0]), chunk.len() as u64, budget);
                continue;
            }
            let left = self.exact.increment_all(chunk, &mut beyond);
            for value in &beyond[..left] {
                self.record(u64::from(*value), budget);
            }
        }
    }

    /// Not inlined: the usual loop is over values below the limit.
    #[inline(never)]
    fn record_bucketed(&mut self, value: u64) -> bool {
        let counted = self.buckets.increment(bucket(value));
        if counted {
            self.note_bucketed(value, 1);
        }
        counted
    }

    /// Counts a value so often, for which there may be no counter yet.
    #[cold]
    fn record_times(&mut self, value: u64, times: u64, budget: &mut Budget) {
        let (counts, index, length) = if value < EXACT_LIMIT {
            // Powers of two, so that growing is rare.
            let length = (value as usize + 1).next_power_of_two();
            (&mut self.exact, value as usize, length)
        } else {
            let index = bucket(value);
            (&mut self.buckets, index, (index / BUCKETS + 1) * BUCKETS)
        };
        if counts.len() < length {
            if !budget.take(length - counts.len()) {
                self.left_out += times;
                return;
            }
            counts.grow(length);
        }
        counts.add(index, times);
        if value >= EXACT_LIMIT {
            self.note_bucketed(value, times);
        }
    }

    /// What is known exactly of values in buckets.
    fn note_bucketed(&mut self, value: u64, times: u64) {
        self.buckets_sum += u128::from(value) * u128::from(times);
        self.note_extremes(value, value);
    }

    fn note_extremes(&mut self, least: u64, largest: u64) {
        self.buckets_min = match self.buckets_min {
            0 => least,
            known if least == 0 => known,
            known => known.min(least),
        };
        self.buckets_max = self.buckets_max.max(largest);
    }

    /// Adds everything another histogram counted.
    pub fn merge(&mut self, other: &Self, budget: &mut Budget) {
        for (value, times) in other.exact.seen() {
            if value < self.exact.len() {
                self.exact.add(value, times);
            } else {
                self.record_times(value as u64, times, budget);
            }
        }
        if self.buckets.len() < other.buckets.len() {
            if !budget.take(other.buckets.len() - self.buckets.len()) {
                self.left_out += other.buckets.iter().sum::<u64>() + other.left_out;
                return;
            }
            self.buckets.grow(other.buckets.len());
        }
        for (bucket, times) in other.buckets.seen() {
            self.buckets.add(bucket, times);
        }
        self.buckets_sum += other.buckets_sum;
        self.note_extremes(other.buckets_min, other.buckets_max);
        self.left_out += other.left_out;
    }

    /// Adds everything another histogram counted, each value less by `cost` but
    /// not below zero.
    pub fn merge_less(&mut self, other: &Self, cost: u64, budget: &mut Budget) {
        if cost == 0 {
            return self.merge(other, budget);
        }
        for (value, times) in other.exact.seen() {
            self.record_times((value as u64).saturating_sub(cost), times, budget);
        }
        for (index, times) in other.buckets.seen() {
            let value = other.in_bucket(index).value as u64;
            self.record_times(value.saturating_sub(cost), times, budget);
        }
        self.left_out += other.left_out;
    }

    /// Number of values counted.
    pub fn count(&self) -> u64 {
        self.exact.iter().sum::<u64>() + self.buckets.iter().sum::<u64>()
    }

    /// Number of values that found no memory; no statistic knows of them.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Whether some values are in buckets.
    pub fn bucketed(&self) -> bool {
        !self.buckets.is_empty()
    }

    /// The largest value, exactly.
    pub fn max(&self) -> Option<u64> {
        if self.bucketed() {
            return Some(self.buckets_max);
        }
        self.exact.seen().last().map(|(value, _)| value as u64)
    }

    /// The sum of all values, exactly.
    pub fn sum(&self) -> u128 {
        let exact: u128 = self
            .exact
            .seen()
            .map(|(value, count)| value as u128 * u128::from(count))
            .sum();
        exact + self.buckets_sum
    }

    /// A quantile, by the definition in `capbench_stats`. `None` without values.
    pub fn quantile(&self, quantile: Quantile) -> Option<Estimate> {
        let (low, high) = quantile.ranks(self.count())?;
        let (low, high) = (self.at_rank(low)?, self.at_rank(high)?);
        Some(Estimate {
            value: (low.value + high.value) / 2.0,
            error: low.error.max(high.error),
        })
    }

    /// The same, unless the count does not support printing it.
    pub fn supported_quantile(&self, quantile: Quantile) -> Option<Estimate> {
        if quantile.supported_by(self.count()) {
            self.quantile(quantile)
        } else {
            None
        }
    }

    /// The value at a position, from zero, in ascending order.
    fn at_rank(&self, rank: u64) -> Option<Estimate> {
        let mut seen = 0;
        for (value, count) in self.exact.iter().enumerate() {
            seen += count;
            if seen > rank {
                return Some(Estimate {
                    value: value as f64,
                    error: 0.0,
                });
            }
        }
        for (index, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen > rank {
                return Some(self.in_bucket(index));
            }
        }
        None
    }
}

impl Histogram {
    /// What a value in this bucket is taken for: the middle, as far as that lies between
    /// the least and the largest that were seen.
    fn in_bucket(&self, index: usize) -> Estimate {
        let (least, largest) = (self.buckets_min as f64, self.buckets_max as f64);
        let value = middle(index).clamp(least, largest);
        Estimate {
            value,
            error: (value * BUCKET_ERROR).min(largest - least),
        }
    }
}

/// The bucket of a value at or above the limit.
fn bucket(value: u64) -> usize {
    let power = value.ilog2();
    let within = (value >> (power - BUCKET_BITS)) as usize & (BUCKETS - 1);
    (power - EXACT_LIMIT.ilog2()) as usize * BUCKETS + within
}

/// The middle of a bucket's whole numbers.
fn middle(bucket: usize) -> f64 {
    let power = (bucket / BUCKETS) as u32 + EXACT_LIMIT.ilog2();
    let width = 1u64 << (power - BUCKET_BITS);
    let low = (BUCKETS + bucket % BUCKETS) as u64 * width;
    low as f64 + (width - 1) as f64 / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn histogram(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        let mut budget = Budget::bytes(1 << 20);
        for value in values {
            histogram.record(*value, &mut budget);
        }
        histogram
    }

    #[test]
    fn nothing_has_no_quantile() {
        let empty = Histogram::default();
        assert_eq!(empty.quantile(Quantile::MEDIAN), None);
        assert_eq!(empty.max(), None);
        assert_eq!(empty.sum(), 0);
    }

    #[test]
    fn the_limit_divides_exact_from_bucketed() {
        let below = histogram(&[EXACT_LIMIT - 1]);
        let estimate = Estimate {
            value: 65_535.0,
            error: 0.0,
        };
        assert_eq!(below.quantile(Quantile::MEDIAN), Some(estimate));
        let at = histogram(&[EXACT_LIMIT, EXACT_LIMIT + 1]);
        assert!(at.quantile(Quantile::MEDIAN).unwrap().bucketed());
        assert_eq!(at.max(), Some(EXACT_LIMIT + 1));
        assert_eq!(at.sum(), 2 * u128::from(EXACT_LIMIT) + 1);
    }

    #[test]
    fn the_largest_number_has_a_bucket() {
        let one = histogram(&[u64::MAX]);
        let value = one.quantile(Quantile::MEDIAN).unwrap().value;
        assert!((value / u64::MAX as f64 - 1.0).abs() <= BUCKET_ERROR);
    }

    #[test]
    fn a_spent_budget_counts_what_it_leaves_out() {
        let mut histogram = Histogram::default();
        let mut budget = Budget::bytes(64 * COUNTER_BYTES);
        for value in [3, 60, 5000, 1 << 40] {
            histogram.record(value, &mut budget);
        }
        assert_eq!((histogram.count(), histogram.left_out()), (2, 2));
    }

    #[test]
    fn counting_many_at_once_counts_each() {
        let constant = vec![7; 3 * CHUNK];
        let mixed: Vec<u32> = (0..2000).map(|i| i * 97).chain([u32::MAX]).collect();
        for values in [constant, mixed] {
            let mut budget = Budget::bytes(1 << 20);
            let mut together = Histogram::default();
            together.record_all(&values, &mut budget);
            let each: Vec<u64> = values.into_iter().map(u64::from).collect();
            assert_eq!(together, histogram(&each));
        }
    }

    fn any_value() -> impl Strategy<Value = u64> {
        prop_oneof![0..1000u64, 60_000..70_000u64, any::<u64>()]
    }

    proptest! {
        #[test]
        fn quantiles_equal_those_of_the_sorted_values_within_the_stated_error(
            mut values in prop::collection::vec(any_value(), 1..300),
            parts in 1..1_000_000u32,
        ) {
            let quantile = Quantile::from_parts_per_million(parts).unwrap();
            let counted = histogram(&values).quantile(quantile).unwrap();
            values.sort_unstable();
            let sorted: Vec<f64> = values.iter().map(|value| *value as f64).collect();
            let expected = capbench_stats::quantile_of_sorted(&sorted, quantile).unwrap();
            if counted.bucketed() {
                prop_assert!((counted.value - expected).abs() <= expected * (BUCKET_ERROR + 1e-12));
            } else {
                prop_assert_eq!(counted.value, expected);
            }
        }

        #[test]
        fn merging_equals_counting_together(
            a in prop::collection::vec(any_value(), 0..100),
            b in prop::collection::vec(any_value(), 0..100),
        ) {
            let mut merged = histogram(&a);
            merged.merge(&histogram(&b), &mut Budget::bytes(1 << 20));
            let together = histogram(&[a, b].concat());
            prop_assert_eq!(merged.count(), together.count());
            prop_assert_eq!(merged.sum(), together.sum());
            prop_assert_eq!(merged.max(), together.max());
            prop_assert_eq!(merged.quantile(Quantile::P95), together.quantile(Quantile::P95));
        }
    }

    #[test]
    fn no_estimate_lies_outside_of_what_was_seen() {
        let mut equal = Histogram::default();
        let mut budget = Budget::bytes(1 << 24);
        (0..100).for_each(|_| equal.record(100_003, &mut budget));
        for quantile in [Quantile::MEDIAN, Quantile::P95] {
            let found = equal.quantile(quantile).unwrap();
            assert_eq!((found.value, found.error), (100_003.0, 0.0));
        }
        let mut apart = Histogram::default();
        (0..50).for_each(|_| apart.record(100_003, &mut budget));
        (0..50).for_each(|_| apart.record(100_010, &mut budget));
        let found = apart.quantile(Quantile::P95).unwrap();
        assert!((100_003.0..=100_010.0).contains(&found.value), "{found:?}");
        assert_eq!(found.error, 7.0, "the true one is in there");
        equal.merge(&apart, &mut budget);
        assert!(equal.quantile(Quantile::MEDIAN).unwrap().value >= 100_003.0);
    }
}
