//! How spans nest: the one walker over the records of a ring.
//!
//! Commit order is post-order, so one pass with a stack of finished records is
//! enough: a record adopts those that lie inside it, and a dispatch or a segment
//! without a declared parent closes its tree. The tree is then held against what was
//! declared: every child under its declared parent, and under a dispatch as many
//! spans as it says were begun. A tree that does not match is *incomplete*; its
//! durations count, its self times do not.
//!
//! A consumer of trees is a [`Sink`]: histograms, the parts of a sample, exports.
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
//! dispatch can vouch for, [`TREE_LIMIT`] records.

mod facts;
mod fault;
mod node;
mod rings;
mod stack;
mod tree;

use std::ops::{ControlFlow, Range};

use trace_format::SPANS_INSIDE_MAX;
use trace_format::control::SegmentKind;
use trace_format::decode::{RootAt, SpanColumns};
use trace_format::span::ends_before_it_starts;

pub use facts::Facts;
pub use fault::{Fault, Faults};
pub use node::Node;
pub use rings::{RING_LIMIT, Ring, Rings};
pub(crate) use stack::{Finished, Stack};
pub use tree::{Position, Top, Tree, from_the_top, pre_order};

/// Records that may wait for their root. A longer tree cannot be proven complete.
pub const TREE_LIMIT: usize = SPANS_INSIDE_MAX as usize + 1;

/// A consumer of trees.
pub trait Sink {
    /// Why it can take no more.
    type Error;

    /// A tree, when it is closed.
    ///
    /// # Errors
    ///
    /// The sink can take no more.
    fn tree(&mut self, tree: Tree) -> Result<(), Self::Error>;

    /// A record near `time` that does not nest. A sink that needs no more than
    /// [`Tree::complete`] need not look.
    ///
    /// # Errors
    ///
    /// The sink can take no more.
    fn fault(&mut self, _fault: Fault, _time: u64) -> Result<(), Self::Error> {
        Ok(())
    }
}

/// The open tree of one ring.
#[derive(Debug, Default)]
pub struct Nesting {
    /// Records that wait for their parent.
    waiting: Stack<Subtree>,
    /// Every record since the last closed tree, in commit order.
    nodes: Vec<Node>,
    /// End of the last closed tree.
    closed: u64,
    last_end: u64,
    /// The open tree cannot become complete.
    broken: bool,
}

/// The facts about a child that its parent needs.
#[derive(Clone, Copy, Debug)]
struct Subtree {
    segment: u16,
    /// Its first node.
    first: u32,
}

impl Nesting {
    /// Takes the records of a frame and hands out the trees that they close.
    ///
    /// # Errors
    ///
    /// The sink can take no more.
    pub fn take<S: Sink>(
        &mut self,
        columns: &SpanColumns,
        facts: &Facts,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        let mut from = 0;
        for root in &columns.roots {
            self.spans(columns, from..root.index as usize, facts, sink)?;
            self.root(columns, root, facts, sink)?;
            from = root.index as usize + 1;
        }
        self.spans(columns, from..columns.len(), facts, sink)
    }

    /// Hands out what still waits: its parent never came.
    ///
    /// # Errors
    ///
    /// The sink can take no more.
    pub fn finish<S: Sink>(&mut self, sink: &mut S) -> Result<(), S::Error> {
        self.orphans(self.nodes.len(), sink)?;
        self.reset();
        Ok(())
    }

    /// Whether nothing is open that a record ending at `end` could not follow.
    #[inline]
    pub(crate) fn is_between_trees(&self, end: u64) -> bool {
        self.nodes.is_empty() && !self.broken && end >= self.last_end
    }

    /// End of the last closed tree.
    #[inline]
    pub(crate) fn closed(&self) -> u64 {
        self.closed
    }

    /// Notes a dispatch until `end` that is known to nest and is not rebuilt.
    #[inline]
    pub(crate) fn skip(&mut self, end: u64) {
        (self.last_end, self.closed) = (end, end);
    }

    /// Takes records that are no roots.
    #[inline]
    pub(crate) fn spans<S: Sink>(
        &mut self,
        columns: &SpanColumns,
        records: Range<usize>,
        facts: &Facts,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        for index in records {
            self.span(columns, index, facts, sink)?;
        }
        Ok(())
    }

    #[inline]
    fn span<S: Sink>(
        &mut self,
        columns: &SpanColumns,
        index: usize,
        facts: &Facts,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        if ends_before_it_starts(columns.duration[index]) {
            return reversed(columns, index, sink);
        }
        let (end, first) = self.adopt(columns, index, facts, sink)?;
        let node = self.nodes[self.nodes.len() - 1];
        if facts.is_top(node.segment) {
            self.close(end, node.start, sink)?;
            // Of a segment that was never declared nobody knows what it should hold.
            let declared = facts.of(node.segment).declared;
            sink.tree(Tree {
                nodes: &self.nodes[first..],
                top: match declared {
                    true => Top::Segment,
                    false => Top::Undeclared,
                },
                complete: declared,
            })?;
            self.nodes.truncate(first);
            return Ok(());
        }
        self.waiting.push(Finished {
            start: node.start,
            end,
            what: Subtree {
                segment: node.segment,
                first: first as u32,
            },
        });
        if self.nodes.len() > TREE_LIMIT {
            // The spans are counted by a root still to come, which will miss them.
            self.finish(sink)?;
        }
        Ok(())
    }

