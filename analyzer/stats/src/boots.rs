//! One number from several boots.
//!
//! The boot is the unit of replication: values inside one boot share its layout,
//! its caches and its luck, so their spread says nothing about the next boot.
//! Hence the median of the boots' medians, and the same for every percentile.

use crate::quantile::{Quantile, median, quantile_of_sorted};
use crate::spread::{Range, range, standard_deviation};

/// What one boot contributed, in the order it was given.
#[derive(Clone, Debug, PartialEq)]
pub struct Boot {
    /// Number of its values.
    pub n: u64,
    /// The middle of its values.
    pub median: f64,
    /// The 95th percentile, if its values support one.
    pub p95: Option<f64>,
}

/// All boots together.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Number of values of all boots.
    pub n: u64,
    /// Median of the boots' medians.
    pub median: f64,
    /// Median of the boots' 95th percentiles, if every boot has one.
    pub p95: Option<f64>,
    /// Smallest and largest of all values.
    pub values: Range,
    /// Sample standard deviation of all values, if there are two.
    pub sd: Option<f64>,
    /// Smallest and largest of the boots' medians.
    pub medians: Range,
    /// Each boot.
    pub boots: Vec<Boot>,
}

/// Summarises the values of each boot. `None` without a boot, or when a boot has
/// no values: a boot that measured nothing cannot be outvoted by the others.
pub fn summarize(boots: &[&[f64]]) -> Option<Summary> {
    let summaries: Vec<Boot> = boots
        .iter()
        .map(|values| summarize_boot(values))
        .collect::<Option<_>>()?;
    let medians: Vec<f64> = summaries.iter().map(|boot| boot.median).collect();
    let tails: Option<Vec<f64>> = summaries.iter().map(|boot| boot.p95).collect();
    let all = boots.concat();
    Some(Summary {
        n: all.len() as u64,
        median: median(&medians)?,
        p95: tails.and_then(|tails| median(&tails)),
        values: range(&all)?,
        sd: standard_deviation(&all),
        medians: range(&medians)?,
        boots: summaries,
    })
}

fn summarize_boot(values: &[f64]) -> Option<Boot> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let n = sorted.len() as u64;
    Some(Boot {
        n,
        median: quantile_of_sorted(&sorted, Quantile::MEDIAN)?,
        p95: Quantile::P95
            .supported_by(n)
            .then(|| quantile_of_sorted(&sorted, Quantile::P95))
            .flatten(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wild_boot_does_not_move_the_median() {
        let calm = [10.0, 11.0, 12.0];
        let wild = [900.0, 1000.0, 1100.0];
        let summary = summarize(&[&calm, &calm, &wild, &calm, &calm]).unwrap();
        assert_eq!(summary.median, 11.0);
        assert_eq!(
            summary.medians,
            Range {
                low: 11.0,
                high: 1000.0
            }
        );
        assert_eq!(
            summary.values,
            Range {
                low: 10.0,
                high: 1100.0
            }
        );
        assert_eq!(summary.n, 15);
    }

    #[test]
    fn a_long_boot_weighs_as_much_as_a_short_one() {
        let long = vec![5.0; 1000];
        let summary = summarize(&[&long, &[1.0], &[2.0]]).unwrap();
        assert_eq!(summary.median, 2.0);
    }

    #[test]
    fn a_percentile_needs_support_in_every_boot() {
        let enough: Vec<f64> = (1..=59).map(f64::from).collect();
        assert_eq!(summarize(&[&enough, &enough]).unwrap().p95, Some(57.0));
        assert_eq!(summarize(&[&enough, &enough[..58]]).unwrap().p95, None);
    }

    #[test]
    fn an_empty_boot_is_not_outvoted() {
        assert_eq!(summarize(&[&[1.0], &[]]), None);
        assert_eq!(summarize(&[]), None);
    }
}
