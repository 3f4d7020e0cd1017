//! Every deal of values some of which are equal, counted.
//!
//! Ranks of equal values are their mean, so twice a rank is whole. The deals of `n` of
//! the values by twice the sum of their ranks follow from the groups of equal values,
//! one after the other: of a group of t any k can be taken, in C(t, k) ways.

use super::Alternative;

/// P of a U as extreme as `u_first` among all deals of `n_first` of the values.
pub(super) fn p_value(
    values: &[f64],
    n_first: usize,
    u_first: f64,
    alternative: Alternative,
) -> f64 {
    let n_second = values.len() - n_first;
    // U is the sum of ranks less that of the first n ranks.
    let least = n_first * (n_first + 1);
    let doubled = (u_first * 2.0).round() as i64 + least as i64;
    let expected = (n_first * n_second + least) as i64;
    let is_extreme = |sum: i64| match alternative {
        Alternative::Different => (sum - expected).abs() >= (doubled - expected).abs(),
        Alternative::FirstGreater => sum >= doubled,
        Alternative::FirstLess => sum <= doubled,
    };
    let counts = deals(values, n_first);
    let sums = (0..).zip(&counts);
    let extreme: u128 = sums
        .filter(|(sum, _)| is_extreme(*sum))
        .map(|(_, ways)| ways)
        .sum();
    let all: u128 = counts.iter().sum();
    extreme as f64 / all as f64
}

/// In how many ways `n` of the values have ranks of each doubled sum.
fn deals(values: &[f64], n: usize) -> Vec<u128> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let most = sorted.len() * (sorted.len() + 1);
    // By number of values taken, then by doubled sum of their ranks.
    let mut ways = vec![vec![0_u128; most + 1]; n + 1];
    ways[0][0] = 1;
    let mut before = 0;
    for group in sorted.chunk_by(|a, b| a == b) {
        let size = group.len();
        let doubled_rank = 2 * before + size + 1;
        before += size;
        // From many to few, so that no value is taken twice.
        for taken in (1..=n).rev() {
            let mut choices = 1_u128;
            for of_group in 1..=size.min(taken) {
                choices = choices * (size + 1 - of_group) as u128 / of_group as u128;
                let (fewer, at_least) = (taken - of_group, of_group * doubled_rank);
                for sum in at_least..=most {
                    let more = ways[fewer][sum - at_least];
                    if more > 0 {
                        ways[taken][sum] += choices * more;
                    }
                }
            }
        }
    }
    ways.swap_remove(n)
}
