//! How far a sample is from having one mode.
//!
//! Definition (Hartigan and Hartigan 1985, "The dip test of unimodality", Annals of
//! Statistics 13(1), 70–84): the smallest possible greatest distance between the
//! sample's distribution function and one that has a single mode, that is, one that
//! is convex up to some point and concave after it. Between 1/(2n) and 1/4; two
//! clusters of equal size far apart come close to 1/4.
//!
//! Costs a sort and, for each narrowing of the modal interval, a walk over what is
//! left of the sample; in practice a handful of walks.

/// The dip. `None` for no values. Equal values count as one step: of values that
/// were rounded, use [`crate::bimodality`].
pub fn dip(values: &[f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let steps = Steps::of(values);
    Some(steps.widest_gap() / (2 * values.len()) as f64)
}

/// The distribution function in counts: at each different value it rises from
/// `below` to `up_to`.
struct Steps {
    value: Vec<f64>,
    below: Vec<f64>,
    up_to: Vec<f64>,
}

impl Steps {
    fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let mut steps = Self {
            value: Vec::new(),
            below: Vec::new(),
            up_to: Vec::new(),
        };
        let mut seen = 0;
        for equal in sorted.chunk_by(|a, b| a == b) {
            steps.value.push(equal[0]);
            steps.below.push(seen as f64);
            seen += equal.len();
            steps.up_to.push(seen as f64);
        }
        steps
    }

    /// Twice the dip, in counts, by the algorithm of the paper.
    ///
    /// Within a modal interval, hold the highest convex function below the steps
    /// against the lowest concave one above them. Where they are furthest apart,
    /// the mode must lie; what lies outside is what a unimodal function has to miss.
    /// Narrow until the two are no further apart than that.
    fn widest_gap(&self) -> f64 {
        let (mut low, mut high) = (0, self.value.len() - 1);
        // A step cannot be missed by less than half of its height.
        let mut missed = 1.0_f64;
        loop {
            let convex = self.hull(&self.below, low, high, Bend::Convex);
            let concave = self.hull(&self.up_to, low, high, Bend::Concave);
            let Some(gap) = self.furthest_apart(&convex, &concave) else {
                return missed;
            };
            if gap.distance <= missed {
                return missed;
            }
            // Not the ends themselves: a unimodal function may step at its mode, and
            // if the mode turns out to lie further in, the next round counts them.
            for at in low..gap.low {
                missed = missed.max(self.up_to[at] - self.height(&self.below, &convex, at));
            }
            for at in gap.high + 1..=high {
                missed = missed.max(self.height(&self.up_to, &concave, at) - self.below[at]);
            }
            if (gap.low, gap.high) == (low, high) {
                return missed;
            }
            (low, high) = (gap.low, gap.high);
        }
    }

    /// The corners of the tightest bent line along `heights` from `low` to `high`.
    fn hull(&self, heights: &[f64], low: usize, high: usize, bend: Bend) -> Vec<usize> {
        let mut corners: Vec<usize> = Vec::new();
        for next in low..=high {
            while let [.., before, last] = corners[..] {
                let slope_to = |to: usize| {
                    (heights[to] - heights[before]) / (self.value[to] - self.value[before])
                };
                let bends = match bend {
                    Bend::Convex => slope_to(last) < slope_to(next),
                    Bend::Concave => slope_to(last) > slope_to(next),
                };
                if bends {
                    break;
                }
                corners.pop();
            }
            corners.push(next);
        }
        corners
    }

    /// Height of a bent line at a value.
    fn height(&self, heights: &[f64], corners: &[usize], at: usize) -> f64 {
        match corners.binary_search(&at) {
            Ok(_) => heights[at],
            Err(right) => {
                let (left, right) = (corners[right - 1], corners[right]);
                let share =
                    (self.value[at] - self.value[left]) / (self.value[right] - self.value[left]);
                heights[left] + share * (heights[right] - heights[left])
            }
        }
    }

    /// Where the two lines are furthest apart, and the interval of the nearest
    /// corners around it: the convex line's to the left, the concave one's to the
    /// right. It happens at a corner of one of them.
    fn furthest_apart(&self, convex: &[usize], concave: &[usize]) -> Option<Gap> {
        let at_convex = convex.iter().map(|at| Gap {
            distance: self.height(&self.up_to, concave, *at) - self.below[*at],
            low: *at,
            high: concave[concave.partition_point(|corner| corner < at)],
        });
        let at_concave = concave.iter().map(|at| Gap {
            distance: self.up_to[*at] - self.height(&self.below, convex, *at),
            low: convex[convex.partition_point(|corner| corner <= at) - 1],
            high: *at,
        });
        at_convex
            .chain(at_concave)
            .max_by(|a, b| a.distance.total_cmp(&b.distance))
    }
}

#[derive(Clone, Copy)]
enum Bend {
    Convex,
    Concave,
}

struct Gap {
    distance: f64,
    low: usize,
    high: usize,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn no_values_have_no_dip() {
        assert_eq!(dip(&[]), None);
    }

    #[test]
    fn evenly_spaced_and_equal_values_have_the_smallest() {
        let even: Vec<f64> = (0..20).map(f64::from).collect();
        assert_eq!(dip(&even), Some(1.0 / 40.0));
        assert_eq!(dip(&[3.0; 20]), Some(1.0 / 40.0));
        assert_eq!(dip(&[3.0]), Some(0.5));
    }

    #[test]
    fn two_equal_clusters_have_the_largest() {
        assert_eq!(dip(&[0.0, 0.0, 0.0, 9.0, 9.0, 9.0]), Some(0.25));
        // A cluster of a share s far from the rest cannot be missed by less than s/2.
        assert_eq!(dip(&[0.0, 0.0, 9.0, 9.0, 9.0, 9.0, 9.0, 9.0]), Some(0.125));
    }

    proptest! {
        #[test]
        fn it_has_bounds_and_ignores_place_scale_and_direction(
            values in prop::collection::vec(-1000..1000i32, 1..60),
        ) {
            let n = values.len() as f64;
            let plain: Vec<f64> = values.iter().map(|v| f64::from(*v)).collect();
            let other: Vec<f64> = plain.iter().map(|v| 300.0 - 4.0 * v).collect();
            let answer = dip(&plain).unwrap();
            prop_assert!(answer >= 0.5 / n && answer <= 0.25_f64.max(0.5 / n) + 1e-12);
            prop_assert!((answer - dip(&other).unwrap()).abs() < 1e-9);
        }
    }
}
