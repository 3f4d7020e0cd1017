//! A row of counters in half the memory.
//!
//! Promises counts of 64 bits and keeps 32 of them in the row, so that twice as many
//! counters stay in a core's cache; the rest is kept aside. How many more increments
//! no counter can overflow by is known, so that an increment need not look.

use std::collections::BTreeMap;

/// Values counted at once: as many as fit beside a histogram in a core's cache.
pub(crate) const CHUNK: usize = 256;

/// Memory of one counter.
pub(crate) const COUNTER_BYTES: usize = size_of::<u32>();

/// What a counter holds at most after [`Counts::settle`].
const SETTLED_MAX: u32 = u32::MAX / 2;

#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    /// The counters, and one more for whatever has none.
    low: Vec<u32>,
    /// What was taken out of them.
    aside: BTreeMap<usize, u64>,
    /// No counter is above this.
    reached: u32,
}

impl Counts {
    /// Number of counters.
    pub(crate) fn len(&self) -> usize {
        self.low.len().saturating_sub(1)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes room for counters up to `length`, which start at zero.
    pub(crate) fn grow(&mut self, length: usize) {
        self.low.resize(length + 1, 0);
    }

    /// Counts one. Returns whether there is such a counter.
    #[inline]
    pub(crate) fn increment(&mut self, index: usize) -> bool {
        if index >= self.len() {
            return false;
        }
        self.settle(1);
        self.low[index] += 1;
        true
    }

    /// Counts one for each index. Those that have no counter are put into `beyond`;
    /// returns how many they were.
    ///
    /// Without a branch for them: which value of a long tail comes when is nothing
    /// that a processor could predict.
    #[inline]
    pub(crate) fn increment_all(&mut self, indexes: &[u32], beyond: &mut [u32; CHUNK]) -> usize {
        self.settle(indexes.len() as u32);
        let length = self.len();
        let Some(low) = self.low.get_mut(..=length) else {
            beyond[..indexes.len()].copy_from_slice(indexes);
            return indexes.len();
        };
        let mut left = 0;
        for index in indexes {
            low[length.min(*index as usize)] += 1;
            beyond[left] = *index;
            left += usize::from(*index as usize >= length);
        }
        low[length] = 0;
        left
    }

    /// Counts so many.
    ///
    /// # Panics
    ///
    /// If there is no such counter.
    pub(crate) fn add(&mut self, index: usize, times: u64) {
        assert!(index < self.len());
        match u32::try_from(times) {
            Ok(times) if times < SETTLED_MAX => {
                self.settle(times);
                self.low[index] += times;
            }
            _ => {
                let aside = self.aside.entry(index).or_default();
                *aside = aside.saturating_add(times);
            }
        }
    }

    /// Makes sure that no counter overflows by so many increments, of which there
    /// are at most [`SETTLED_MAX`].
    #[inline]
    fn settle(&mut self, increments: u32) {
        match self.reached.checked_add(increments) {
            Some(reached) => self.reached = reached,
            None => self.settle_now(increments),
        }
    }

    /// Comes once in two billion increments.
    #[cold]
    fn settle_now(&mut self, increments: u32) {
        for (index, low) in self.low.iter_mut().enumerate() {
            if *low > SETTLED_MAX {
                let aside = self.aside.entry(index).or_default();
                *aside = aside.saturating_add(u64::from(std::mem::take(low)));
            }
        }
        self.reached = SETTLED_MAX + increments;
    }

    /// All counts, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u64> {
        let low = &self.low[..self.len()];
        low.iter().enumerate().map(|(index, low)| {
            let aside = match self.aside.is_empty() {
                true => 0,
                false => self.aside.get(&index).copied().unwrap_or(0),
            };
            aside.saturating_add(u64::from(*low))
        })
    }

    /// The counters that counted something, with their index.
    pub(crate) fn seen(&self) -> impl Iterator<Item = (usize, u64)> {
        self.iter().enumerate().filter(|(_, count)| *count > 0)
    }
}

/// By what was counted, wherever it is kept.
impl PartialEq for Counts {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Counts {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_goes_on_beyond_32_bits() {
        let mut counts = Counts::default();
        counts.grow(2);
        counts.add(1, 5 << 32 | 7);
        for _ in 0..5 {
            counts.add(1, u64::from(SETTLED_MAX) - 1);
        }
        assert!(counts.increment(1));
        let sum = (5 << 32 | 7) + 5 * (u64::from(SETTLED_MAX) - 1) + 1;
        assert_eq!(counts.iter().collect::<Vec<_>>(), [0, sum]);
        assert_eq!(counts.seen().collect::<Vec<_>>(), [(1, sum)]);
    }

    #[test]
    fn no_increment_overflows() {
        let mut counts = Counts::default();
        counts.grow(1);
        (counts.low[0], counts.reached) = (u32::MAX - 1, u32::MAX - 1);
        assert_eq!(counts.increment_all(&[0; 3], &mut [0; CHUNK]), 0);
        assert!(counts.increment(0));
        assert_eq!(counts.iter().next(), Some(u64::from(u32::MAX) + 3));
    }

    #[test]
    fn there_is_no_counter_beyond_the_last() {
        let mut counts = Counts::default();
        let mut beyond = [0; CHUNK];
        assert!(!counts.increment(0));
        assert_eq!(counts.increment_all(&[0, 9], &mut beyond), 2);
        assert_eq!(beyond[..2], [0, 9]);
        counts.grow(1);
        assert!(counts.increment(0) && !counts.increment(1));
        assert_eq!(counts.increment_all(&[1, 0, 2], &mut beyond), 2);
        assert_eq!(beyond[..2], [1, 2]);
        assert_eq!(counts.iter().collect::<Vec<_>>(), [2]);
        counts.grow(2);
        assert_eq!(counts.iter().collect::<Vec<_>>(), [2, 0]);
    }
}
