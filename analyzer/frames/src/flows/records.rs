//! The records of one interval, out of a whole stream.
//!
//! One pass. Memory: what lies in the interval, at most [`RECORD_LIMIT`] records,
//! and per ring the records of one open tree.

use std::collections::BTreeSet;
use std::io::Read;

use trace_format::decode::{Frame, SpanColumns, read_records};
use trace_format::{Dispatch, FrameKind, Instant, Outcome};

use super::{StitchError, Switch};
use crate::load::{Event, Frames};
use crate::nesting::{Facts, Rings, Sink, Tree};
use crate::statements::Statements;

/// Most records of one interval. A batch of calls has a few thousand.
pub const RECORD_LIMIT: usize = 1 << 18;

/// A recorded span, with what it was dispatched for if it is a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// TSC ticks at its start.
    pub start: u64,
    /// TSC ticks at its end.
    pub end: u64,
    /// Segment id.
    pub segment: u16,
    /// What was dispatched.
    pub root: Option<RootRecord>,
}

/// What a root says beyond its interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootRecord {
    /// What was dispatched, for whom.
    pub dispatch: Dispatch,
    /// How it began and ended.
    pub outcome: Outcome,
    /// Its tree is complete.
    pub whole: bool,
}

/// What was recorded in an interval, and right before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// Spans and roots that touch the interval, tree by tree in commit order: of two
    /// that hold the same interval, the later is the outer one.
    pub spans: Vec<Record>,
    /// Context switches inside, in order.
    pub switches: Vec<Switch>,
    /// The last context switch before it.
    pub switch_before: Option<Switch>,
    /// Segment of the last span that ended before it and that `is_stop` accepted.
    pub stop_before: Option<(u64, u16)>,
}

/// Reads what touches `start..end`. `is_stop` says which segments tell whether a
/// program or the kernel runs after them.
pub(super) fn gather<R: Read>(
    mut frames: Frames<R>,
    (start, end): (u64, u64),
    statements: &Statements,
    is_stop: impl Fn(u16) -> bool,
) -> Result<Records, StitchError> {
    let mut gathering = Gathering {
        interval: Interval {
            start,
            end,
            is_stop,
            records: Records::default(),
        },
        columns: SpanColumns::default(),
        instants: Vec::new(),
        facts: Facts::uncalibrated(statements),
        rings: Rings::default(),
        cpus: BTreeSet::new(),
    };
    while let Some(event) = frames.next_event().map_err(StitchError::Io)? {
        if let Event::Frame(frame) = event {
            gathering.frame(&frame)?;
        }
    }
    gathering.finish()
}

struct Gathering<F> {
    interval: Interval<F>,
    columns: SpanColumns,
    instants: Vec<Instant>,
    facts: Facts,
    rings: Rings,
    /// Processors with records in the interval.
    cpus: BTreeSet<u16>,
}

/// What was found of an interval so far.
struct Interval<F> {
    start: u64,
    end: u64,
    is_stop: F,
    records: Records,
}

impl<F: Fn(u16) -> bool> Sink for Interval<F> {
    type Error = StitchError;

    fn tree(&mut self, tree: Tree) -> Result<(), StitchError> {
        let top = tree.nodes.len() - 1;
        for (index, node) in tree.nodes.iter().enumerate() {
            let root = tree.root().filter(|_| index == top);
            if node.end() <= self.start {
                let stop = root.is_some() || (self.is_stop)(node.segment);
                let before = &mut self.records.stop_before;
                if stop && before.is_none_or(|(at, _)| at <= node.end()) {
                    *before = Some((node.end(), node.segment));
                }
            } else if node.start < self.end {
                if self.records.spans.len() == RECORD_LIMIT {
                    return Err(StitchError::TooLong);
                }
                self.records.spans.push(Record {
                    start: node.start,
                    end: node.end(),
                    segment: node.segment,
                    root: root.map(|root| RootRecord {
                        dispatch: root.dispatch,
                        outcome: root.outcome,
                        whole: tree.complete,
                    }),
                });
            }
        }
        Ok(())
    }
}

impl<F: Fn(u16) -> bool> Gathering<F> {
    fn frame(&mut self, frame: &Frame) -> Result<(), StitchError> {
        match frame.header.kind {
            FrameKind::Spans => self.spans(frame),
            FrameKind::Instants => self.switches(frame),
            _ => Ok(()),
        }
    }

    fn spans(&mut self, frame: &Frame) -> Result<(), StitchError> {
        let ring = (frame.header.origin.cpu, frame.header.origin.context);
        let nesting = self.rings.of(ring).ok_or(StitchError::SeveralProcessors)?;
        self.columns.clear();
        // What is malformed was counted when the trace was read.
        let _ = self.columns.read(frame);
        let known = self.interval.records.spans.len();
        nesting.take(&self.columns, &self.facts, &mut self.interval)?;
        if self.interval.records.spans.len() > known {
            self.cpus.insert(ring.0);
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Records, StitchError> {
        for ((cpu, _), mut nesting) in self.rings {
            let known = self.interval.records.spans.len();
            nesting.finish(&mut self.interval)?;
            if self.interval.records.spans.len() > known {
                self.cpus.insert(cpu);
            }
        }
        if self.cpus.len() > 1 {
            return Err(StitchError::SeveralProcessors);
        }
        let mut records = self.interval.records;
        records.switches.sort_by_key(|switch| switch.time);
        Ok(records)
    }

    fn switches(&mut self, frame: &Frame) -> Result<(), StitchError> {
        let Interval {
            start,
            end,
            records,
            ..
        } = &mut self.interval;
        self.instants.clear();
        let _ = read_records(frame, &mut self.instants);
        for instant in &self.instants {
            if instant.id != Instant::SWITCH || instant.time > *end {
                continue;
            }
            let switch = Switch {
                time: instant.time,
                from: instant.a,
                to: instant.b as u32,
            };
            if switch.time < *start {
                let before = &mut records.switch_before;
                if before.is_none_or(|before| before.time <= switch.time) {
                    *before = Some(switch);
                }
            } else {
                if records.switches.len() == RECORD_LIMIT {
                    return Err(StitchError::TooLong);
                }
                self.cpus.insert(frame.header.origin.cpu);
                records.switches.push(switch);
            }
        }
        Ok(())
    }
}