    /// Takes a dispatch.
    #[inline]
    pub(crate) fn root<S: Sink>(
        &mut self,
        columns: &SpanColumns,
        root: &RootAt,
        facts: &Facts,
        sink: &mut S,
    ) -> Result<(), S::Error> {
        let at = root.index as usize;
        if ends_before_it_starts(columns.duration[at]) {
            reversed(columns, at, sink)?;
            return self.finish(sink);
        }
        let (end, first) = self.adopt(columns, at, facts, sink)?;
        let start = self.nodes[self.nodes.len() - 1].start;
        self.close(end, start, sink)?;
        self.orphans(first, sink)?;
        let nodes = &self.nodes[first..];
        let complete = !self.broken
            && root.spans_inside < SPANS_INSIDE_MAX
            && usize::from(root.spans_inside) == nodes.len() - 1;
        let top = Top::Dispatch(root);
        sink.tree(Tree {
            nodes,
            top,
            complete,
        })?;
        self.reset();
        Ok(())
    }

    /// Appends the record as a node, after taking what lies inside it off the
    /// stack. Returns its end and the first node of its subtree.
    #[inline]
    fn adopt<S: Sink>(
        &mut self,
        columns: &SpanColumns,
        index: usize,
        facts: &Facts,
        sink: &mut S,
    ) -> Result<(u64, usize), S::Error> {
        let (end, duration) = (columns.end[index], columns.duration[index]);
        let (start, segment) = (end - duration, columns.segment[index]);
        let fact = facts.of(segment);
        if end < self.last_end {
            self.object(Fault::Backwards, end, sink)?;
        }
        if !fact.declared {
            self.object(Fault::Undeclared, end, sink)?;
        }
        self.last_end = end;

        let mut first = self.nodes.len();
        let mut children = 0u64;
        let mut cost = 0;
        let mut bound = fact.bound;
        let mut holds_laps = false;
        let mut misplaced = 0u32;
        let overlap = self.waiting.adopt(start, |child| {
            if !facts.may_hold(segment, child.what.segment) {
                // An empty one at the very start may be the neighbour before.
                if child.end == start {
                    return ControlFlow::Break(());
                }
                misplaced += 1;
            }
            let inside = facts.of(child.what.segment);
            // Only misplaced children can add up to more than there is time.
            children = children.saturating_add(child.end - child.start);
            holds_laps |= inside.kind == SegmentKind::Lap;
            if inside.kind == SegmentKind::Span {
                cost += inside.outer;
                bound += inside.bound;
            }
            first = child.what.first as usize;
            ControlFlow::Continue(())
        });
        if overlap.is_err() {
            self.object(Fault::Overlapping, end, sink)?;
        }
        for _ in 0..misplaced {
            self.object(Fault::Misplaced, end, sink)?;
        }
        if let Some(before) = self.lap_before(start, segment, facts) {
            cost += facts.of(before).outer;
            bound += facts.of(before).bound;
        }
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
        Ok((end, first))
    }

    /// The lap that ended where this one begins and left the rest of its mark in it.
    #[inline]
    fn lap_before(&self, start: u64, segment: u16, facts: &Facts) -> Option<u16> {
        let own = facts.of(segment);
        if own.kind != SegmentKind::Lap {
            return None;
        }
        let before = self.waiting.last().filter(|before| before.end == start)?;
        let fact = facts.of(before.what.segment);
        let neighbours = fact.kind == SegmentKind::Lap && fact.parent == own.parent;
        neighbours.then_some(before.what.segment)
    }

    /// Notes the end of a tree, which may not begin before the end of the last.
    #[inline]
    fn close<S: Sink>(&mut self, end: u64, start: u64, sink: &mut S) -> Result<(), S::Error> {
        if start < self.closed {
            self.object(Fault::Overlapping, end, sink)?;
        }
        self.closed = end;
        Ok(())
    }

    /// Hands out the nodes up to `end` as those of a parent that never came.
    #[inline]
    fn orphans<S: Sink>(&self, end: usize, sink: &mut S) -> Result<(), S::Error> {
        if end == 0 {
            return Ok(());
        }
        sink.tree(Tree {
            nodes: &self.nodes[..end],
            top: Top::Missing,
            complete: false,
        })
    }

    #[cold]
    fn object<S: Sink>(&mut self, fault: Fault, time: u64, sink: &mut S) -> Result<(), S::Error> {
        self.broken = true;
        sink.fault(fault, time)
    }

    #[inline]
    fn reset(&mut self) {
        self.nodes.clear();
        self.waiting.clear();
        self.broken = false;
    }
}

/// A record that ends before it starts is in no tree.
#[cold]
fn reversed<S: Sink>(columns: &SpanColumns, index: usize, sink: &mut S) -> Result<(), S::Error> {
    let record = columns.span(index);
    sink.fault(Fault::Reversed(record), record.start)
}

#[cfg(test)]
#[path = "nesting_tests.rs"]
pub(crate) mod tests;
