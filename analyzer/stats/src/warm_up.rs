//! Whether the first values of a boot differ from the rest.
//!
//! Definition: split the values, in the order they were measured, at each possible
//! place; take the standardised difference of the mean ranks of the two parts; the
//! place where it is largest is the candidate (a two-sample rank test at an unknown
//! place: Pettitt 1979, "A non-parametric approach to the change-point problem",
//! Applied Statistics 28(2), 126–135; standardised so that early changes are seen as
//! well as central ones: Hawkins and Deng 2010, "A nonparametric change-point
//! control chart", Journal of Quality Technology 42(2), 165–173). Whether it is more
//! than chance is judged by shuffling the values: p is the share of shuffles, the
//! order seen among them, whose largest difference is at least as large (Phipson
//! and Smyth 2010, "Permutation p-values should never be zero", Statistical
//! Applications in Genetics and Molecular Biology 9(1), 39).
//!
//! Why ranks: one interrupted value must not look like a phase. Why shuffles: they
//! are right for ties and for few values, where tables are not.
//!
//! Limits: one change is looked for. Shuffling assumes that without a change any
//! order is as likely; values that hang together with their neighbours, or drift,
//! are reported as a change too (one series in five of 30 values with autocorrelation
//! one half), and rightly are not steady. A warm-up that is short and within the
//! noise is missed: of 3 values of 30 that lie two standard deviations higher, most
//! are; of 10 of 100, hardly any. A single different
//! first value is found only if the rest hardly varies and is long; the cold value
//! is for that.
//!
//! Costs a sort and 999 walks over the values.

use crate::hodges_lehmann::hodges_lehmann_shift;
use crate::random::Positions;
use crate::ranks::midranks;

/// Fewest values of which a change can be told: of twelve in two halves that do not
/// overlap, chance deals 2 in 924, well below [`FALSE_POSITIVES`]. Of ten it is 2 in
/// 252, so near to it that the shuffles drawn would decide; of eight, 2 in 70.
const FEWEST_VALUES: usize = 12;

/// How often a steady series is said to change. One in a hundred, not the customary
/// five: every benchmark of every boot is looked at.
const FALSE_POSITIVES: f64 = 0.01;

/// Shuffles: enough that the threshold is ten of them.
const SHUFFLES: usize = 999;

/// A place where values before and after differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// How many values lie before it.
    pub before: usize,
    /// Hodges-Lehmann shift of those over the rest: positive if they are larger.
    pub shift: f64,
    /// How often chance alone would show a change as clear.
    pub p_value: f64,
}

/// How a series begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Onset {
    /// No part differs from the rest by more than chance.
    Steady,
    /// The first values, at most half of them, differ from the rest.
    WarmUp(Change),
    /// The change comes later than that: there is no rest that could be called
    /// the steady state.
    Unsettled(Change),
}

/// Looks for a warm-up. `None` below twelve values.
pub fn warm_up(values: &[f64], seed: u64) -> Option<Onset> {
    if values.len() < FEWEST_VALUES {
        return None;
    }
    let change = likeliest_change(values, seed);
    Some(if change.p_value > FALSE_POSITIVES {
        Onset::Steady
    } else if change.before * 2 <= values.len() {
        Onset::WarmUp(change)
    } else {
        Onset::Unsettled(change)
    })
}

/// The likeliest change of at least two values, however unlikely it is.
fn likeliest_change(values: &[f64], seed: u64) -> Change {
    let mut ranks = midranks(values);
    let (before, seen) = largest_difference(&ranks);
    let mut positions = Positions::new(seed);
    let as_large = (0..SHUFFLES)
        .filter(|_| {
            positions.shuffle(&mut ranks);
            largest_difference(&ranks).1 >= seen
        })
        .count();
    let (first, rest) = values.split_at(before);
    Change {
        before,
        shift: hodges_lehmann_shift(first, rest).unwrap_or(0.0),
        p_value: (as_large + 1) as f64 / (SHUFFLES + 1) as f64,
    }
}

/// Where to split ranks so that the parts differ most, and by how much: the square
/// of the rank sum's distance from its mean, over t(n − t). What is left out of the
/// variance is the same for every place and every shuffle.
fn largest_difference(ranks: &[f64]) -> (usize, f64) {
    let n = ranks.len();
    let mean = (n as f64 + 1.0) / 2.0;
    let mut sum = 0.0;
    let mut largest = (1, f64::NEG_INFINITY);
    for (index, rank) in ranks[..n - 1].iter().enumerate() {
        let before = index + 1;
        // Midranks and their mean are halves: the sum is exact.
        sum += rank - mean;
        let difference = sum * sum / (before * (n - before)) as f64;
        if difference > largest.1 {
            largest = (before, difference);
        }
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Annual flow of the Nile at Aswan, 1871 to 1970 (Cobb 1978, "The problem of
    /// the Nile", Biometrika 65(2), 243–251): the flow fell after 1898, the 28th
    /// year.
    #[test]
    fn finds_the_published_change_of_the_nile() {
        let flow = [
            1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020,
            960, 1180, 799, 958, 1140, 1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840,
            874, 694, 940, 833, 701, 916, 692, 1020, 1050, 969, 831, 726, 456, 824, 702, 1120,
            1100, 832, 764, 821, 768, 845, 864, 862, 698, 845, 744, 796, 1040, 759, 781, 865, 845,
            944, 984, 897, 822, 1010, 771, 676, 649, 846, 812, 742, 801, 1040, 860, 874, 848, 890,
            744, 749, 838, 1050, 918, 986, 797, 923, 975, 815, 1020, 906, 901, 1170, 912, 746, 919,
            718, 714, 740,
        ]
        .map(f64::from);
        let Some(Onset::WarmUp(change)) = warm_up(&flow, 1) else {
            panic!("no change found");
        };
        assert_eq!(change.before, 28);
        assert!(change.p_value <= 0.001);
        assert!((change.shift - 248.0).abs() < 15.0, "{}", change.shift);
    }

    #[test]
    fn a_slow_start_is_a_warm_up() {
        let values: Vec<f64> = (0..50).map(|i| if i < 4 { 130.0 } else { 100.0 }).collect();
        let Some(Onset::WarmUp(change)) = warm_up(&values, 1) else {
            panic!("no warm-up found");
        };
        assert_eq!((change.before, change.shift), (4, 30.0));
    }

    #[test]
    fn a_late_change_is_no_warm_up() {
        let values: Vec<f64> = (0..50)
            .map(|i| if i < 40 { 100.0 } else { 130.0 })
            .collect();
        assert!(matches!(
            warm_up(&values, 1),
            Some(Onset::Unsettled(Change { before: 40, .. }))
        ));
    }

    #[test]
    fn equal_values_are_steady() {
        assert_eq!(warm_up(&[4_000_010.0; 30], 1), Some(Onset::Steady));
    }

    #[test]
    fn one_interrupted_value_is_no_phase() {
        for at in 0..50 {
            let mut values = [100.0; 50];
            values[at] = 9000.0;
            assert_eq!(warm_up(&values, 1), Some(Onset::Steady), "{at}");
        }
    }

    #[test]
    fn eleven_values_are_too_few() {
        assert_eq!(warm_up(&[1.0; 11], 1), None);
    }
}
