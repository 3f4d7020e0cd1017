//! The few statistics of a row, by their definitions.
//!
//! Quantiles are the inverse of the empirical distribution function, averaged where
//! it jumps (`docs/src/methodology.md`).

/// Fewest values whose largest lies beyond the 95th percentile with a confidence
/// of 95 %: 1 − 0.95ⁿ ≥ 0.95.
const P95_SUPPORT: usize = 59;

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
    fn spread_is_that_of_a_sample() {
        assert_eq!(standard_deviation(&[1.0, 3.0]), Some(2f64.sqrt()));
        assert_eq!(standard_deviation(&[1.0]), None);
        assert_eq!(extremes(&[2.0, 1.0, 3.0]), Some((1.0, 3.0)));
    }
}
