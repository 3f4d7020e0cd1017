//! Every value of one sample against every value of another.
//!
//! Promises: exact counts. Costs a sort of the second sample and a binary search
//! for each value of the first, not a visit of every pair.

/// How many pairs (first, second) are ordered which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pairs {
    /// The first is greater.
    pub greater: u64,
    /// Neither.
    pub equal: u64,
    /// The first is less.
    pub less: u64,
}

impl Pairs {
    /// Number of all pairs.
    pub fn all(self) -> u64 {
        self.greater + self.equal + self.less
    }
}

/// Counts the pairs of two samples. `None` if either is empty.
pub fn compare(first: &[f64], second: &[f64]) -> Option<Pairs> {
    if first.is_empty() || second.is_empty() {
        return None;
    }
    let mut sorted = second.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut pairs = Pairs {
        greater: 0,
        equal: 0,
        less: 0,
    };
    for value in first {
        let below = sorted.partition_point(|other| other < value);
        let not_above = sorted.partition_point(|other| other <= value);
        pairs.greater += below as u64;
        pairs.equal += (not_above - below) as u64;
        pairs.less += (sorted.len() - not_above) as u64;
    }
    Some(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_is_counted_once() {
        let pairs = compare(&[1.0, 2.0, 2.0], &[2.0, 0.0]).unwrap();
        assert_eq!(
            pairs,
            Pairs {
                greater: 3,
                equal: 2,
                less: 1
            }
        );
        assert_eq!(pairs.all(), 6);
        assert_eq!(compare(&[], &[1.0]), None);
        assert_eq!(compare(&[1.0], &[]), None);
    }
}
