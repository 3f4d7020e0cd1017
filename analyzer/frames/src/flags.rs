//! What one number hides: values that have two modes, a few that cost much more than the
//! others, values that had not settled.
//!
//! Both are looked for in the values of each boot by itself, since values of a boot
//! depend on each other, and a row is flagged only where more than half of its boots
//! are: one boot in a hundred looks unsettled by chance. Boots whose own values have
//! one mode may still disagree; so their medians are looked at too.
//!
//! A flag says that the median misleads. A difference below [`RELEVANT`] misleads
//! nobody, however certain it is, and is not flagged. Values that are all equal, as
//! in exact mode, never are.

use capbench_results::{Measurement, Unit};
use capbench_stats::{
    Change, Mode, Onset, Rounding, bimodality, median, rare_mode, split_at_modes, two_modes,
    warm_up,
};
use serde::Serialize;

/// Smallest difference worth a word, as a part of the median: an order of magnitude
/// below the effects that people look for.
const RELEVANT: f64 = 0.01;

/// Most values looked at in their order. Of more, groups of neighbours are looked at
/// by their medians: to see when values settle takes a thousand shuffles of them.
const LOOKED_AT: usize = 1000;

/// Decides the shuffles, so that the same values are always judged alike.
const SEED: u64 = 1;

/// What the median of a row does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Flags {
    /// There are two modes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bimodal: Option<Bimodal>,
    /// A few batches cost much more than the others, again and again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rare: Option<Rare>,
    /// The first batches differ from the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsettled: Option<Unsettled>,
}

/// A dear mode too rare for the median to show.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rare {
    /// What the others cost.
    pub common: f64,
    /// What the few cost.
    pub rare: f64,
    /// Part of the batches that they are.
    pub share: f64,
}

/// Two modes instead of one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Bimodal {
    /// Which values have them.
    pub among: Among,
    /// The lower mode.
    pub low: f64,
    /// The upper mode.
    pub high: f64,
    /// How far the values are from having one mode.
    pub dip: f64,
    /// What chance exceeds five times in a hundred.
    pub critical: f64,
}

/// Values that were looked at together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Among {
    /// The values of one boot.
    Samples,
    /// The boots' medians.
    Boots,
}

/// Values that change on the way.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unsettled {
    /// Batches before the change.
    pub before: u64,
    /// All batches of the boot, cold and declared warm-up ones not counted.
    pub batches: u64,
    /// How far those before it lie above the others.
    pub shift: f64,
    /// How often chance alone would show a change as clear.
    pub p_value: f64,
    /// It comes late, so that what follows is no steady state either.
    pub late: bool,
}

impl Flags {
    /// The flags of a measurement.
    pub fn of(measurement: &Measurement) -> Self {
        let mut rest = measurement.samples.as_slice();
        let boots = measurement.boots.iter().map(|boot| {
            let own;
            (own, rest) = rest.split_at((boot.n as usize).min(rest.len()));
            own
        });
        let boots: Vec<&[f64]> = boots.collect();
        Self::of_boots(&boots, measurement.batch, measurement.unit)
    }

    /// The flags of boots' values, each the mean of a batch of whole ticks.
    pub fn of_boots(boots: &[&[f64]], batch: u32, unit: Unit) -> Self {
        let batch = f64::from(batch.max(1));
        let rounding = Rounding::Step(match unit {
            // Whatever all values happen to be multiples of: instructions come one by one.
            Unit::Instructions => 1.0 / batch,
            _ => step(boots, batch),
        });
        let mut each: Vec<Self> = Vec::with_capacity(boots.len());
        for (index, values) in boots.iter().enumerate() {
            let flags = match index.checked_sub(1) {
                Some(before) if boots[before] == *values => each[before],
                _ => Self::of_boot(values, rounding),
            };
            each.push(flags);
        }
        let medians: Option<Vec<f64>> = boots.iter().map(|values| median(values)).collect();
        let between = medians.and_then(|medians| bimodal(&medians, rounding, Among::Boots));
        Self {
            bimodal: most(each.iter().map(|flags| flags.bimodal)).or(between),
            rare: most(each.iter().map(|flags| flags.rare)),
            unsettled: most(each.iter().map(|flags| flags.unsettled)),
        }
    }

    fn of_boot(values: &[f64], rounding: Rounding) -> Self {
        let unsettled = unsettled(values);
        let bimodal = match unsettled {
            // Two phases are no two modes.
            Some(Unsettled { late: true, .. }) => None,
            Some(Unsettled { before, .. }) => {
                bimodal(&values[before as usize..], rounding, Among::Samples)
            }
            None => bimodal(values, rounding, Among::Samples),
        };
        let is_late = unsettled.is_some_and(|unsettled| unsettled.late);
        let rare = match bimodal {
            None if !is_late => rare(values),
            _ => None,
        };
        Self {
            bimodal,
            rare,
            unsettled,
        }
    }

