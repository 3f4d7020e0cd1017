//! The second walk: what records add up to, in the windows that hold them.

use std::collections::BTreeMap;

use trace_format::decode::{Event, Frames, RootAt, SpanColumns};
use trace_format::{FrameKind, Outcome, SPANS_INSIDE_MAX, Span};

use super::tree::{Facts, Misfit, Tree, WAITING_MAX};
use super::{Budget, STATEMENTS_MAX, Said};
use crate::statistics::Counts;

/// Totals over the records of a window.
#[derive(Debug, Default)]
pub struct Tables {
    /// Dispatches with all the records they say.
    pub complete: u64,
    /// Dispatches without.
    pub incomplete: u64,
    /// Of all, those that began by a wake-up.
    pub resumed: u64,
    /// Ticks of the complete ones.
    pub ticks: u128,
    /// Records whose parent never came.
    pub orphans: u64,
    pub faults: Faults,
    /// By segment.
    pub segments: BTreeMap<u16, Records>,
    /// Values that found no place.
    pub left_out: u64,
}

/// What does not fit together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    pub overlapping: u64,
    pub misplaced: u64,
    pub undeclared: u64,
    /// Records that end before the one before them.
    pub backwards: u64,
}

/// The records of one segment.
#[derive(Clone, Debug, Default)]
pub struct Records {
    pub durations: Counts,
    /// Of complete trees only, like the next.
    pub raw: Counts,
    pub corrected: Counts,
    pub bound: u64,
    /// Some stand in a dispatch.
    pub dispatched: bool,
}

/// One ring's records since its last tree was closed.
#[derive(Default)]
struct Ring {
    waiting: Vec<Tree>,
    /// Records in those.
    records: usize,
    /// End of the last closed tree.
    closed: u64,
    last_end: u64,
    /// The open tree cannot become complete.
    broken: bool,
}

impl Said {
    pub(super) fn add_records_up(&mut self, bytes: &[u8], budget: &mut Budget) {
        let mut columns = SpanColumns::default();
        let mut rings: BTreeMap<_, Ring> = BTreeMap::new();
        let mut facts: BTreeMap<u16, Facts> = BTreeMap::new();
        for event in Frames::new(bytes) {
            let Event::Frame(frame) = event else { continue };
            if frame.header.kind != FrameKind::Spans {
                continue;
            }
            let origin = frame.header.origin;
            let id = (origin.cpu, origin.context);
            if rings.len() >= STATEMENTS_MAX && !rings.contains_key(&id) {
                self.damage.left_out += 1;
                continue;
            }
            columns.clear();
            if let Err(error) = columns.read(&frame) {
                self.damage.records(&frame, error);
            }
            self.rings.entry(id).or_default().decoded += columns.len() as u64;
            let facts = facts
                .entry(origin.cpu)
                .or_insert_with(|| Facts::new(&self.statements, origin.cpu));
            let ring = rings.entry(id).or_default();
            let mut roots = columns.roots.iter().peekable();
            for index in 0..columns.len() {
                let root = roots.next_if(|root| root.index as usize == index);
                self.record(ring, columns.span(index), root, facts, budget);
            }
        }
        for ring in rings.values_mut() {
            self.orphans(ring, budget);
        }
    }

    fn record(
        &mut self,
        ring: &mut Ring,
        record: Span,
        root: Option<&RootAt>,
        facts: &Facts,
        budget: &mut Budget,
    ) {
        if record.ends_before_it_starts() {
            // It is in no tree; the root that counted it stays incomplete.
            if root.is_some() {
                self.orphans(ring, budget);
            }
            return;
        }
        let end = record.start + record.duration;
        let fact = facts.get(record.segment);
        let (tree, misfits) = Tree::grow(record, &mut ring.waiting, facts);
        let mut faults = Faults {
            backwards: u64::from(end < ring.last_end),
            undeclared: u64::from(fact.is_none()),
            ..Faults::default()
        };
        ring.last_end = end;
        for misfit in misfits {
            match misfit {
                Misfit::Overlapping => faults.overlapping += 1,
                Misfit::Misplaced => faults.misplaced += 1,
            }
        }
        let top = root.is_some() || fact.is_none_or(|fact| fact.parent.is_none());
        if top {
            // A tree may not begin before the last one ended.
            faults.overlapping += u64::from(record.start < ring.closed);
            ring.closed = end;
        }
        if faults != Faults::default() {
            ring.broken = true;
            self.tables(end, end).faults.add(faults);
        }
        match root {
            Some(root) => {
                let complete = !ring.broken
                    && root.spans_inside < SPANS_INSIDE_MAX
                    && usize::from(root.spans_inside) == tree.size - 1;
                self.dispatch(&tree, root, complete, facts, budget);
                self.orphans(ring, budget);
            }
            None if top => {
                ring.records -= tree.size - 1;
                let tables = self.tables(tree.start, tree.end);
                tables.add_self_times(&tree, false, facts, budget);
            }
            None => {
                ring.waiting.push(tree);
                ring.records += 1;
                if ring.records > WAITING_MAX {
                    self.orphans(ring, budget);
                }
            }
        }
    }

