//! Segment trees, rebuilt from records in commit order.
//!
//! Commit order is post-order, so one pass with a stack of finished children is
//! enough: a record adopts those that lie inside it. The tree is then held against
//! what was declared: every child under its declared parent, and under a root as
//! many spans as it says were begun. A tree that does not match is *incomplete*;
//! its durations count, its self times do not.
//!
//! Self time is duration minus children. Corrected self time also takes out what
//! the probes themselves cost, by the calibration in the stream:
//!
//! | cost | lands in | so it is taken from |
//! |---|---|---|
//! | `inner` of a span or lap | its own interval | its own self time |
//! | `inner` of a dispatch | its first lap; without laps its own interval | that |
//! | `outer` of a span | its parent | the parent's self time |
//! | `outer` of a lap | the lap after it | that lap's self time |
//!
//! Laps outside of every segment do not spill: a kernel takes their time stamps
//! where it cannot record yet (at its very entry, say) and commits them later.
//!
//! A figure below zero is zero, within the bound. What counters and instants cost
//! stays in the segments they stand in: the stream does not say where that is.
//!
//! Costs no allocation per record; memory is bounded by the longest tree that a
//! root can vouch for. A dispatch that nests as an earlier one did is not rebuilt:
//! see [`crate::pattern`]. Many of those are handed over together, so that whoever
//! counts them can go segment by segment.

use trace_format::control::{ProbeKind, SegmentKind};
use trace_format::decode::{RootAt, SpanColumns};
use trace_format::span::{SEGMENT_LIMIT, ends_before_it_starts};
use trace_format::{SPANS_INSIDE_MAX, Span};

use crate::pattern::{Alike, DURATION_MAX, Gathered, Pattern, Patterns};
use crate::statements::Statements;

/// Records that may wait for their root. A longer tree cannot be proven complete.
const TREE_LIMIT: usize = SPANS_INSIDE_MAX as usize + 1;

/// What the pass must know about each segment id, as a flat table, and the trees
/// that were already built by it.
pub(crate) struct Facts {
    table: Box<[Fact]>,
    patterns: Patterns,
}

#[derive(Clone, Copy)]
struct Fact {
    declared: bool,
    kind: SegmentKind,
    /// [`NO_PARENT`] at the top.
    parent: u16,
    parent_is_root: bool,
    inner: u64,
    outer: u64,
    bound: u64,
}

const NO_PARENT: u16 = u16::MAX;

impl Facts {
    /// The table for one CPU, whose probes were calibrated there.
    pub(crate) fn new(statements: &Statements, cpu: u16) -> Self {
        let unknown = Fact {
            declared: false,
            kind: SegmentKind::Span,
            parent: NO_PARENT,
            parent_is_root: false,
            inner: 0,
            outer: 0,
            bound: 0,
        };
        let mut facts = vec![unknown; usize::from(SEGMENT_LIMIT)].into_boxed_slice();
        for (id, segment) in &statements.segments {
            let probe = match segment.kind {
                SegmentKind::Span => ProbeKind::Span,
                SegmentKind::Lap => ProbeKind::Lap,
                SegmentKind::Dispatch => ProbeKind::Dispatch,
            };
            let cost = statements.calibrations.get(&(cpu, probe));
            let parent = segment
                .parent
                .and_then(|parent| statements.segments.get(&parent));
            facts[usize::from(*id)] = Fact {
                declared: true,
                kind: segment.kind,
                parent: segment.parent.unwrap_or(NO_PARENT),
                parent_is_root: parent.is_some_and(|p| p.kind == SegmentKind::Dispatch),
                inner: cost.map_or(0, |cost| u64::from(cost.inner_ticks)),
                outer: cost.map_or(0, |cost| u64::from(cost.outer_ticks)),
                bound: cost.map_or(0, |cost| u64::from(cost.bound_ticks)),
            };
        }
        Self {
            table: facts,
            patterns: Patterns::default(),
        }
    }

