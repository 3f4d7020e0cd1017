//! Segment trees record by record, for exports that show each span in its place.
//!
//! Commit order is post-order: a record adopts what was recorded inside of it, and
//! a dispatch or a segment without a declared parent closes its tree. The same
//! rules as in [`capbench_frames::segments`], which fills histograms and keeps no
//! tree; a test holds the two against each other.
//!
//! Costs a constant per record. Memory: the longest tree, at most
//! [`TREE_LIMIT`] records.

use std::collections::BTreeMap;

use capbench_frames::statements::Segment;
use trace_format::SPANS_INSIDE_MAX;
use trace_format::control::SegmentKind;
use trace_format::decode::{RootAt, SpanColumns};

/// Records of one tree; a longer one cannot be proven complete.
pub const TREE_LIMIT: usize = SPANS_INSIDE_MAX as usize + 1;

/// A record in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// TSC ticks at its start.
    pub start: u64,
    /// TSC ticks from start to end.
    pub duration: u64,
    /// Segment id.
    pub segment: u16,
    /// The node it lies in, by its place in the tree.
    pub parent: Option<u32>,
    /// Nodes of its subtree, itself included.
    pub size: u32,
    /// Duration minus children, as recorded: the probes' cost is still in it.
    pub self_ticks: u64,
}

/// A closed tree: its nodes in commit order, the top last.
#[derive(Clone, Copy, Debug)]
pub struct Tree<'a> {
    /// The nodes.
    pub nodes: &'a [Node],
    /// What closed it.
    pub top: Top<'a>,
    /// Nothing is missing: under a dispatch are as many spans as it says, all in
    /// their declared places. Only then are self times what they are called.
    pub complete: bool,
}

/// What closed a tree.
#[derive(Clone, Copy, Debug)]
pub enum Top<'a> {
    /// A dispatch.
    Dispatch(&'a RootAt),
    /// A segment that has no parent.
    Segment,
    /// Nothing: the parent of these records never came.
    Missing,
}

impl<'a> Tree<'a> {
    /// What was dispatched, where anything was.
    pub fn root(&self) -> Option<&'a RootAt> {
        match self.top {
            Top::Dispatch(root) => Some(root),
            Top::Segment | Top::Missing => None,
        }
    }

    /// Places of the nodes with parents before children and siblings in order.
    pub fn pre_order(&self) -> Vec<u32> {
        let count = self.nodes.len();
        let mut order = vec![0; count];
        // Where the subtree of the node's last unplaced child ends.
        let mut ends = vec![0; count];
        let mut top_end = count as u32;
        for (index, node) in self.nodes.iter().enumerate().rev() {
            let end = match node.parent {
                Some(parent) => &mut ends[parent as usize],
                None => &mut top_end,
            };
            let place = *end - node.size;
            *end = place;
            order[place as usize] = index as u32;
            ends[index] = place + node.size;
        }
        order
    }
}

#[derive(Clone, Copy)]
struct Fact {
    declared: bool,
    parent: Option<u16>,
    root: bool,
    parent_is_root: bool,
}

/// What is known of each segment.
#[derive(Default)]
pub(crate) struct Facts(Vec<Fact>);

impl Facts {
    pub(crate) fn new(segments: &BTreeMap<u16, Segment>) -> Self {
        let is_root = |id: &u16| {
            segments
                .get(id)
                .is_some_and(|s| s.kind == SegmentKind::Dispatch)
        };
        let last = segments
            .keys()
            .next_back()
            .map_or(0, |id| usize::from(*id) + 1);
        let fact = |id| match segments.get(&(id as u16)) {
            None => Fact {
                declared: false,
                parent: None,
                root: false,
                parent_is_root: false,
            },
            Some(segment) => Fact {
                declared: true,
                parent: segment.parent,
                root: segment.kind == SegmentKind::Dispatch,
                parent_is_root: segment.parent.as_ref().is_some_and(is_root),
            },
        };
        Self((0..last).map(fact).collect())
    }

    fn of(&self, segment: u16) -> Fact {
        let unknown = Fact {
            declared: false,
            parent: None,
            root: false,
            parent_is_root: false,
        };
        *self.0.get(usize::from(segment)).unwrap_or(&unknown)
    }

    fn may_hold(&self, parent: u16, child: u16) -> bool {
        let child = self.of(child);
        child.parent == Some(parent) || child.parent_is_root && self.of(parent).root
    }
}

/// The open tree of one ring.
#[derive(Default)]
pub(crate) struct Nesting {
    nodes: Vec<Node>,
    /// Nodes that wait for their parent, by place.
    waiting: Vec<u32>,
    last_end: u64,
    closed: u64,
    broken: bool,
}

