//! Whether a few operations cost much more than the others, again and again.
//!
//! A queue that is emptied at every sixteenth entry, a page that is taken at every
//! eighth: the median says nothing of it, the dip test needs a fair share of the values
//! for a mode, and one stray value is no mode. Definition: of the sorted values those
//! above the widest gap in their upper quarter, if they are one in [`RAREST`] at least,
//! no fewer than [`FEWEST`], and lie closer to each other than the gap is wide. A tail
//! that thins out has no such gap: its values lie further apart the rarer they are.
//!
//! Costs a sort and a walk.

use crate::quantile::median;

/// A mode is one value in so many at least: one that is rarer moves the mean by little.
const RAREST: usize = 64;

/// Fewer values may be strays.
const FEWEST: usize = 4;

/// More would be a mode that the dip test sees.
const UPPER_PART: usize = 4;

/// A few dear values above many cheap ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RareMode {
    /// Median of the many.
    pub common: f64,
    /// Median of the few.
    pub rare: f64,
    /// Part of the values that the few are.
    pub share: f64,
}

/// The rare mode of values that have one.
pub fn rare_mode(values: &[f64]) -> Option<RareMode> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let n = sorted.len();
    let most = n / UPPER_PART;
    let fewest = FEWEST.max(n.div_ceil(RAREST));
    if most < fewest {
        return None;
    }
    let gap = |at: usize| sorted[at] - sorted[at - 1];
    let split = (n - most..=n - fewest).max_by(|a, b| gap(*a).total_cmp(&gap(*b)))?;
    let (many, few) = sorted.split_at(split);
    let together = few[few.len() - 1] - few[0];
    let apart = gap(split);
    (apart > 0.0 && together <= apart).then_some(RareMode {
        common: median(many)?,
        rare: median(few)?,
        share: few.len() as f64 / n as f64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every(nth: usize, n: usize) -> Vec<f64> {
        let cost = |i: usize| if i.is_multiple_of(nth) { 720.0 } else { 360.0 };
        (0..n).map(cost).collect()
    }

    #[test]
    fn one_in_eight_and_one_in_sixteen_are_modes() {
        for nth in [8, 16] {
            let found = rare_mode(&every(nth, 256)).unwrap();
            assert_eq!((found.common, found.rare), (360.0, 720.0));
            assert_eq!(found.share, 1.0 / nth as f64);
        }
    }

    #[test]
    fn strays_and_equal_values_are_no_mode() {
        let mut values = vec![315.0; 256];
        assert_eq!(rare_mode(&values), None);
        values[100] = 9000.0;
        values[10] = 9000.0;
        assert_eq!(rare_mode(&values), None);
        assert_eq!(rare_mode(&[1.0, 2.0, 9.0]), None);
    }

    #[test]
    fn a_tail_that_thins_out_is_no_mode() {
        // Quantiles of the exponential distribution.
        let tail: Vec<f64> = (0..512)
            .map(|i| -(1.0 - (f64::from(i) + 0.5) / 512.0).ln() * 100.0)
            .collect();
        assert_eq!(rare_mode(&tail), None);
        let even: Vec<f64> = (0..200).map(f64::from).collect();
        assert_eq!(rare_mode(&even), None);
    }
}
