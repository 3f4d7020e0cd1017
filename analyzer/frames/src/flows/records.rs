//! The records of one interval, out of a whole stream.
//!
//! One pass. Memory: what lies in the interval, at most [`RECORD_LIMIT`] records,
//! and per ring the records of one open tree.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use trace_format::decode::{Frame, SpanColumns, read_records};
use trace_format::{Context, Dispatch, FrameKind, Instant, Outcome, SPANS_INSIDE_MAX};

use super::{StitchError, Switch};
use crate::load::{Event, Frames};

/// Most records of one interval. A batch of calls has a few thousand.
pub const RECORD_LIMIT: usize = 1 << 18;

/// Most rings whose trees are held against what their roots say.
const RING_LIMIT: usize = 3 * 256;

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
    /// As many spans came with it as it says were begun inside.
    pub whole: bool,
}

/// What was recorded in an interval, and right before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// Spans and roots that touch the interval, in commit order: of two that hold
    /// the same interval, the later is the outer one.
    pub spans: Vec<Record>,
    /// Context switches inside, in order.
    pub switches: Vec<Switch>,
    /// The last context switch before it.
    pub switch_before: Option<Switch>,
    /// Segment of the last span that ended before it and that `is_stop` accepted.
    pub stop_before: Option<(u64, u16)>,
}

/// Spans since the last root of a ring, by their start.
#[derive(Default)]
struct OpenTree(Vec<u64>);

impl OpenTree {
    fn span(&mut self, start: u64) {
        // What is longer cannot be proven whole, so that its begin may go.
        if self.0.len() > usize::from(SPANS_INSIDE_MAX) {
            self.0.clear();
        }
        self.0.push(start);
    }

    fn root(&mut self, start: u64, spans_inside: u16) -> bool {
        let inside = self.0.iter().filter(|span| **span >= start).count();
        self.0.clear();
        spans_inside < SPANS_INSIDE_MAX && inside == usize::from(spans_inside)
    }
}

/// Reads what touches `start..end`. `is_stop` says which segments tell whether a
/// program or the kernel runs after them.
pub(super) fn gather<R: Read>(
    mut frames: Frames<R>,
    (start, end): (u64, u64),
    is_stop: impl Fn(u16) -> bool,
) -> Result<Records, StitchError> {
    let mut gathering = Gathering {
        start,
        end,
        is_stop,
        records: Records::default(),
        columns: SpanColumns::default(),
        instants: Vec::new(),
        trees: BTreeMap::new(),
        cpus: BTreeSet::new(),
    };
    while let Some(event) = frames.next_event().map_err(StitchError::Io)? {
        if let Event::Frame(frame) = event {
            gathering.frame(&frame)?;
        }
    }
    if gathering.cpus.len() > 1 {
        return Err(StitchError::SeveralProcessors);
    }
    let mut records = gathering.records;
    records.switches.sort_by_key(|switch| switch.time);
    Ok(records)
}

struct Gathering<F> {
    start: u64,
    end: u64,
    is_stop: F,
    records: Records,
    columns: SpanColumns,
    instants: Vec<Instant>,
    trees: BTreeMap<(u16, Context), OpenTree>,
    cpus: BTreeSet<u16>,
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
        if self.trees.len() >= RING_LIMIT && !self.trees.contains_key(&ring) {
            return Err(StitchError::SeveralProcessors);
        }
        self.columns.clear();
        // What is malformed was counted when the trace was read.
        let _ = self.columns.read(frame);
        let tree = self.trees.entry(ring).or_default();
        let mut roots = self.columns.roots.iter().peekable();
        for index in 0..self.columns.len() {
            let end = self.columns.end[index];
            let start = end - self.columns.duration[index];
            let segment = self.columns.segment[index];
            let root = roots.next_if(|root| root.index as usize == index);
            let root = root.map(|root| RootRecord {
                dispatch: root.dispatch,
                outcome: root.outcome,
                whole: tree.root(start, root.spans_inside),
            });
            if root.is_none() {
                tree.span(start);
            }
            if end <= self.start {
                let stop = root.is_some() || (self.is_stop)(segment);
                if stop && self.records.stop_before.is_none_or(|(at, _)| at <= end) {
                    self.records.stop_before = Some((end, segment));
                }
            } else if start < self.end {
                if self.records.spans.len() == RECORD_LIMIT {
                    return Err(StitchError::TooLong);
                }
                self.cpus.insert(ring.0);
                self.records.spans.push(Record {
                    start,
                    end,
                    segment,
                    root,
                });
            }
        }
        Ok(())
    }

    fn switches(&mut self, frame: &Frame) -> Result<(), StitchError> {
        self.instants.clear();
        let _ = read_records(frame, &mut self.instants);
        for instant in &self.instants {
            if instant.id != Instant::SWITCH || instant.time > self.end {
                continue;
            }
            let switch = Switch {
                time: instant.time,
                from: instant.a,
                to: instant.b as u32,
            };
            if switch.time < self.start {
                let before = &mut self.records.switch_before;
                if before.is_none_or(|before| before.time <= switch.time) {
                    *before = Some(switch);
                }
            } else {
                if self.records.switches.len() == RECORD_LIMIT {
                    return Err(StitchError::TooLong);
                }
                self.cpus.insert(frame.header.origin.cpu);
                self.records.switches.push(switch);
            }
        }
        Ok(())
    }
}
