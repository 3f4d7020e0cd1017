//! The audit: does the emulator's own instruction log agree with our probes?
//!
//! One short boot runs with every executed kernel instruction logged by the
//! emulator, which knows nothing of our probes beyond the addresses of their
//! clock readings. Between two readings that one span recorded, the log holds
//! some number of instructions; in exact mode the span's raw duration must be
//! that number, for every span of the boot. Nothing is sampled and nothing is
//! tolerated: one tick of difference fails the audit.
//!
//! How readings and records are matched: in exact mode two readings never see
//! the same tick, so the distinct time stamps of all records, sorted, are the
//! clock readings in the order in which they were executed. Readings before
//! the first record belong to the calibration and are counted apart.

mod log;
mod sites;

pub use log::InstructionLog;
pub use sites::{ProbeSites, SitesError};

use trace_format::Span;

/// What an audit found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// Spans and roots that were compared.
    pub compared: u64,
    /// Clock readings at probe sites before the first record.
    pub readings_before: u64,
    /// Instructions the emulator logged in the kernel's text.
    pub instructions: u64,
    /// The first spans that disagree, at most [`DISAGREEMENTS_KEPT`].
    pub disagreements: Vec<Disagreement>,
    /// How many disagree in all.
    pub disagreement_count: u64,
}

/// Disagreements kept as evidence; a broken clock would fill memory.
pub const DISAGREEMENTS_KEPT: usize = 16;

/// A span whose duration is not what the emulator counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// The span as recorded.
    pub span: Span,
    /// Instructions the emulator logged between its two readings.
    pub executed: u64,
}

/// Why spans and log could not be compared at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// The trace holds more distinct time stamps than the log holds readings.
    #[error(
        "the trace holds {time_stamps} time stamps, but the emulator saw only {readings} readings of the clock at probe sites"
    )]
    TooFewReadings {
        /// Distinct time stamps of the records.
        time_stamps: u64,
        /// Readings in the log.
        readings: u64,
    },
    /// There is nothing to compare.
    #[error("the audit boot recorded no span")]
    NoSpans,
}

/// Compares every span of a boot with the emulator's log of the same boot.
///
/// `spans` are all spans and roots of one CPU in any order; `instants` the
/// times of its instants, which read the clock at probe sites too.
pub fn audit(
    log: &InstructionLog,
    spans: impl Iterator<Item = Span> + Clone,
    instants: impl Iterator<Item = u64>,
) -> Result<Audit, AuditError> {
    let mut times: Vec<u64> = spans
        .clone()
        .flat_map(|span| [span.start, span.start + span.duration])
        .chain(instants)
        .collect();
    times.sort_unstable();
    times.dedup();
    if times.is_empty() {
        return Err(AuditError::NoSpans);
    }
    let readings = log.readings();
    let before = readings
        .len()
        .checked_sub(times.len())
        .ok_or(AuditError::TooFewReadings {
            time_stamps: times.len() as u64,
            readings: readings.len() as u64,
        })?;
    let recorded = &readings[before..];
    let position = |time: u64| {
        let index = times
            .binary_search(&time)
            .expect("every span's times are listed");
        recorded[index]
    };
    let mut found = Audit {
        compared: 0,
        readings_before: before as u64,
        instructions: log.instructions(),
        disagreements: Vec::new(),
        disagreement_count: 0,
    };
    for span in spans {
        let executed = position(span.start + span.duration) - position(span.start);
        found.compared += 1;
        if executed != span.duration {
            found.disagreement_count += 1;
            if found.disagreements.len() < DISAGREEMENTS_KEPT {
                found.disagreements.push(Disagreement { span, executed });
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log_of(readings: &[u64]) -> InstructionLog {
        InstructionLog::from_parts(readings.to_vec(), 1000)
    }

    fn span(start: u64, duration: u64) -> Span {
        Span {
            start,
            duration,
            segment: 1,
        }
    }

    /// Laps 100–110–125 after two calibration readings, the clock 90 ahead of
    /// the log's count.
    const READINGS: [u64; 5] = [2, 5, 10, 20, 35];
    const LAPS: [(u64, u64); 2] = [(100, 10), (110, 15)];

    #[test]
    fn agreeing_spans_pass_and_calibration_is_set_apart() {
        let spans = LAPS.iter().map(|&(start, duration)| span(start, duration));
        let audit = audit(&log_of(&READINGS), spans, [].into_iter()).unwrap();
        assert_eq!((audit.compared, audit.readings_before), (2, 2));
        assert_eq!(audit.disagreement_count, 0);
    }

    #[test]
    fn a_probe_that_miscounts_by_one_is_caught_and_named() {
        let spans = [span(100, 10), span(110, 16)];
        let audit = audit(&log_of(&READINGS), spans.into_iter(), [].into_iter()).unwrap();
        assert_eq!(
            audit.disagreements,
            [Disagreement {
                span: spans[1],
                executed: 15
            }]
        );
    }

    #[test]
    fn a_reading_that_no_record_carries_is_caught() {
        let readings = [10, 20, 27, 35];
        let spans = [span(100, 10), span(110, 15)];
        let audit = audit(&log_of(&readings), spans.into_iter(), [].into_iter()).unwrap();
        assert!(audit.disagreement_count > 0);
    }

    #[test]
    fn an_instant_reads_the_clock_too() {
        let readings = [10, 14, 20];
        let audit = audit(
            &log_of(&readings),
            [span(100, 10)].into_iter(),
            [104].into_iter(),
        )
        .unwrap();
        assert_eq!((audit.disagreement_count, audit.readings_before), (0, 0));
    }

    #[test]
    fn more_time_stamps_than_readings_cannot_be_compared() {
        let spans = [span(100, 10), span(200, 10)];
        assert_eq!(
            audit(&log_of(&[1, 2]), spans.into_iter(), [].into_iter()),
            Err(AuditError::TooFewReadings {
                time_stamps: 4,
                readings: 2
            })
        );
    }

    #[test]
    fn an_empty_trace_is_no_agreement() {
        assert_eq!(
            audit(&log_of(&[1, 2]), [].into_iter(), [].into_iter()),
            Err(AuditError::NoSpans)
        );
    }
}
