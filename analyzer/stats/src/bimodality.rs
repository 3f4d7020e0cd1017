//! Whether one number is the wrong answer, because the values have two.
//!
//! The dip test: the [`crate::dip`] of the values against what the dip of as many
//! uniformly distributed ones exceeds in five of a hundred samples. The uniform
//! distribution is, in the limit, the unimodal one whose samples look least so
//! (Hartigan and Hartigan 1985), which makes the flag conservative for others. Measured (`tests/calibration.rs`): of normal,
//! exponential and lognormal samples, of 5 values 3 to 4 in a hundred are flagged, of
//! 8 about 2, of 30 less than one, of 100 about one in a thousand.
//!
//! Why not Sarle's bimodality coefficient: it takes skewness for bimodality.
//! Exponential values sit exactly on its threshold of 5/9, and the long right tail
//! that values of a benchmark tend to have lies beyond it.
//!
//! Limits: few values hide two modes unless these are narrow. Two normal clusters six
//! standard deviations apart are flagged in one of four samples of 8 and in five of
//! six samples of 30. A mode must hold a fair share of the values (with 8 boots 3 of
//! them, with 100 eleven). The flag does not say where modes are, or how many. Not
//! being flagged is no proof of one mode.

use crate::dip::dip;

/// Fewest values that can be flagged. Of four, two pairs would do, and unimodal
/// distributions with a high peak deal those too often.
const FEWEST_VALUES: usize = 5;

/// Number of values, and the dip that a uniform sample of as many exceeds with
/// probability 0.05. The customary level: at one in a hundred, two clusters among
/// eight boots would have to be as good as points to be seen, and for values with a
/// peak the rate is lower anyway (see above).
///
/// From 10⁶ samples each (10⁵ above 100 values), by `tests/vectors/generate.py` with
/// the independent implementation of the Python package `diptest`; within 0.5 % of
/// the table published with R's package `diptest`.
const CRITICAL: [(usize, f64); 15] = [
    (5, 0.18634),
    (6, 0.16476),
    (7, 0.15996),
    (8, 0.15401),
    (9, 0.14653),
    (10, 0.13971),
    (12, 0.12999),
    (15, 0.11861),
    (20, 0.10513),
    (30, 0.08825),
    (50, 0.07025),
    (100, 0.0511),
    (200, 0.0368),
    (500, 0.02369),
    (1000, 0.01692),
];

/// √n times the critical dip of very many values: of 72 000, in the table published
/// with R's package `diptest`. Used above the last size of ours, where it is at most
/// 2 % too strict.
const CRITICAL_LIMIT: f64 = 0.5452;

/// How values came to be equal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rounding {
    /// They were not rounded: equal values are a cluster.
    None,
    /// They are whole multiples of a step: equal values may lie anywhere within
    /// half a step, and two that are a step apart are no two modes.
    Step(f64),
}

/// What the dip test says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bimodality {
    /// The dip of the values.
    pub dip: f64,
    /// The dip that is flagged when exceeded.
    pub critical: f64,
}

impl Bimodality {
    /// Whether one mode does not describe the values.
    pub fn flagged(&self) -> bool {
        self.dip > self.critical
    }
}

/// Tests values for more than one mode. `None` below five.
pub fn bimodality(values: &[f64], rounding: Rounding) -> Option<Bimodality> {
    if values.len() < FEWEST_VALUES {
        return None;
    }
    let dip = match rounding {
        Rounding::None => dip(values)?,
        Rounding::Step(step) => dip(&unrounded(values, step))?,
    };
    Some(Bimodality {
        dip,
        critical: critical(values.len()),
    })
}

/// Spreads equal values evenly over the step that they were rounded to: what is
/// known of where they were is that they were somewhere in it.
fn unrounded(values: &[f64], step: f64) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
        .chunk_by(|a, b| a == b)
        .flat_map(|equal| {
            let n = equal.len() as f64;
            equal
                .iter()
                .enumerate()
                .map(move |(i, value)| value + step * ((i as f64 + 0.5) / n - 0.5))
        })
        .collect()
}

