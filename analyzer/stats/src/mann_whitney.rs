//! Whether two samples come from one distribution.
//!
//! Definition (Mann and Whitney 1947, "On a test of whether one of two random
//! variables is stochastically larger than the other", Annals of Mathematical
//! Statistics 18(1), 50–60): U of the first sample is the number of pairs in which
//! its value is greater, ties counting one half. The p value is how often chance
//! alone would deal out a U at least as extreme.
//!
//! Promises: up to [`EXACT_TOTAL`] values together, or [`EXACT_TIED_TOTAL`] where some
//! are equal, p is exact in either order of the samples: every way of dealing the values
//! is counted. Equal values share their mean rank; what is as far from the expected U as
//! what was found, on either side, is as extreme (the permutation test of Lehmann 1975,
//! Nonparametrics, section 1.4). Beyond it is the normal approximation with the variance
//! corrected for ties and one half of continuity (Hollander, Wolfe and Chicken 2014,
//! Nonparametric Statistical Methods, 3rd edition, section 4.1). Exact costs O(n₁² n₂)
//! additions on as many counts as there are pairs, with ties n₁ times as many; the rest
//! costs sorts.
//!
//! A p value is no size: read it with [`crate::cliffs_delta`] and
//! [`crate::hodges_lehmann_shift`]. The values must be independent of each other:
//! boots are, values inside one boot are not.

use crate::normal;
use crate::pairs::compare;
use crate::ranks::tie_term;

mod tied;

/// Most values of both samples together for which p is counted, not approximated.
/// The number of ways to deal ranks to two samples of 64 is 2.4 · 10³⁷, the last
/// that an integer of 128 bits holds.
pub const EXACT_TOTAL: usize = 128;

/// The same where values are equal: the count is by number and sum of ranks, which takes
/// a table of n₁ times twice the sum, 2 MB at most.
pub const EXACT_TIED_TOTAL: usize = 64;

/// What would count as extreme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alternative {
    /// The samples differ, either way.
    Different,
    /// The first sample is greater.
    FirstGreater,
    /// The first sample is less.
    FirstLess,
}

/// How p was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Computation {
    /// By counting every way of dealing the ranks.
    Exact,
    /// By the normal distribution, corrected for ties and continuity.
    NormalApproximation,
}

/// The test's answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MannWhitney {
    /// U of the first sample.
    pub u_first: f64,
    /// U of the second sample; the two sum to the number of pairs.
    pub u_second: f64,
    /// Probability of a U at least as extreme if nothing differs.
    pub p_value: f64,
    /// How it was found.
    pub computation: Computation,
}

/// Tests two samples. `None` if either is empty.
pub fn mann_whitney(
    first: &[f64],
    second: &[f64],
    alternative: Alternative,
) -> Option<MannWhitney> {
    let pairs = compare(first, second)?;
    let u_first = pairs.greater as f64 + pairs.equal as f64 / 2.0;
    let u_second = pairs.less as f64 + pairs.equal as f64 / 2.0;
    let all = [first, second].concat();
    let ties = tie_term(&all);
    let (n_first, n_second) = (first.len(), second.len());
    let (p_value, computation) = if ties > 0.0 && all.len() <= EXACT_TIED_TOTAL {
        let p = tied::p_value(&all, n_first, u_first, alternative);
        (p, Computation::Exact)
    } else {
        // Without ties, or nearly normal, U is symmetric: "at most u" for one sample is
        // "at least n₁n₂ − u" for the other, and only the upper tail is needed.
        let (u, tails) = match alternative {
            Alternative::Different => (u_first.max(u_second), 2.0),
            Alternative::FirstGreater => (u_first, 1.0),
            Alternative::FirstLess => (u_second, 1.0),
        };
        let (tail, computation) = if ties == 0.0 && all.len() <= EXACT_TOTAL {
            (exact_tail(n_first, n_second, u), Computation::Exact)
        } else {
            (
                normal_tail(n_first, n_second, u, ties),
                Computation::NormalApproximation,
            )
        };
        // Both tails hold a U in the very middle.
        ((tails * tail).min(1.0), computation)
    };
    Some(MannWhitney {
        u_first,
        u_second,
        p_value,
        computation,
    })
}

/// P(U ≥ u) by counting. Without ties U is whole.
fn exact_tail(n_first: usize, n_second: usize, u: f64) -> f64 {
    let counts = arrangements(n_first.min(n_second), n_first.max(n_second));
    let all: u128 = counts.iter().sum();
    let extreme: u128 = counts[u as usize..].iter().sum();
    extreme as f64 / all as f64
}

