//! Where the two modes are, once one is known to be too few.
//!
//! Definition: split the sorted values where the sum of all distances from the
//! median of their own part is smallest (two-medians; Späth 1980, "Cluster Analysis
//! Algorithms"); the modes are the medians of the two parts. Each part holds a tenth
//! of the values at least: a stray value is no mode, and the dip test that goes
//! before would not have seen it.
//!
//! Says nothing about whether there are two: of values with one mode it gives the
//! quartiles, roughly. Costs a sort and a walk.

use crate::quantile::median;

/// A part holds one in so many values.
const SMALLEST_SHARE: usize = 10;

/// The lower and the upper mode of values that have two. `None` below two values.
pub fn two_modes(values: &[f64]) -> Option<(f64, f64)> {
    let n = values.len();
    if n < 2 {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut sums = Vec::with_capacity(n + 1);
    let mut sum = 0.0;
    sums.push(sum);
    // From the middle, so that large values leave room for small differences.
    let origin = sorted[n / 2];
    for value in &sorted {
        sum += value - origin;
        sums.push(sum);
    }
    let smallest = (n / SMALLEST_SHARE).max(1);
    let distance = |from: usize, to: usize| {
        let (low, high) = (from + (to - from) / 2, to - (to - from) / 2);
        (sums[to] - sums[high]) - (sums[low] - sums[from])
    };
    let split = (smallest..=n - smallest).min_by(|a, b| {
        let of = |at: usize| distance(0, at) + distance(at, n);
        of(*a).total_cmp(&of(*b))
    })?;
    let (low, high) = sorted.split_at(split);
    Some((median(low)?, median(high)?))
}

/// One of two modes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mode {
    /// The middle of its values.
    pub value: f64,
    /// Part of all values that it holds.
    pub share: f64,
}

/// The two modes with their shares: values belong to the nearer. `None` where one of the
/// two would hold none.
pub fn split_at_modes(values: &[f64], (low, high): (f64, f64)) -> Option<[Mode; 2]> {
    let middle = low + (high - low) / 2.0;
    let (below, above): (Vec<f64>, Vec<f64>) = values.iter().partition(|value| **value <= middle);
    let mode = |part: &[f64]| {
        Some(Mode {
            value: median(part)?,
            share: part.len() as f64 / values.len() as f64,
        })
    };
    Some([mode(&below)?, mode(&above)?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_clusters_have_their_medians() {
        let values = [331.0, 315.0, 314.0, 330.0, 316.0, 332.0, 315.0];
        assert_eq!(two_modes(&values), Some((315.0, 331.0)));
    }

    #[test]
    fn a_stray_value_is_no_mode() {
        let mut values: Vec<f64> = (0..40).map(|i| f64::from(i % 2) * 20.0).collect();
        values.push(1e9);
        assert_eq!(two_modes(&values), Some((0.0, 20.0)));
    }

    #[test]
    fn the_shares_of_two_modes_are_all_values() {
        let values = [910.0, 955.0, 955.0, 910.0, 955.0];
        let [low, high] = split_at_modes(&values, (910.0, 955.0)).unwrap();
        assert_eq!((low.value, low.share), (910.0, 0.4));
        assert_eq!((high.value, high.share), (955.0, 0.6));
        assert_eq!(split_at_modes(&[1.0, 1.0], (1.0, 1.0)), None);
    }

    #[test]
    fn one_value_has_no_two_modes() {
        assert_eq!(two_modes(&[1.0]), None);
        assert_eq!(two_modes(&[1.0, 2.0]), Some((1.0, 2.0)));
    }
}