/// The critical dip of n values; between the sizes of the table √n times it is
/// taken to be a straight line.
fn critical(n: usize) -> f64 {
    let root = (n as f64).sqrt();
    let above = CRITICAL.partition_point(|(size, _)| *size < n);
    let Some((size, dip)) = CRITICAL.get(above).copied() else {
        return CRITICAL_LIMIT / root;
    };
    if size == n || above == 0 {
        return dip;
    }
    let (below_size, below_dip) = CRITICAL[above - 1];
    let scaled = |size: usize, dip: f64| dip * (size as f64).sqrt();
    let share = (n - below_size) as f64 / (size - below_size) as f64;
    let low = scaled(below_size, below_dip);
    (low + share * (scaled(size, dip) - low)) / root
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_clusters_are_flagged() {
        let boots = [100.0, 101.0, 100.5, 100.2, 140.0, 141.0, 140.2, 140.7];
        assert!(bimodality(&boots, Rounding::None).unwrap().flagged());
        let three_of_eight = [100.0, 101.0, 100.5, 140.1, 140.0, 141.0, 140.2, 140.7];
        assert!(
            bimodality(&three_of_eight, Rounding::None)
                .unwrap()
                .flagged()
        );
    }

    #[test]
    fn one_stray_boot_is_no_mode() {
        let boots = [100.0, 101.0, 100.5, 100.2, 100.9, 100.7, 100.1, 400.0];
        assert!(!bimodality(&boots, Rounding::None).unwrap().flagged());
    }

    #[test]
    fn equal_boots_have_one_mode() {
        for rounding in [Rounding::None, Rounding::Step(1.0)] {
            assert!(!bimodality(&[42.0; 5], rounding).unwrap().flagged());
            assert!(!bimodality(&[42.0; 5000], rounding).unwrap().flagged());
        }
    }

    #[test]
    fn neighbouring_steps_are_one_mode_and_distant_ones_two() {
        let values = |other: f64| -> Vec<f64> {
            (0..40)
                .map(|i| if i % 2 == 0 { 100.0 } else { other })
                .collect()
        };
        let flagged = |other, rounding| bimodality(&values(other), rounding).unwrap().flagged();
        assert!(flagged(101.0, Rounding::None));
        assert!(!flagged(101.0, Rounding::Step(1.0)));
        assert!(flagged(107.0, Rounding::Step(1.0)));
    }

    #[test]
    fn four_values_are_too_few() {
        assert_eq!(bimodality(&[1.0, 1.0, 9.0, 9.0], Rounding::None), None);
    }

    #[derive(serde::Deserialize)]
    struct Vectors {
        critical_dip: Vec<Critical>,
    }

    #[derive(serde::Deserialize)]
    struct Critical {
        n: usize,
        dip: f64,
    }

    #[test]
    fn the_table_is_the_one_that_was_simulated() {
        let vectors: Vectors =
            serde_json::from_str(include_str!("../tests/vectors/vectors.json")).unwrap();
        let simulated: Vec<(usize, f64)> = vectors
            .critical_dip
            .iter()
            .map(|critical| (critical.n, critical.dip))
            .collect();
        assert_eq!(simulated, CRITICAL);
    }

    /// Some 95 % quantiles of the table published with R's package `diptest` (10⁶
    /// samples each).
    #[test]
    fn the_critical_dips_are_the_published_ones() {
        for (n, published) in [
            (5, 0.18639180),
            (8, 0.15397830),
            (10, 0.13961140),
            (30, 0.08816891),
            (100, 0.05112794),
            (1000, 0.01693440),
        ] {
            let ours = critical(n);
            assert!((ours / published - 1.0).abs() < 0.005, "{n}: {ours}");
        }
    }

    /// But for the step of 2 % where the table ends.
    #[test]
    fn the_critical_dip_falls_with_the_number_of_values() {
        let dips: Vec<f64> = (FEWEST_VALUES..3000).map(critical).collect();
        assert!(dips.is_sorted_by(|a, b| *b < a * 1.03));
        assert!(dips.iter().all(|dip| *dip > 0.0 && *dip < 0.25));
    }
}