    /// The two modes with their shares, of values that are flagged for them.
    pub fn modes(&self, values: &[f64]) -> Option<[Mode; 2]> {
        let modes = match (self.bimodal, self.rare) {
            (Some(found), _) => (found.low, found.high),
            (None, Some(found)) => (found.common, found.rare),
            (None, None) => return None,
        };
        split_at_modes(values, modes)
    }
}

/// Relevant is what moves the mean.
fn rare(values: &[f64]) -> Option<Rare> {
    let found = rare_mode(values)?;
    let moved = (found.rare - found.common) * found.share;
    relevant(moved, values).then_some(Rare {
        common: found.common,
        rare: found.rare,
        share: found.share,
    })
}

/// What the values are multiples of: a tick of the batch, or several where the clock
/// does not stop at each. (A host's counter seen through an emulator may advance by
/// dozens at once; taken for single ticks, its steps would all be modes.)
fn step(boots: &[&[f64]], batch: f64) -> f64 {
    let ticks = boots.iter().copied().flatten();
    let ticks = ticks.map(|value| (value * batch).round() as u64);
    ticks.fold(0, greatest_common_divisor).max(1) as f64 / batch
}

fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// The first flag, if more than half are set.
fn most<T: Copy>(flags: impl ExactSizeIterator<Item = Option<T>>) -> Option<T> {
    let all = flags.len();
    let set: Vec<T> = flags.flatten().collect();
    set.first().copied().filter(|_| set.len() * 2 > all)
}

fn bimodal(values: &[f64], rounding: Rounding, among: Among) -> Option<Bimodal> {
    if still(values) {
        return None;
    }
    let found = bimodality(values, rounding).filter(|found| found.flagged())?;
    let (low, high) = two_modes(values)?;
    relevant(high - low, values).then_some(Bimodal {
        among,
        low,
        high,
        dip: found.dip,
        critical: found.critical,
    })
}

fn unsettled(values: &[f64]) -> Option<Unsettled> {
    if still(values) {
        return None;
    }
    let group = values.len().div_ceil(LOOKED_AT).max(1);
    let groups: Vec<f64> = values.chunks(group).filter_map(median).collect();
    let (change, late) = match warm_up(&groups, SEED)? {
        Onset::Steady => return None,
        Onset::WarmUp(change) => (change, false),
        Onset::Unsettled(change) => (change, true),
    };
    let Change {
        before,
        shift,
        p_value,
    } = change;
    relevant(shift, values).then_some(Unsettled {
        before: (before * group).min(values.len()) as u64,
        batches: values.len() as u64,
        shift,
        p_value,
        late,
    })
}

fn still(values: &[f64]) -> bool {
    values.iter().all(|value| *value == values[0])
}