    fn dispatch(
        &mut self,
        tree: &Tree,
        root: &RootAt,
        complete: bool,
        facts: &Facts,
        budget: &mut Budget,
    ) {
        let resumed = matches!(root.outcome, Outcome::Resumed | Outcome::ResumedPending);
        let window = self.holding(tree.start, tree.end);
        // A second part begins whenever somebody else is done.
        if let Some(index) = window.filter(|_| !resumed) {
            let window = &mut self.windows[index];
            if budget.take() {
                window.dispatches.push((tree.start, tree.duration()));
            } else {
                window.tables.left_out += 1;
            }
        }
        let tables = self.tables(tree.start, tree.end);
        tables.resumed += u64::from(resumed);
        if complete {
            tables.complete += 1;
            tables.ticks += u128::from(tree.duration());
            tables.add_self_times(tree, true, facts, budget);
        } else {
            tables.incomplete += 1;
            tree.each(&mut |record| tables.add_duration(record, facts, budget));
        }
    }

    /// No parent will come for what waits.
    fn orphans(&mut self, ring: &mut Ring, budget: &mut Budget) {
        for tree in std::mem::take(&mut ring.waiting) {
            tree.each(&mut |record| {
                let tables = self.tables(record.start, record.end);
                tables.orphans += 1;
                tables.segment(record.segment, |records, left_out| {
                    records.dispatched = true;
                    add(&mut records.durations, record.duration(), budget, left_out);
                });
            });
        }
        ring.records = 0;
        ring.broken = false;
    }

    fn tables(&mut self, start: u64, end: u64) -> &mut Tables {
        match self.holding(start, end) {
            Some(index) => &mut self.windows[index].tables,
            None => &mut self.outside,
        }
    }

    /// The window that holds the time. Windows follow one another in time; of those
    /// of a stream that says otherwise, some are not found.
    fn holding(&self, start: u64, end: u64) -> Option<usize> {
        let begun = self.windows.partition_point(|window| window.begun <= start);
        let last = begun.checked_sub(1)?;
        self.windows[last].holds(start, end).then_some(last)
    }
}

impl Tables {
    /// All dispatches.
    pub fn dispatches(&self) -> u64 {
        self.complete + self.incomplete
    }

    fn add_self_times(
        &mut self,
        tree: &Tree,
        dispatched: bool,
        facts: &Facts,
        budget: &mut Budget,
    ) {
        for own in tree.self_times(facts) {
            self.segment(own.segment, |records, left_out| {
                records.dispatched |= dispatched;
                records.bound = records.bound.max(own.bound);
                add(&mut records.durations, own.duration, budget, left_out);
                add(&mut records.raw, own.raw, budget, left_out);
                add(&mut records.corrected, own.corrected, budget, left_out);
            });
        }
    }

    fn add_duration(&mut self, record: &Tree, facts: &Facts, budget: &mut Budget) {
        if facts.get(record.segment).is_some() {
            self.segment(record.segment, |records, left_out| {
                records.dispatched = true;
                add(&mut records.durations, record.duration(), budget, left_out);
            });
        }
    }

    fn segment(&mut self, id: u16, change: impl FnOnce(&mut Records, &mut u64)) {
        change(self.segments.entry(id).or_default(), &mut self.left_out);
    }
}

fn add(counts: &mut Counts, value: u64, budget: &mut Budget, left_out: &mut u64) {
    if counts.knows(value) || budget.take() {
        counts.add(value, 1);
    } else {
        *left_out += 1;
    }
}

impl Faults {
    fn add(&mut self, other: Self) {
        self.overlapping += other.overlapping;
        self.misplaced += other.misplaced;
        self.undeclared += other.undeclared;
        self.backwards += other.backwards;
    }
}

impl Records {
    /// Adds another boot's.
    pub fn merge(&mut self, other: &Self) {
        self.durations.merge(&other.durations);
        self.raw.merge(&other.raw);
        self.corrected.merge(&other.corrected);
        self.bound = self.bound.max(other.bound);
        self.dispatched |= other.dispatched;
    }
}
