//! Random positions that are the same for one seed on every machine.
//!
//! PCG XSL RR 128/64 (O'Neill 2014, "PCG: a family of simple fast space-efficient
//! statistically good algorithms for random number generation", HMC-CS-2014-0905),
//! which NumPy calls `PCG64`. The generator's output is part of its definition;
//! how a library turns it into a range is not, and changes between versions. Hence
//! the multiplication below instead of a library's range.

use rand_pcg::Pcg64;
use rand_pcg::rand_core::Rng;

/// The stream: any constant will do, it has to stay this one.
const STREAM: u128 = 0;

/// A source of positions in a slice.
pub struct Positions(Pcg64);

impl Positions {
    /// The positions that belong to a seed.
    pub fn new(seed: u64) -> Self {
        Self(Pcg64::new(u128::from(seed), STREAM))
    }

    /// A position below `count`, which must not be zero. The upper half of a
    /// 64 × 64 bit product; positions differ in probability by less than
    /// `count` / 2⁶⁴, far below what any number of resamples could show.
    pub fn below(&mut self, count: usize) -> usize {
        ((u128::from(self.0.next_u64()) * count as u128) >> 64) as usize
    }

    /// Shuffles (Fisher and Yates 1938, as by Durstenfeld 1964).
    pub fn shuffle<T>(&mut self, values: &mut [T]) {
        for last in (1..values.len()).rev() {
            values.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_sequence() {
        let draw = |seed| {
            let mut positions = Positions::new(seed);
            (0..32).map(|_| positions.below(10)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn all_positions_are_drawn_about_equally_often() {
        let mut positions = Positions::new(7);
        let mut counts = [0_u32; 5];
        for _ in 0..50_000 {
            counts[positions.below(5)] += 1;
        }
        // Five standard deviations of a binomial count around its mean.
        assert!(counts.iter().all(|count| count.abs_diff(10_000) < 450));
    }

    #[test]
    fn shuffling_keeps_the_values() {
        let mut values: Vec<u32> = (0..100).collect();
        Positions::new(3).shuffle(&mut values);
        assert_ne!(values, (0..100).collect::<Vec<_>>());
        values.sort_unstable();
        assert_eq!(values, (0..100).collect::<Vec<_>>());
    }
}