    /// Counts what was gathered.
    fn hand_over<S: Sink>(&self, gathered: &mut Gathered<S::Place>, sink: &mut S) {
        gathered.drain(&self.patterns, |place, pattern, alike| {
            sink.alike(place, pattern, alike);
        });
    }

    #[inline]
    fn of(&self, segment: u16) -> &Fact {
        &self.table[usize::from(segment)]
    }

    /// Whether a record of `child` may lie directly inside one of `parent`. Several
    /// kinds of root may share their segments.
    #[inline]
    fn may_hold(&self, parent: u16, child: u16) -> bool {
        let child = self.of(child);
        child.parent == parent
            || child.parent_is_root && self.of(parent).kind == SegmentKind::Dispatch
    }
}

/// A record with its place in a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// TSC ticks at its start.
    pub start: u64,
    /// TSC ticks from start to end.
    pub duration: u64,
    /// Segment id.
    pub segment: u16,
    /// Records inside it, those inside of these included.
    pub inside: u32,
    /// Duration minus children.
    pub self_raw: u64,
    /// What of its self time is the probes' own cost.
    pub cost: u64,
    /// How far that figure may be off.
    pub bound: u64,
}

impl Node {
    /// Nothing was recorded inside it.
    pub fn leaf(&self) -> bool {
        self.inside == 0
    }

    /// Self time with the probes' cost taken out.
    pub fn self_corrected(&self) -> u64 {
        self.self_raw.saturating_sub(self.cost)
    }
}

/// What did not fit together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NestingFaults {
    /// Records that begin inside another one and end outside of it.
    pub overlapping: u64,
    /// Records inside one that is not their declared parent.
    pub misplaced: u64,
    /// Records of segments that were never declared.
    pub undeclared: u64,
    /// Records that end before the one committed before them.
    pub backwards: u64,
    /// Records that end before they start. They are in no tree and no histogram.
    pub reversed: u64,
}

impl NestingFaults {
    pub(crate) fn add(&mut self, other: Self) {
        self.overlapping += other.overlapping;
        self.misplaced += other.misplaced;
        self.undeclared += other.undeclared;
        self.backwards += other.backwards;
        self.reversed += other.reversed;
    }
}

/// Where trees go when they are closed.
pub(crate) trait Sink {
    /// Where the records of a dispatch belong.
    type Place: Copy + PartialEq;
    /// A dispatch from `start` to `end`, whose records follow. They go to the place
    /// that this returns.
    fn dispatch(&mut self, start: u64, end: u64, root: &RootAt, complete: bool) -> Self::Place;
    /// The records of one dispatch in commit order, the root last.
    fn nodes(&mut self, place: Self::Place, nodes: &[Node], complete: bool);
    /// The durations of complete dispatches that nest by one pattern.
    fn alike(&mut self, place: Self::Place, pattern: &Pattern, alike: &Alike);
    /// A tree outside of dispatches: the segment at its top last.
    fn tree(&mut self, nodes: &[Node]);
    /// Records whose parent never came.
    fn orphans(&mut self, nodes: &[Node]);
    /// A record that ends before it starts.
    fn reversed(&mut self, record: Span);
    /// What did not fit together near `time`.
    fn faults(&mut self, faults: NestingFaults, time: u64);
}

/// The open tree of one ring.
#[derive(Default)]
pub(crate) struct Nesting {
    /// Finished records that wait for their parent.
    waiting: Vec<Waiting>,
    /// Every record since the last closed tree, in commit order.
    nodes: Vec<Node>,
    /// End of the last closed tree.
    closed: u64,
    last_end: u64,
    /// The open tree cannot become complete.
    broken: bool,
}

#[derive(Clone, Copy)]
struct Waiting {
    start: u64,
    end: u64,
    segment: u16,
    /// First node of its subtree.
    first: u32,
}

