//! The few statistics of a row, by their definitions.
//!
//! Quantiles are the inverse of the empirical distribution function, averaged where
//! it jumps (`docs/src/methodology.md`).

use std::collections::BTreeMap;

/// Fewest values whose largest lies beyond the 95th percentile with a confidence
/// of 95 %: 1 − 0.95ⁿ ≥ 0.95.
const P95_SUPPORT: usize = 59;

/// How often each value was seen.
#[derive(Clone, Debug, Default)]
pub struct Counts(BTreeMap<u64, u64>);

impl Counts {
    pub fn knows(&self, value: u64) -> bool {
        self.0.contains_key(&value)
    }

    pub fn add(&mut self, value: u64, times: u64) {
        *self.0.entry(value).or_default() += times;
    }

    pub fn merge(&mut self, other: &Self) {
        for (&value, &times) in &other.0 {
            self.add(value, times);
        }
    }

    pub fn count(&self) -> u64 {
        self.0.values().sum()
    }

    pub fn sum(&self) -> u128 {
        let products = self.0.iter();
        products
            .map(|(&value, &times)| u128::from(value) * u128::from(times))
            .sum()
    }

    pub fn largest(&self) -> Option<u64> {
        self.0.keys().next_back().copied()
    }

    pub fn median(&self) -> Option<f64> {
        self.quantile(50)
    }

    pub fn p95(&self) -> Option<f64> {
        let supported = self.count() >= P95_SUPPORT as u64;
        supported.then(|| self.quantile(95)).flatten()
    }

    fn quantile(&self, percent: u64) -> Option<f64> {
        let scaled = u128::from(self.count()) * u128::from(percent);
        let high = self.at(scaled / 100)?;
        Some(if scaled.is_multiple_of(100) {
            (self.at(scaled / 100 - 1)? + high) / 2.0
        } else {
            high
        })
    }

    /// The value at a place in ascending order, from zero.
    fn at(&self, place: u128) -> Option<f64> {
        let mut seen = 0u128;
        let mut values = self.0.iter();
        let found = values.find(|&(_, &times)| {
            seen += u128::from(times);
            seen > place
        });
        found.map(|(&value, _)| value as f64)
    }
}

/// The middle value, or the mean of the two middle ones.
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 50)
}

/// The value below which 95 of 100 lie; `None` where too few support one.
pub fn p95(values: &[f64]) -> Option<f64> {
    (values.len() >= P95_SUPPORT)
        .then(|| quantile(values, 95))
        .flatten()
}

fn quantile(values: &[f64], percent: usize) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let scaled = sorted.len() * percent;
    let high = *sorted.get(scaled / 100)?;
    Some(if scaled.is_multiple_of(100) {
        (sorted[scaled / 100 - 1] + high) / 2.0
    } else {
        high
    })
}

/// Sum over number; `None` for no values.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Sample standard deviation, in two passes; `None` for fewer than two values.
pub fn standard_deviation(values: &[f64]) -> Option<f64> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (values.len() > 1).then(|| (squares / (n - 1.0)).sqrt())
}

/// The smallest and the largest value.
pub fn extremes(values: &[f64]) -> Option<(f64, f64)> {
    let low = values.iter().copied().min_by(f64::total_cmp)?;
    let high = values.iter().copied().max_by(f64::total_cmp)?;
    Some((low, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_is_between_the_two_in_the_middle() {
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn a_percentile_needs_59_values() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(p95(&values), Some(95.5));
        assert_eq!(p95(&values[..59]), Some(57.0));
        assert_eq!(p95(&values[..58]), None);
    }

    #[test]
    fn counted_values_have_the_quantiles_of_the_values_one_by_one() {
        let mut counts = Counts::default();
        let mut values = Vec::new();
        for value in 0..90u64 {
            counts.add(value * value % 17, value % 3 + 1);
            values.extend(std::iter::repeat_n(
                (value * value % 17) as f64,
                (value % 3 + 1) as usize,
            ));
        }
        assert_eq!(counts.median(), median(&values));
        assert_eq!(counts.p95(), p95(&values));
        assert_eq!(counts.count() as usize, values.len());
        assert_eq!(counts.sum() as f64, values.iter().sum::<f64>());
        assert_eq!(Counts::default().median(), None);
    }

    #[test]
    fn spread_is_that_of_a_sample() {
        assert_eq!(standard_deviation(&[1.0, 3.0]), Some(2f64.sqrt()));
        assert_eq!(standard_deviation(&[1.0]), None);
        assert_eq!(extremes(&[2.0, 1.0, 3.0]), Some((1.0, 3.0)));
    }
}
