//! Segment trees out of records in the order in which they ended.
//!
//! Children end before their parents, so a record takes in the trees that lie
//! inside it. A dispatch root, or a segment that has no parent, closes a tree.
//!
//! Self time is duration minus children. Corrected, it also loses what the probes
//! cost, by the calibration in the stream (`docs/src/methodology.md`):
//!
//! | cost | is taken from |
//! |---|---|
//! | inner of a span or lap | itself |
//! | inner of a dispatch | its first lap; without laps itself |
//! | outer of a span | what it stands in |
//! | outer of a lap | the lap that begins where it ends |

use std::collections::BTreeMap;

use trace_format::control::{ProbeKind, SegmentKind};
use trace_format::{SPANS_INSIDE_MAX, Span};

use super::Statements;

/// Records that may wait for their root; a longer tree proves nothing.
pub const WAITING_MAX: usize = SPANS_INSIDE_MAX as usize + 1;

/// Deepest tree that is taken for one; a kernel's has four levels.
const DEPTH_MAX: u32 = 64;

/// A record and everything recorded inside it.
#[derive(Clone, Debug)]
pub struct Tree {
    pub start: u64,
    pub end: u64,
    pub segment: u16,
    children: Vec<Tree>,
    /// Records in it, itself included.
    pub size: usize,
    depth: u32,
}

/// What is declared of a segment, for one CPU.
#[derive(Clone, Copy, Debug)]
pub struct Fact {
    pub kind: SegmentKind,
    pub parent: Option<u16>,
    inner: u64,
    outer: u64,
    bound: u64,
}

/// The declared segments, for one CPU.
#[derive(Debug, Default)]
pub struct Facts(BTreeMap<u16, Fact>);

/// One record's self times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Own {
    pub segment: u16,
    pub duration: u64,
    pub raw: u64,
    pub corrected: u64,
    /// How far the corrected one may be off.
    pub bound: u64,
}

/// What does not fit together in a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// One begins inside another and ends outside of it.
    Overlapping,
    /// One is inside another that is not its declared parent.
    Misplaced,
}

impl Facts {
    pub fn new(statements: &Statements, cpu: u16) -> Self {
        let facts = statements.segments.iter().map(|(&id, segment)| {
            let probe = match segment.kind {
                SegmentKind::Span => ProbeKind::Span,
                SegmentKind::Lap => ProbeKind::Lap,
                SegmentKind::Dispatch => ProbeKind::Dispatch,
            };
            let cost = statements.calibrations.get(&(cpu, probe));
            let ticks = |of: fn(&trace_format::control::Calibration) -> u32| {
                cost.map_or(0, |cost| u64::from(of(cost)))
            };
            let fact = Fact {
                kind: segment.kind,
                parent: segment.parent,
                inner: ticks(|cost| cost.inner_ticks),
                outer: ticks(|cost| cost.outer_ticks),
                bound: ticks(|cost| cost.bound_ticks),
            };
            (id, fact)
        });
        Self(facts.collect())
    }

    pub fn get(&self, segment: u16) -> Option<Fact> {
        self.0.get(&segment).copied()
    }

    fn is(&self, segment: u16, kind: SegmentKind) -> bool {
        self.get(segment).is_some_and(|fact| fact.kind == kind)
    }

    /// Whether `child` is declared to lie in `parent`. Kinds of dispatch may share
    /// their segments.
    fn may_hold(&self, parent: u16, child: u16) -> bool {
        let Some(declared) = self.get(child).and_then(|child| child.parent) else {
            return false;
        };
        let dispatch = |segment| self.is(segment, SegmentKind::Dispatch);
        declared == parent || dispatch(declared) && dispatch(parent)
    }
}

impl Tree {
    /// The record with what lies inside it, which is taken off `waiting`.
    pub fn grow(record: Span, waiting: &mut Vec<Self>, facts: &Facts) -> (Self, Vec<Misfit>) {
        let Span {
            start,
            duration,
            segment,
        } = record;
        let mut tree = Self {
            start,
            end: start + duration,
            segment,
            children: Vec::new(),
            size: 1,
            depth: 1,
        };
        let mut misfits = Vec::new();
        while let Some(last) = waiting.last() {
            if last.start < start {
                if last.end > start {
                    misfits.push(Misfit::Overlapping);
                }
                break;
            }
            if !facts.may_hold(segment, last.segment) {
                // One that ends where this begins took no time: a neighbour.
                if last.end == start {
                    break;
                }
                misfits.push(Misfit::Misplaced);
            }
            if last.depth >= DEPTH_MAX {
                misfits.push(Misfit::Misplaced);
                break;
            }
            let Some(child) = waiting.pop() else { break };
            tree.size += child.size;
            tree.depth = tree.depth.max(child.depth + 1);
            tree.children.push(child);
        }
        tree.children.reverse();
        (tree, misfits)
    }

    pub fn duration(&self) -> u64 {
        self.end - self.start
    }

    /// Every record in it.
    pub fn each(&self, visit: &mut impl FnMut(&Self)) {
        self.children.iter().for_each(|child| child.each(visit));
        visit(self);
    }

    /// The self times of every record in it.
    pub fn self_times(&self, facts: &Facts) -> Vec<Own> {
        let mut found = Vec::with_capacity(self.size);
        self.measure(facts, Share::default(), &mut found);
        found
    }

