//! The audit: does the emulator's own instruction log agree with our probes?
//!
//! One short boot runs with every executed kernel instruction logged by the
//! emulator, which knows nothing of our probes beyond the addresses of their
//! clock readings. Between two readings that one span recorded, the log holds
//! some number of instructions; in exact mode the span's raw duration must be
//! that number, for every span of the boot. Nothing is sampled and nothing is
//! tolerated: one tick of difference fails the audit. Only while the processor waits
//! does the clock go on without instructions, so of such a span the log is known to
//! hold no more than its duration, and it does not count as compared.
//!
//! The same log counts what exact mode misprices: how often each benchmark
//! executed instructions that hardware does not execute at the price of one.

mod boot;
mod executions;
mod log;
mod mispriced;
mod per_operation;
mod sites;
mod timeline;

pub(crate) use boot::all;
pub use boot::{Audited, logged_addresses};
pub use log::InstructionLog;
pub use mispriced::MispricedCode;
pub use sites::{ProbeSites, SitesError};

use capbench_frames::windows::Window;
use capbench_results::Mispriced;
use executions::Executions;
use std::collections::BTreeMap;
use timeline::Timeline;
use trace_format::Span;

/// The findings of an audit.
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
    timeline: Timeline,
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
/// times of its instants, which read the clock at probe sites too; `idle` the segment
/// in which the processor waits, of a kernel that records it.
pub fn audit(
    log: &InstructionLog,
    spans: impl Iterator<Item = Span> + Clone,
    instants: impl Iterator<Item = u64>,
    idle: Option<u16>,
) -> Result<Audit, AuditError> {
    let edges = spans
        .clone()
        .flat_map(|span| [span.start, span.start + span.duration]);
    let timeline = Timeline::new(log, edges.chain(instants))?;
    let position = |time: u64| {
        let reading = timeline
            .reading(time)
            .expect("every span's times are in it");
        log.readings()[reading]
    };
    let (mut compared, mut disagreement_count) = (0, 0);
    let mut disagreements = Vec::new();
    for span in spans {
        let executed = position(span.start + span.duration) - position(span.start);
        let agrees = if Some(span.segment) == idle {
            executed <= span.duration
        } else {
            compared += 1;
            executed == span.duration
        };
        if !agrees {
            disagreement_count += 1;
            if disagreements.len() < DISAGREEMENTS_KEPT {
                disagreements.push(Disagreement { span, executed });
            }
        }
    }
    Ok(Audit {
        compared,
        readings_before: timeline.readings_before() as u64,
        instructions: log.instructions(),
        disagreements,
        disagreement_count,
        timeline,
    })
}

impl Audit {
    /// Whether something was compared and all of it agreed.
    pub fn agrees(&self) -> bool {
        self.compared > 0 && self.disagreement_count == 0
    }

    /// What exact mode misprices in each benchmark, by name: executions for each
    /// operation, counted in the log of this very boot, which `counted_by` names.
    /// An empty list says that there is nothing. An audit that does not agree has
    /// no list at all: which reading is which record is then unknown.
    pub fn mispriced(
        &self,
        log: &InstructionLog,
        windows: &[Window],
        counted_by: &str,
    ) -> BTreeMap<String, Vec<Mispriced>> {
        if !self.agrees() {
            return BTreeMap::new();
        }
        per_operation::mispriced(log.mispriced(), &self.timeline, windows, counted_by)
    }
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
        let audit = audit(&log_of(&READINGS), spans, [].into_iter(), None).unwrap();
        assert_eq!((audit.compared, audit.readings_before), (2, 2));
        assert!(audit.agrees());
    }

    #[test]
    fn a_probe_that_miscounts_by_one_is_caught_and_named() {
        let spans = [span(100, 10), span(110, 16)];
        let audit = audit(&log_of(&READINGS), spans.into_iter(), [].into_iter(), None).unwrap();
        assert_eq!(
            audit.disagreements,
            [Disagreement {
                span: spans[1],
                executed: 15
            }]
        );
    }

    #[test]
    fn a_wait_may_last_longer_than_it_executes_and_never_less() {
        let wait = |duration| {
            let spans = [span(100, 10), span(110, duration)];
            let waits = Span {
                segment: 7,
                ..spans[1]
            };
            let spans = [spans[0], waits].into_iter();
            audit(&log_of(&READINGS), spans, [].into_iter(), Some(7)).unwrap()
        };
        let longer = wait(40_000);
        assert!(longer.agrees());
        assert_eq!(longer.compared, 1);
        assert_eq!(wait(14).disagreement_count, 1);
    }

    #[test]
    fn an_audit_that_disagrees_counts_nothing() {
        let log = log_of(&READINGS);
        let windows = [Window {
            benchmark: "ring/nop/1".into(),
            samples: vec![trace_format::Sample {
                start: 95,
                ticks: 40,
                window: 1,
                operations: 1,
                metric: 0,
                flags: trace_format::SampleFlags::empty(),
            }],
            ..Window::default()
        }];
        let names = |last| {
            let spans = [span(100, 10), span(110, last)];
            let audit = audit(&log, spans.into_iter(), [].into_iter(), None).unwrap();
            audit.mispriced(&log, &windows, "a log").into_keys()
        };
        assert_eq!(names(15).collect::<Vec<_>>(), ["ring/nop/1"]);
        assert_eq!(names(16).len(), 0);
    }

    #[test]
    fn a_reading_that_no_record_carries_is_caught() {
        let readings = [10, 20, 27, 35];
        let spans = [span(100, 10), span(110, 15)];
        let audit = audit(&log_of(&readings), spans.into_iter(), [].into_iter(), None).unwrap();
        assert!(audit.disagreement_count > 0);
    }

    #[test]
    fn an_instant_reads_the_clock_too() {
        let readings = [10, 14, 20];
        let audit = audit(
            &log_of(&readings),
            [span(100, 10)].into_iter(),
            [104].into_iter(),
            None,
        )
        .unwrap();
        assert_eq!((audit.disagreement_count, audit.readings_before), (0, 0));
    }

    #[test]
    fn more_time_stamps_than_readings_cannot_be_compared() {
        let spans = [span(100, 10), span(200, 10)];
        assert_eq!(
            audit(&log_of(&[1, 2]), spans.into_iter(), [].into_iter(), None),
            Err(AuditError::TooFewReadings {
                time_stamps: 4,
                readings: 2
            })
        );
    }

    #[test]
    fn an_empty_trace_is_no_agreement() {
        assert_eq!(
            audit(&log_of(&[1, 2]), [].into_iter(), [].into_iter(), None),
            Err(AuditError::NoSpans)
        );
    }
}
