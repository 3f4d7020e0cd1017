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
    /// The dispatched work.
    pub root: Option<RootRecord>,
}

/// What a root says beyond its interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootRecord {
    /// The dispatched work and its requester.
    pub dispatch: Dispatch,
    /// How it began and ended.
    pub outcome: Outcome,
    /// Its tree is complete.
    pub whole: bool,
}

/// The records of an interval, and those right before it.
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

/// The findings in an interval so far.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statements::Segment;
    use trace_format::control::SegmentKind;
    use trace_format::frame::FRAME_LENGTH_MAX;
    use trace_format::{Context, Lost, Origin, Root, Span, SpanFrame};

    const ROOT: u16 = 1;
    const SPAN: u16 = 2;
    const TOP: u16 = 3;

    fn statements() -> Statements {
        let mut statements = Statements::default();
        let declared = [
            (ROOT, None, SegmentKind::Dispatch),
            (SPAN, Some(ROOT), SegmentKind::Span),
            (TOP, None, SegmentKind::Span),
        ];
        for (id, parent, kind) in declared {
            let name = format!("s{id}");
            let segment = Segment { name, parent, kind };
            statements.segments.insert(id, segment);
        }
        statements
    }

    /// A frame of records: start, duration, segment; a root says that there are two
    /// spans inside it.
    fn frame(context: Context, records: &[(u64, u64, u16)]) -> Vec<u8> {
        let mut buffer = vec![0; FRAME_LENGTH_MAX];
        let mut frame = SpanFrame::new(&mut buffer);
        for &(start, duration, segment) in records {
            if segment == ROOT {
                let root = Root {
                    start,
                    duration,
                    segment,
                    outcome: Outcome::Complete,
                    spans_inside: 2,
                    dispatch: Dispatch::default(),
                };
                frame.push_root(&root).unwrap();
            } else {
                let span = Span {
                    start,
                    duration,
                    segment,
                };
                frame.push_span(span).unwrap();
            }
        }
        let origin = Origin {
            cpu: 0,
            context,
            sequence: 0,
            lost: Lost::default(),
        };
        frame.finish(origin).to_vec()
    }

    fn gathered(stream: &[u8], interval: (u64, u64)) -> Records {
        let (first, rest) = stream.split_at(4);
        let frames = Frames::new(rest, first.to_vec()).unwrap();
        gather(frames, interval, &statements(), |id| id == TOP).unwrap()
    }

    #[test]
    fn a_dispatch_is_whole_if_the_walker_found_its_tree_complete() {
        let thread = [
            (100, 10, SPAN),
            (110, 10, SPAN),
            (100, 30, ROOT),
            // One span less than stated.
            (200, 10, SPAN),
            (200, 30, ROOT),
            // As many as stated, and one inside the other.
            (305, 5, SPAN),
            (300, 20, SPAN),
            (300, 30, ROOT),
        ];
        let records = gathered(&frame(Context::Thread, &thread), (0, 1000));
        assert_eq!(records.spans.len(), thread.len());
        let roots = records.spans.iter().filter_map(|record| record.root);
        let whole: Vec<bool> = roots.map(|root| root.whole).collect();
        assert_eq!(whole, [true, false, false]);
    }

    #[test]
    fn only_what_touches_the_interval_is_kept_and_the_last_stop_before_it() {
        let thread = [(90, 5, TOP), (100, 10, TOP), (150, 20, TOP), (300, 5, TOP)];
        let interrupts = [(105, 2, TOP), (160, 5, TOP)];
        let stream = [
            frame(Context::Thread, &thread),
            frame(Context::Irq, &interrupts),
        ];
        let records = gathered(&stream.concat(), (155, 200));
        let starts: Vec<u64> = records.spans.iter().map(|record| record.start).collect();
        assert_eq!(starts, [150, 160]);
        assert_eq!(records.stop_before, Some((110, TOP)));
    }

    #[test]
    fn records_whose_root_never_came_are_kept() {
        let records = gathered(&frame(Context::Thread, &[(100, 10, SPAN)]), (0, 1000));
        assert_eq!(records.spans.len(), 1);
    }
}