impl Nesting {
    /// Takes the records of a frame. `gathered` is empty before and after.
    pub(crate) fn take<S: Sink>(
        &mut self,
        columns: &SpanColumns,
        facts: &mut Facts,
        gathered: &mut Gathered<S::Place>,
        sink: &mut S,
    ) {
        let mut from = 0;
        for root in &columns.roots {
            let at = root.index as usize;
            if let Some(pattern) = self.pattern(columns, from, root, facts) {
                let (end, duration) = (columns.end[at], columns.duration[at]);
                let place = sink.dispatch(end - duration, end, root, true);
                if !gathered.takes(place, pattern) {
                    facts.hand_over(gathered, sink);
                }
                gathered.push(place, pattern, &columns.duration[from..=at]);
                (self.last_end, self.closed) = (end, end);
            } else {
                for index in from..at {
                    self.span(columns, index, facts, sink);
                }
                self.root(columns, root, facts, sink);
            }
            from = at + 1;
        }
        facts.hand_over(gathered, sink);
        for index in from..columns.len() {
            self.span(columns, index, facts, sink);
        }
    }

    /// The pattern of the dispatch whose records begin at `from`, if it has one and
    /// nothing before it is still open.
    #[inline]
    fn pattern(
        &self,
        columns: &SpanColumns,
        from: usize,
        root: &RootAt,
        facts: &Facts,
    ) -> Option<usize> {
        let at = root.index as usize;
        if !self.nodes.is_empty()
            || self.broken
            || usize::from(root.spans_inside) != at - from
            || columns.end[from] < self.last_end
            || columns.end[at] - columns.duration[at] < self.closed
            || columns.duration[at] > DURATION_MAX
        {
            return None;
        }
        facts.patterns.find(columns, from, at - from + 1)
    }

    /// Gives up on what still waits.
    pub(crate) fn finish(&mut self, sink: &mut impl Sink) {
        if !self.nodes.is_empty() {
            sink.orphans(&self.nodes);
        }
        self.nodes.clear();
        self.waiting.clear();
        self.broken = false;
    }

    #[inline]
    fn span(&mut self, columns: &SpanColumns, index: usize, facts: &Facts, sink: &mut impl Sink) {
        if ends_before_it_starts(columns.duration[index]) {
            return sink.reversed(columns.span(index));
        }
        let (end, first) = self.adopt(columns, index, facts, sink);
        let node = self.nodes[self.nodes.len() - 1];
        if facts.of(node.segment).parent == NO_PARENT {
            self.close(end, node.start, sink);
            sink.tree(&self.nodes[first..]);
            self.nodes.truncate(first);
            return;
        }
        self.waiting.push(Waiting {
            start: node.start,
            end,
            segment: node.segment,
            first: first as u32,
        });
        if self.nodes.len() > TREE_LIMIT {
            self.finish(sink);
            // The spans are counted by a root still to come, which will miss them.
        }
    }

    #[inline]
    fn root(
        &mut self,
        columns: &SpanColumns,
        root: &RootAt,
        facts: &mut Facts,
        sink: &mut impl Sink,
    ) {
        let at = root.index as usize;
        if ends_before_it_starts(columns.duration[at]) {
            sink.reversed(columns.span(at));
            return self.finish(sink);
        }
        let (end, first) = self.adopt(columns, at, facts, sink);
        let start = self.nodes[self.nodes.len() - 1].start;
        self.close(end, start, sink);
        let (orphans, tree) = self.nodes.split_at(first);
        if !orphans.is_empty() {
            sink.orphans(orphans);
        }
        let inside = tree.len() - 1;
        let complete = !self.broken
            && root.spans_inside < SPANS_INSIDE_MAX
            && usize::from(root.spans_inside) == inside;
        let place = sink.dispatch(start, end, root, complete);
        sink.nodes(place, tree, complete);
        if complete {
            facts.patterns.learn(tree);
        }
        self.nodes.clear();
        self.waiting.clear();
        self.broken = false;
    }

