//! Ranks, and how many values share one.
//!
//! Promises: rank one is the smallest; equal values share the mean of the ranks
//! they would have had (midranks; Kruskal and Wallis 1952), so ranks always sum to
//! n(n + 1)/2. Costs a sort.

/// The midrank of each value, in the order of the values.
pub fn midranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_unstable_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for equal in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let rank = before as f64 + (equal.len() as f64 + 1.0) / 2.0;
        for position in equal {
            ranks[*position] = rank;
        }
        before += equal.len();
    }
    ranks
}

/// Σ(t³ − t) over the sizes t of groups of equal values; zero without ties.
pub fn tie_term(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
        .chunk_by(|a, b| a == b)
        .map(|equal| equal.len() as f64)
        .map(|size| size * size * size - size)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_their_mean_rank() {
        assert_eq!(midranks(&[30.0, 10.0, 20.0, 20.0]), [4.0, 1.0, 2.5, 2.5]);
        assert_eq!(tie_term(&[30.0, 10.0, 20.0, 20.0]), 6.0);
        assert_eq!(tie_term(&[1.0, 2.0]), 0.0);
    }

    #[test]
    fn signed_zeros_are_equal() {
        assert_eq!(midranks(&[0.0, -0.0]), [1.5, 1.5]);
    }
}