impl Nesting {
    /// Takes the records of a frame and hands out the trees that they close.
    pub(crate) fn take<E>(
        &mut self,
        columns: &SpanColumns,
        facts: &Facts,
        closed: &mut impl FnMut(Tree) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut roots = columns.roots.iter().peekable();
        for index in 0..columns.len() {
            let root = roots.next_if(|root| root.index as usize == index);
            self.record(columns, index, root, facts, closed)?;
        }
        Ok(())
    }

    /// Hands out what still waits: its parent never came.
    pub(crate) fn finish<E>(
        &mut self,
        closed: &mut impl FnMut(Tree) -> Result<(), E>,
    ) -> Result<(), E> {
        self.hand_out(0, self.nodes.len(), Top::Missing, closed)?;
        self.reset();
        Ok(())
    }

    fn record<E>(
        &mut self,
        columns: &SpanColumns,
        index: usize,
        root: Option<&RootAt>,
        facts: &Facts,
        closed: &mut impl FnMut(Tree) -> Result<(), E>,
    ) -> Result<(), E> {
        let first = self.adopt(columns, index, facts);
        let count = self.nodes.len();
        let top = self.nodes[count - 1];
        if root.is_none() && facts.of(top.segment).parent.is_some() {
            self.waiting.push((count - 1) as u32);
            if count > TREE_LIMIT {
                self.finish(closed)?;
            }
            return Ok(());
        }
        let declared = facts.of(top.segment).declared;
        self.broken |= top.start < self.closed;
        self.closed = self.last_end;
        let Some(root) = root else {
            // Of a segment that was never declared nobody knows what it should hold.
            let top = if declared { Top::Segment } else { Top::Missing };
            self.hand_out(first, count, top, closed)?;
            self.nodes.truncate(first);
            return Ok(());
        };
        self.hand_out(0, first, Top::Missing, closed)?;
        self.hand_out(first, count, Top::Dispatch(root), closed)?;
        self.reset();
        Ok(())
    }

    /// Appends the record and gives it what lies inside of it. Returns the first
    /// node of its subtree.
    fn adopt(&mut self, columns: &SpanColumns, index: usize, facts: &Facts) -> usize {
        let (end, duration) = (columns.end[index], columns.duration[index]);
        let (start, segment) = (end - duration, columns.segment[index]);
        self.broken |= end < self.last_end || !facts.of(segment).declared;
        self.last_end = end;
        let own = self.nodes.len();
        let mut children = 0u64;
        let mut size = 1;
        while let Some(&place) = self.waiting.last() {
            let child = self.nodes[place as usize];
            let child_end = child.start + child.duration;
            if child.start < start {
                self.broken |= child_end > start;
                break;
            }
            if !facts.may_hold(segment, child.segment) {
                // An empty one at the very start may be the neighbour before.
                if child_end == start {
                    break;
                }
                self.broken = true;
            }
            self.waiting.pop();
            self.nodes[place as usize].parent = Some(own as u32);
            children = children.saturating_add(child.duration);
            size += child.size;
        }
        self.nodes.push(Node {
            start,
            duration,
            segment,
            parent: None,
            size,
            self_ticks: duration.saturating_sub(children),
        });
        own + 1 - size as usize
    }

    fn hand_out<E>(
        &mut self,
        from: usize,
        to: usize,
        top: Top,
        closed: &mut impl FnMut(Tree) -> Result<(), E>,
    ) -> Result<(), E> {
        let nodes = &mut self.nodes[from..to];
        if nodes.is_empty() {
            return Ok(());
        }
        for node in nodes.iter_mut() {
            node.parent = node.parent.map(|parent| parent - from as u32);
        }
        let complete = match top {
            Top::Missing => false,
            Top::Segment => true,
            Top::Dispatch(root) => {
                !self.broken
                    && root.spans_inside < SPANS_INSIDE_MAX
                    && usize::from(root.spans_inside) == nodes.len() - 1
            }
        };
        closed(Tree {
            nodes,
            top,
            complete,
        })
    }

    fn reset(&mut self) {
        self.nodes.clear();
        self.waiting.clear();
        self.broken = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(start: u64, duration: u64, parent: Option<u32>, size: u32) -> Node {
        Node {
            start,
            duration,
            segment: 0,
            parent,
            size,
            self_ticks: 0,
        }
    }

    #[test]
    fn pre_order_puts_parents_first_and_keeps_siblings_in_order() {
        // 4( 1(0) 3(2) ) and then 5, a tree of its own.
        let nodes = [
            node(0, 1, Some(1), 1),
            node(0, 2, Some(4), 2),
            node(2, 0, Some(3), 1),
            node(2, 3, Some(4), 2),
            node(0, 6, None, 5),
            node(6, 1, None, 1),
        ];
        let tree = Tree {
            nodes: &nodes,
            top: Top::Missing,
            complete: false,
        };
        assert_eq!(tree.pre_order(), [4, 1, 0, 3, 2, 5]);
    }
}