    /// Appends the record as a node, after taking what lies inside it off the
    /// stack. Returns its end and the first node of its subtree.
    #[inline]
    fn adopt(
        &mut self,
        columns: &SpanColumns,
        index: usize,
        facts: &Facts,
        sink: &mut impl Sink,
    ) -> (u64, usize) {
        let (end, duration) = (columns.end[index], columns.duration[index]);
        let (start, segment) = (end - duration, columns.segment[index]);
        let fact = facts.of(segment);
        if end < self.last_end || !fact.declared {
            let faults = NestingFaults {
                backwards: u64::from(end < self.last_end),
                undeclared: u64::from(!fact.declared),
                ..NestingFaults::default()
            };
            self.broken = true;
            sink.faults(faults, end);
        }
        self.last_end = end;

        let mut first = self.nodes.len();
        let mut children = 0u64;
        let mut cost = 0;
        let mut bound = fact.bound;
        let mut holds_laps = false;
        while let Some(&child) = self.waiting.last() {
            if child.start < start {
                if child.end > start {
                    self.broken = true;
                    let faults = NestingFaults {
                        overlapping: 1,
                        ..NestingFaults::default()
                    };
                    sink.faults(faults, end);
                }
                break;
            }
            let belongs = facts.may_hold(segment, child.segment);
            if !belongs {
                // An empty one at the very start may be the neighbour before.
                if child.end == start {
                    break;
                }
                self.broken = true;
                let faults = NestingFaults {
                    misplaced: 1,
                    ..NestingFaults::default()
                };
                sink.faults(faults, end);
            }
            let inside = facts.of(child.segment);
            // Only misplaced children can add up to more than there is time.
            children = children.saturating_add(child.end - child.start);
            holds_laps |= inside.kind == SegmentKind::Lap;
            if inside.kind == SegmentKind::Span {
                cost += inside.outer;
                bound += inside.bound;
            }
            first = child.first as usize;
            self.waiting.pop();
        }
        let neighbour = self.lap_before(start, segment, facts);
        cost += neighbour.outer;
        bound += neighbour.bound;
        if fact.kind == SegmentKind::Dispatch && holds_laps {
            // The dispatch's own cost fell into its first lap.
            if let Some(lap) = self.nodes[first..]
                .iter_mut()
                .find(|node| node.start == start)
            {
                lap.cost += fact.inner;
                lap.bound += fact.bound;
            }
            bound -= fact.bound;
        } else {
            cost += fact.inner;
        }
        self.nodes.push(Node {
            start,
            duration,
            segment,
            inside: (self.nodes.len() - first) as u32,
            self_raw: duration.saturating_sub(children),
            cost,
            bound,
        });
        (end, first)
    }

    /// What the lap that ended where this one begins left in it.
    #[inline]
    fn lap_before(&self, start: u64, segment: u16, facts: &Facts) -> Spill {
        let own = facts.of(segment);
        if own.kind != SegmentKind::Lap {
            return Spill::default();
        }
        let Some(before) = self.waiting.last().filter(|before| before.end == start) else {
            return Spill::default();
        };
        let before = facts.of(before.segment);
        if before.kind == SegmentKind::Lap && before.parent == own.parent {
            Spill {
                outer: before.outer,
                bound: before.bound,
            }
        } else {
            Spill::default()
        }
    }

    /// Notes the end of a tree, which may not begin before the end of the last.
    #[inline]
    fn close(&mut self, end: u64, start: u64, sink: &mut impl Sink) {
        if start < self.closed {
            self.broken = true;
            sink.faults(
                NestingFaults {
                    overlapping: 1,
                    ..NestingFaults::default()
                },
                end,
            );
        }
        self.closed = end;
    }
}

/// What a lap's mark leaves in the lap after it.
#[derive(Default)]
struct Spill {
    outer: u64,
    bound: u64,
}

#[cfg(test)]
#[path = "segments_tests.rs"]
mod tests;
