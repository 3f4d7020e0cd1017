//! Which clock reading in the log each recorded time stamp is.
//!
//! In exact mode two readings never see the same tick, so the distinct time stamps
//! of all records, sorted, are the clock readings in the order in which they were
//! executed. Readings before the first record belong to the calibration and are
//! set apart. That the match is right is not assumed: [`super::audit`] compares
//! every span, and lets nothing else be asked of a timeline that disagrees.
//!
//! Memory: 8 bytes for each distinct time stamp.

use super::{AuditError, InstructionLog};
use std::ops::Range;

/// The records' time stamps, matched with the readings of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Timeline {
    times: Vec<u64>,
    before: usize,
}

impl Timeline {
    /// Matches the time stamps of all records of one CPU, in any order and however
    /// often, with the readings of the log of the same boot.
    pub(super) fn new(
        log: &InstructionLog,
        time_stamps: impl Iterator<Item = u64>,
    ) -> Result<Self, AuditError> {
        let mut times: Vec<u64> = time_stamps.collect();
        times.sort_unstable();
        times.dedup();
        if times.is_empty() {
            return Err(AuditError::NoSpans);
        }
        let readings = log.readings().len();
        let before = readings
            .checked_sub(times.len())
            .ok_or(AuditError::TooFewReadings {
                time_stamps: times.len() as u64,
                readings: readings as u64,
            })?;
        Ok(Self { times, before })
    }

    /// Clock readings before the first record.
    pub(super) fn readings_before(&self) -> usize {
        self.before
    }

    /// Index among the log's readings of the one that gave `time`, if a record has it.
    pub(super) fn reading(&self, time: u64) -> Option<usize> {
        Some(self.before + self.times.binary_search(&time).ok()?)
    }

    /// Indices among the log's readings of those from `start` to `end`, both included.
    pub(super) fn readings_within(&self, start: u64, end: u64) -> Range<usize> {
        let first = self.times.partition_point(|&time| time < start);
        let after = self.times.partition_point(|&time| time <= end);
        self.before + first..self.before + after.max(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline() -> Timeline {
        let log = InstructionLog::from_parts(vec![1, 2, 10, 20, 30], 40);
        Timeline::new(&log, [120, 100, 110, 100].into_iter()).unwrap()
    }

    #[test]
    fn time_stamps_are_the_last_readings() {
        let timeline = timeline();
        assert_eq!(timeline.readings_before(), 2);
        assert_eq!(timeline.reading(110), Some(3));
        assert_eq!(timeline.reading(111), None);
    }

    #[test]
    fn an_interval_holds_the_readings_between_its_ends() {
        let timeline = timeline();
        assert_eq!(timeline.readings_within(99, 111), 2..4);
        assert_eq!(timeline.readings_within(100, 110), 2..4);
        assert_eq!(timeline.readings_within(0, u64::MAX), 2..5);
    }

    #[test]
    fn an_interval_without_readings_lies_between_two() {
        let timeline = timeline();
        assert_eq!(timeline.readings_within(101, 109), 3..3);
        assert_eq!(timeline.readings_within(121, 130), 5..5);
        assert_eq!(timeline.readings_within(130, 90), 5..5);
    }
}
