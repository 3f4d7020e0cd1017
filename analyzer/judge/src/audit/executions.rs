//! How often mispriced instructions were executed, between which clock readings.
//!
//! A log has tens of millions of lines; what is kept is a count for each kind and
//! each interval between two readings in which there was one. Memory follows the
//! readings, at most 40 bytes for each, and not the lines: a repeated instruction
//! that moves a megabyte is a million lines and one count.
//!
//! Counted is a line of the log, which is what exact mode counted too. For a
//! repeated string instruction that is one for each iteration, and one more when
//! its counter is found to be zero; a comparison that ends it before has no such
//! line. Lost is how many of those instructions there were.

use capbench_results::MispricedKind;
use std::ops::Range;

/// Executions of each kind, in the order of [`MispricedKind::ALL`].
pub(super) type Counts = [u64; MispricedKind::ALL.len()];

/// Executions by interval. Interval n lies after n readings of the clock: interval
/// 0 before the first, the last one after the last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Executions {
    /// Only intervals with any, ascending.
    intervals: Vec<(usize, Counts)>,
    /// The newest: its position among the instructions, and its kind.
    last: Option<(u64, MispricedKind)>,
}

impl Executions {
    /// Sums over a range of intervals.
    pub(super) fn within(&self, range: Range<usize>) -> Counts {
        let start = self.intervals.partition_point(|&(at, _)| at < range.start);
        let mut sums = Counts::default();
        for (_, counts) in self.intervals[start..]
            .iter()
            .take_while(|&&(at, _)| at < range.end)
        {
            for (sum, count) in sums.iter_mut().zip(counts) {
                *sum += count;
            }
        }
        sums
    }

    /// Counts an instruction. Intervals and positions come ascending.
    pub(super) fn push(&mut self, interval: usize, position: u64, kind: MispricedKind) {
        if self.intervals.last().is_none_or(|&(at, _)| at != interval) {
            self.intervals.push((interval, Counts::default()));
        }
        if let Some((_, counts)) = self.intervals.last_mut() {
            counts[kind as usize] += 1;
        }
        self.last = Some((position, kind));
    }

    /// The instruction at `position`, the newest of all, was not executed after all.
    pub(super) fn take_back(&mut self, position: u64) {
        let Some((_, kind)) = self.last.take_if(|&mut (at, _)| at == position) else {
            return;
        };
        if let Some((_, counts)) = self.intervals.last_mut() {
            counts[kind as usize] -= 1;
            if *counts == Counts::default() {
                self.intervals.pop();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REP: MispricedKind = MispricedKind::RepeatedString;
    const FPU: MispricedKind = MispricedKind::FpuState;

    fn counts(rep: u64, fpu: u64) -> Counts {
        [rep, fpu, 0, 0]
    }

    #[test]
    fn counts_have_the_order_of_the_words() {
        for (index, kind) in MispricedKind::ALL.iter().enumerate() {
            assert_eq!(*kind as usize, index);
        }
    }

    #[test]
    fn a_range_of_intervals_is_summed() {
        let mut executions = Executions::default();
        for (position, (interval, kind)) in [(1, FPU), (3, REP), (3, FPU), (4, REP), (9, FPU)]
            .into_iter()
            .enumerate()
        {
            executions.push(interval, position as u64, kind);
        }
        assert_eq!(executions.within(0..10), counts(2, 3));
        assert_eq!(executions.within(3..4), counts(1, 1));
        assert_eq!(executions.within(5..9), counts(0, 0));
        assert_eq!(executions.within(4..4), counts(0, 0));
    }

    #[test]
    fn a_million_iterations_take_one_place() {
        let mut executions = Executions::default();
        for position in 0..1_000_000 {
            executions.push(7, position, REP);
        }
        assert_eq!(executions.intervals.len(), 1);
        assert_eq!(executions.within(7..8), counts(1_000_000, 0));
    }

    #[test]
    fn only_the_newest_can_be_taken_back_and_once() {
        let mut executions = Executions::default();
        executions.push(0, 10, FPU);
        executions.push(0, 11, FPU);
        executions.take_back(12);
        assert_eq!(executions.within(0..1), counts(0, 2));
        executions.take_back(11);
        executions.take_back(11);
        assert_eq!(executions.within(0..1), counts(0, 1));
    }

    #[test]
    fn an_interval_with_nothing_left_is_forgotten() {
        let mut executions = Executions::default();
        executions.push(2, 10, FPU);
        executions.take_back(10);
        executions.push(1, 10, REP);
        assert_eq!(executions.within(0..3), counts(1, 0));
        assert_eq!(executions.intervals.len(), 1);
    }
}