/// In how many ways ranks can be dealt so that U is 0, 1, … `few`·`many`.
///
/// These are the coefficients of the Gaussian binomial (`few` + `many` choose
/// `few`), the product over i = 1…`few` of (1 − q^(`many` + i)) / (1 − qⁱ) (Andrews
/// 1976, The Theory of Partitions, theorem 3.1). Each factor keeps them whole, so
/// the division leaves nothing over; in between they may be negative, which
/// wrapping arithmetic takes back.
fn arrangements(few: usize, many: usize) -> Vec<u128> {
    let mut counts = vec![0_u128; few * many + 1];
    counts[0] = 1;
    for step in 1..=few {
        for power in (many + step..counts.len()).rev() {
            counts[power] = counts[power].wrapping_sub(counts[power - many - step]);
        }
        for power in step..counts.len() {
            counts[power] = counts[power].wrapping_add(counts[power - step]);
        }
    }
    counts
}

/// P(U ≥ u) by the normal distribution.
fn normal_tail(n_first: usize, n_second: usize, u: f64, ties: f64) -> f64 {
    let pairs = n_first as f64 * n_second as f64;
    let total = (n_first + n_second) as f64;
    let variance = pairs / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)));
    if variance <= 0.0 {
        // Every value is equal: any deal gives this U.
        return 1.0;
    }
    normal::above((u - pairs / 2.0 - 0.5) / variance.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn p(first: &[f64], second: &[f64], alternative: Alternative) -> f64 {
        mann_whitney(first, second, alternative).unwrap().p_value
    }

    /// Hollander and Wolfe 1973, p. 69: permeability of the human chorioamnion at
    /// term and at 12 to 26 weeks. W = 35, one-sided p = 0.1272.
    #[test]
    fn matches_the_textbook_example() {
        let term = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
        let early = [1.15, 0.88, 0.90, 0.74, 1.21];
        let test = mann_whitney(&term, &early, Alternative::FirstGreater).unwrap();
        assert_eq!(test.u_first, 35.0);
        assert_eq!(test.computation, Computation::Exact);
        assert!((test.p_value - 0.1272).abs() < 5e-5, "{}", test.p_value);
    }

    /// Mann and Whitney 1947, table I: P(U ≤ u) for samples of 3 and 3, 4 and 4.
    #[test]
    fn matches_the_published_tables() {
        let table = |n: usize| -> Vec<f64> {
            let counts = arrangements(n, n);
            let all: u128 = counts.iter().sum();
            counts
                .iter()
                .scan(0_u128, |sum, count| {
                    *sum += count;
                    Some((*sum as f64 / all as f64 * 1000.0).round() / 1000.0)
                })
                .collect()
        };
        assert_eq!(table(3)[..5], [0.05, 0.1, 0.2, 0.35, 0.5]);
        assert_eq!(
            table(4)[..9],
            [0.014, 0.029, 0.057, 0.1, 0.171, 0.243, 0.343, 0.443, 0.557]
        );
    }

    #[test]
    fn the_smaller_sample_may_come_first() {
        let few = [1.0, 2.0, 3.0, 4.0];
        let many = [10.0, 11.0, 12.0, 13.0, 14.0];
        assert_eq!(p(&few, &many, Alternative::Different), 2.0 / 126.0);
        assert_eq!(p(&many, &few, Alternative::Different), 2.0 / 126.0);
        assert_eq!(p(&few, &many[..4], Alternative::Different), 2.0 / 70.0);
        assert_eq!(p(&few, &many, Alternative::FirstLess), 1.0 / 126.0);
        assert_eq!(p(&few, &many, Alternative::FirstGreater), 1.0);
    }

    /// 1 of C(6, 3) = 20 deals on either side, 1 of C(10, 5) = 252.
    #[test]
    fn two_sets_of_equal_values_are_counted() {
        let p = |n| p(&vec![363.0; n], &vec![364.0; n], Alternative::Different);
        assert_eq!(p(3), 0.1);
        assert_eq!(p(5), 2.0 / 252.0);
    }

    /// Every deal of the values, by itself.
    fn enumerated(first: &[f64], second: &[f64]) -> f64 {
        let all = [first, second].concat();
        let expected = (first.len() * second.len()) as f64 / 2.0;
        let far = |chosen: u32| {
            let (mut one, mut other) = (Vec::new(), Vec::new());
            for (index, value) in all.iter().enumerate() {
                match chosen >> index & 1 {
                    1 => one.push(*value),
                    _ => other.push(*value),
                }
            }
            let pairs = compare(&one, &other).unwrap();
            (pairs.greater as f64 + pairs.equal as f64 / 2.0 - expected).abs()
        };
        let mut deals = (0..1_u32 << all.len()).filter(|c| c.count_ones() as usize == first.len());
        let found = far((1 << first.len()) - 1);
        let of: Vec<f64> = deals.by_ref().map(far).collect();
        let extreme = of.iter().filter(|&&far| far >= found).count();
        extreme as f64 / of.len() as f64
    }

    #[test]
    fn equal_samples_do_not_differ() {
        for alternative in [
            Alternative::Different,
            Alternative::FirstGreater,
            Alternative::FirstLess,
        ] {
            assert_eq!(p(&[7.0; 5], &[7.0; 5], alternative), 1.0);
            assert_eq!(p(&[7.0], &[7.0], alternative), 1.0);
        }
    }

    #[test]
    fn an_empty_sample_has_no_test() {
        assert_eq!(mann_whitney(&[], &[1.0], Alternative::Different), None);
        assert_eq!(mann_whitney(&[1.0], &[], Alternative::Different), None);
    }

    /// All deals of the largest exact case are C(128, 64), and every count fits.
    #[test]
    fn the_largest_exact_case_does_not_overflow() {
        let counts = arrangements(EXACT_TOTAL / 2, EXACT_TOTAL / 2);
        let all = counts
            .iter()
            .try_fold(0_u128, |sum, count| sum.checked_add(*count));
        assert_eq!(
            all,
            Some(23_951_146_041_928_082_866_135_587_776_380_551_750)
        );
    }

    proptest! {
        #[test]
        fn the_two_counts_share_the_pairs_and_swap(
            first in prop::collection::vec(-20..20i32, 1..40),
            second in prop::collection::vec(-20..20i32, 1..40),
        ) {
            let first: Vec<f64> = first.into_iter().map(f64::from).collect();
            let second: Vec<f64> = second.into_iter().map(f64::from).collect();
            let there = mann_whitney(&first, &second, Alternative::Different).unwrap();
            let back = mann_whitney(&second, &first, Alternative::Different).unwrap();
            prop_assert_eq!(there.u_first + there.u_second, (first.len() * second.len()) as f64);
            prop_assert_eq!(there.u_first, back.u_second);
            prop_assert_eq!(there.p_value, back.p_value);
            prop_assert_eq!(
                p(&first, &second, Alternative::FirstGreater),
                p(&second, &first, Alternative::FirstLess)
            );
            prop_assert!((0.0..=1.0).contains(&there.p_value));
        }

        #[test]
        fn with_ties_p_is_that_of_every_deal(
            first in prop::collection::vec(0..4i32, 1..7),
            second in prop::collection::vec(0..4i32, 1..7),
        ) {
            let first: Vec<f64> = first.into_iter().map(f64::from).collect();
            let second: Vec<f64> = second.into_iter().map(f64::from).collect();
            let found = p(&first, &second, Alternative::Different);
            prop_assert!((found - enumerated(&first, &second)).abs() < 1e-12);
        }

        #[test]
        fn the_counted_ways_are_symmetric_and_complete(few in 1..12usize, more in 0..12usize) {
            let counts = arrangements(few, few + more);
            let mirrored: Vec<u128> = counts.iter().rev().copied().collect();
            prop_assert_eq!(&counts, &mirrored);
            let ways = (1..=few).fold(1_u128, |ways, i| ways * (few + more + i) as u128 / i as u128);
            prop_assert_eq!(counts.iter().sum::<u128>(), ways);
        }

        #[test]
        fn raising_the_first_never_makes_greater_less_likely(
            first in prop::collection::vec(-1e3..1e3f64, 1..30),
            second in prop::collection::vec(-1e3..1e3f64, 1..30),
            rise in 0.0..500.0f64,
        ) {
            let raised: Vec<f64> = first.iter().map(|v| v + rise).collect();
            prop_assert!(
                p(&raised, &second, Alternative::FirstGreater)
                    <= p(&first, &second, Alternative::FirstGreater) + 1e-12
            );
        }
    }
}