    /// `received` is what others' probes left in this one's own time.
    fn measure(&self, facts: &Facts, received: Share, found: &mut Vec<Own>) {
        let Some(fact) = facts.get(self.segment) else {
            return;
        };
        let lap = |tree: &Self| facts.is(tree.segment, SegmentKind::Lap);
        let own = Share {
            cost: fact.inner,
            bound: fact.bound,
        };
        let first_lap = match fact.kind {
            SegmentKind::Dispatch => self.children.iter().position(lap),
            _ => None,
        };
        let mut mine = received;
        if first_lap.is_none() {
            mine.add(own);
        }
        let mut inside = 0u64;
        let mut before: Option<&Self> = None;
        for (index, child) in self.children.iter().enumerate() {
            inside = inside.saturating_add(child.duration());
            let mut left = Share::default();
            if Some(index) == first_lap && child.start == self.start {
                left.add(own);
            }
            if let Some(outer) = before.and_then(|before| facts.spill(before, child)) {
                left.add(outer);
            }
            if let Some(span) = facts.get(child.segment)
                && span.kind == SegmentKind::Span
            {
                mine.add(Share {
                    cost: span.outer,
                    bound: span.bound,
                });
            }
            child.measure(facts, left, found);
            before = Some(child);
        }
        let raw = self.duration().saturating_sub(inside);
        found.push(Own {
            segment: self.segment,
            duration: self.duration(),
            raw,
            corrected: raw.saturating_sub(mine.cost),
            bound: mine.bound,
        });
    }
}

impl Facts {
    /// What a lap leaves in the lap that begins where it ends.
    fn spill(&self, before: &Tree, after: &Tree) -> Option<Share> {
        let (left, right) = (self.get(before.segment)?, self.get(after.segment)?);
        let laps = left.kind == SegmentKind::Lap && right.kind == SegmentKind::Lap;
        let meet = before.end == after.start && left.parent == right.parent;
        (laps && meet).then_some(Share {
            cost: left.outer,
            bound: left.bound,
        })
    }
}

/// A part of the probes' cost.
#[derive(Clone, Copy, Debug, Default)]
struct Share {
    cost: u64,
    bound: u64,
}

impl Share {
    fn add(&mut self, other: Self) {
        self.cost += other.cost;
        self.bound += other.bound;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DISPATCH: u16 = 1;
    const FIRST: u16 = 2;
    const SECOND: u16 = 3;
    const BODY: u16 = 4;

    fn facts() -> Facts {
        let fact = |kind, parent, inner, outer| Fact {
            kind,
            parent,
            inner,
            outer,
            bound: 1,
        };
        Facts(
            [
                (DISPATCH, fact(SegmentKind::Dispatch, None, 2, 9)),
                (FIRST, fact(SegmentKind::Lap, Some(DISPATCH), 3, 4)),
                (SECOND, fact(SegmentKind::Lap, Some(DISPATCH), 3, 4)),
                (BODY, fact(SegmentKind::Span, Some(SECOND), 5, 6)),
            ]
            .into(),
        )
    }

    fn span(segment: u16, start: u64, duration: u64) -> Span {
        Span {
            start,
            duration,
            segment,
        }
    }

    fn grown(records: &[Span]) -> (Vec<Tree>, Vec<Misfit>) {
        let (mut waiting, mut misfits) = (Vec::new(), Vec::new());
        for record in records {
            let (tree, found) = Tree::grow(*record, &mut waiting, &facts());
            misfits.extend(found);
            waiting.push(tree);
        }
        (waiting, misfits)
    }

    #[test]
    fn each_probes_cost_is_taken_from_where_it_landed() {
        let records = [
            span(FIRST, 100, 20),
            span(BODY, 130, 50),
            span(SECOND, 120, 80),
            span(DISPATCH, 100, 100),
        ];
        let (trees, misfits) = grown(&records);
        assert_eq!(misfits, []);
        let found = trees[0].self_times(&facts());
        let of = |segment: u16| *found.iter().find(|own| own.segment == segment).unwrap();
        // The dispatch's own inner and the lap's own.
        assert_eq!((of(FIRST).raw, of(FIRST).corrected), (20, 20 - 2 - 3));
        assert_eq!((of(BODY).raw, of(BODY).corrected), (50, 50 - 5));
        // Its own inner, the first lap's outer, the body's outer.
        assert_eq!((of(SECOND).raw, of(SECOND).corrected), (30, 30 - 3 - 4 - 6));
        assert_eq!(of(SECOND).bound, 3);
        assert_eq!((of(DISPATCH).raw, of(DISPATCH).bound), (0, 0));
    }

    #[test]
    fn what_does_not_nest_as_declared_is_told() {
        let (_, misfits) = grown(&[span(BODY, 10, 5), span(DISPATCH, 9, 9)]);
        assert_eq!(misfits, [Misfit::Misplaced]);
        let (_, misfits) = grown(&[span(BODY, 10, 5), span(SECOND, 12, 9)]);
        assert_eq!(misfits, [Misfit::Overlapping]);
    }

    #[test]
    fn a_tree_without_end_is_cut() {
        let records: Vec<Span> = (0..1000).map(|n| span(BODY, 1000 - n, 2 * n)).collect();
        let (trees, misfits) = grown(&records);
        assert!(trees.iter().all(|tree| tree.depth <= DEPTH_MAX));
        assert!(!misfits.is_empty());
    }
}