fn relevant(difference: f64, values: &[f64]) -> bool {
    median(values).is_some_and(|median| difference.abs() >= RELEVANT * median.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Noise of whole numbers around a value, without a generator's dependency.
    fn noise(n: usize, around: f64, width: u64) -> Vec<f64> {
        let mut state = 7u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) % width
        };
        (0..n)
            .map(|_| around + (next() + next() + next()) as f64)
            .collect()
    }

    fn of_one(values: &[f64]) -> Flags {
        Flags::of_boots(&[values], 1, Unit::TscTicks)
    }

    #[test]
    fn equal_values_are_never_flagged() {
        for n in [1, 5, 200, 50_000] {
            let values = vec![315.0; n];
            assert_eq!(
                Flags::of_boots(&[&values[..]; 8], 1, Unit::TscTicks),
                Flags::default()
            );
        }
        assert_eq!(Flags::of_boots(&[], 1, Unit::TscTicks), Flags::default());
        assert_eq!(
            Flags::of_boots(&[&[], &[]], 1, Unit::TscTicks),
            Flags::default()
        );
    }

    #[test]
    fn noise_is_not_flagged() {
        assert_eq!(of_one(&noise(256, 300.0, 20)), Flags::default());
        assert_eq!(of_one(&noise(20_000, 300.0, 4)), Flags::default());
    }

    #[test]
    fn a_stray_value_is_not_flagged() {
        let mut values = vec![315.0; 256];
        values[100] = 9000.0;
        assert_eq!(of_one(&values), Flags::default());
    }

    #[test]
    fn two_modes_are_told() {
        let values: Vec<f64> = noise(256, 0.0, 3)
            .iter()
            .enumerate()
            .map(|(i, noise)| noise + if i * 7 % 11 < 5 { 313.0 } else { 329.0 })
            .collect();
        let bimodal = of_one(&values).bimodal.unwrap();
        assert_eq!((bimodal.low, bimodal.high), (316.0, 332.0));
        assert_eq!(of_one(&values).unsettled, None);
    }

    #[test]
    fn modes_next_to_each_other_are_not_told() {
        let values: Vec<f64> = (0..256).map(|i| 3000.0 + f64::from(i % 2) * 7.0).collect();
        assert_eq!(of_one(&values).bimodal, None);
        let of_batches: Vec<f64> = values.iter().map(|value| value / 16.0).collect();
        assert_eq!(
            Flags::of_boots(&[&of_batches], 16, Unit::TscTicks).bimodal,
            None
        );
    }

    #[test]
    fn steps_of_a_coarse_clock_are_no_modes() {
        let single = noise(256, 100.0, 3);
        let coarse: Vec<f64> = single.iter().map(|value| value * 26.0).collect();
        assert_eq!(of_one(&coarse), Flags::default());
        let of_batches: Vec<f64> = coarse.iter().map(|value| value / 16.0).collect();
        assert_eq!(
            Flags::of_boots(&[&of_batches], 16, Unit::TscTicks),
            Flags::default()
        );
    }

    #[test]
    fn two_values_in_turn_are_modes() {
        let values: Vec<f64> = [955.0, 910.0].repeat(512);
        let bimodal = of_one(&values).bimodal.unwrap();
        assert_eq!((bimodal.low, bimodal.high), (910.0, 955.0));
    }

    #[test]
    fn a_slow_start_is_told_and_is_no_second_mode() {
        let mut values = noise(200, 300.0, 5);
        values[..40].iter_mut().for_each(|value| *value += 100.0);
        let flags = of_one(&values);
        let unsettled = flags.unsettled.unwrap();
        assert!((39..=41).contains(&unsettled.before) && !unsettled.late);
        assert!((unsettled.shift - 100.0).abs() < 3.0);
        assert_eq!(flags.bimodal, None);
    }

    #[test]
    fn a_long_series_settles_where_its_groups_do() {
        let mut values = noise(50_000, 300.0, 5);
        values[..10_000]
            .iter_mut()
            .for_each(|value| *value += 100.0);
        assert_eq!(of_one(&values).unsettled.unwrap().before, 10_000);
    }

    #[test]
    fn one_boot_of_three_flags_nothing_and_two_do() {
        let steady = noise(200, 300.0, 5);
        let mut slow = steady.clone();
        slow[..40].iter_mut().for_each(|value| *value += 100.0);
        let one = Flags::of_boots(&[&slow, &steady, &steady], 1, Unit::TscTicks);
        assert_eq!(one.unsettled, None);
        let two = Flags::of_boots(&[&slow, &steady, &slow], 1, Unit::TscTicks);
        assert!((39..=41).contains(&two.unsettled.unwrap().before));
    }

    #[test]
    fn boots_may_disagree_where_each_has_one_mode() {
        let low = vec![300.0; 50];
        let high = vec![340.0; 50];
        let boots: [&[f64]; 8] = [&low, &low, &high, &low, &high, &high, &low, &high];
        let bimodal = Flags::of_boots(&boots, 1, Unit::TscTicks).bimodal.unwrap();
        assert_eq!(bimodal.among, Among::Boots);
        assert_eq!((bimodal.low, bimodal.high), (300.0, 340.0));
    }

    #[test]
    fn two_modes_of_a_round_size_are_told_of_instructions() {
        for (low, high) in [
            (360.0, 405.0),
            (1000.0, 1100.0),
            (900.0, 1800.0),
            (500.0, 750.0),
        ] {
            let values = [low, high].repeat(128);
            let found = Flags::of_boots(&[&values], 1, Unit::Instructions)
                .bimodal
                .unwrap();
            assert_eq!((found.low, found.high), (low, high));
        }
    }

    #[test]
    fn one_dear_operation_in_eight_or_sixteen_is_told() {
        for nth in [8, 16] {
            let cost = |i: usize| if i.is_multiple_of(nth) { 720.0 } else { 360.0 };
            let values: Vec<f64> = (0..256).map(cost).collect();
            let flags = Flags::of_boots(&[&values], 1, Unit::Instructions);
            let share = 1.0 / nth as f64;
            // The dip test sees the one, and is blind to the other.
            assert_eq!(
                (flags.bimodal.is_some(), flags.rare.is_some()),
                (nth == 8, nth == 16)
            );
            let [low, high] = flags.modes(&values).unwrap();
            assert_eq!((low.value, high.value, high.share), (360.0, 720.0, share));
        }
    }
}
