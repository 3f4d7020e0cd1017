//! Which benchmark a record belongs to, and what the records of each add up to.
//!
//! A dispatch belongs to the window that holds it from start to end; its spans
//! follow it. The calls that open and close a window lie across its edges and so
//! belong to none. Records outside of every window are kept apart, so that a trace
//! without windows can still be read.
//!
//! Memory: at most [`WINDOW_LIMIT`] windows, histograms from one budget, at most
//! [`SAMPLE_LIMIT`] samples, and the intervals of at most [`INTERVAL_LIMIT`]
//! dispatches for comparing instruments.

use crate::histogram::{Budget, Histogram};
use crate::nesting::{Fault, Faults, Node, Sink, Top, Tree};
use crate::pattern::{Alike, Pattern, Place};
use crate::segments::Counter;
use crate::text::text;
use crate::trace::RingTotals;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use trace_format::control::{Edge, Message, OracleOutcome};
use trace_format::decode::RootAt;
use trace_format::{Context, Instant, Outcome, Sample, Span};

/// Most statements of one kind about one window: metrics, rings, counters. Each is the
/// window's own, and there are many windows.
const WINDOW_STATEMENT_LIMIT: usize = 1 << 12;

/// Most windows of one trace; a suite has dozens.
pub const WINDOW_LIMIT: usize = 1024;

/// Most buckets of all histograms of one window; a kernel has a few hundred calls.
const BUCKET_LIMIT: usize = 1 << 14;

/// Most pairs of a thread and an interface that are kept; what is left out is found by
/// nobody, and a suite has some hundred.
const SUBJECT_LIMIT: usize = 1 << 16;

/// Buckets of a histogram of 64-bit values.
const BUCKETS: u32 = 64;

/// Most dispatches whose intervals are kept.
pub const INTERVAL_LIMIT: usize = 1 << 20;

/// Most samples that are kept. A suite has some ten thousand; what finds no place is
/// a stray, and a trace with strays is not believed.
pub const SAMPLE_LIMIT: usize = 1 << 20;

/// Memory for all histograms of one trace.
const HISTOGRAM_BYTES: usize = 160 << 20;

/// A benchmark's window.
#[derive(Clone, Debug, Default)]
pub struct Window {
    /// Number of the window in the stream.
    pub id: u32,
    /// Result name of the benchmark.
    pub benchmark: String,
    /// Thread that opened it.
    pub tid: u32,
    /// Records the manifest expects at most.
    pub record_bound: u32,
    /// Operations the program intends.
    pub expected_operations: u64,
    /// TSC ticks at its begin.
    pub begun: u64,
    /// When the begin was written.
    pub begin_written: Written,
    /// TSC ticks at its end, if it has one.
    pub ended: Option<u64>,
    /// When the end was written.
    pub end_written: Written,
    /// The verdict of the program's oracle.
    pub verdict: Option<Verdict>,
    /// The rings at its edges.
    pub rings: BTreeMap<(u16, Context), Edges<RingState>>,
    /// The counters at its edges, by CPU and id.
    pub counters: BTreeMap<(u16, u16), Edges<u64>>,
    /// Histograms that an instrument of the guest kept, by the instant that tells
    /// their buckets: how often values lay from 2^key up to twice that.
    pub histograms: BTreeMap<u16, BTreeMap<u32, u64>>,
    /// Names of its metrics, where there are several.
    pub metrics: BTreeMap<u16, String>,
    /// The program's samples, cold and warm-up batches included.
    pub samples: Vec<Sample>,
    /// The kernel's records.
    pub tables: Tables,
    /// Start and duration of its dispatches, in order, but for second parts.
    pub intervals: Vec<(u64, u64)>,
    /// Dispatches whose interval found no place.
    pub intervals_left_out: u64,
    /// Records that frames reported lost while it was open.
    pub lost: u64,
}

/// Values at the two edges of a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Edges<T> {
    /// At its begin.
    pub begin: Option<T>,
    /// At its end.
    pub end: Option<T>,
}

/// When a statement was written, by the frames and not by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// TSC ticks of the control frame before, of the same CPU; 0 without one.
    pub after: u64,
    /// TSC ticks of its own.
    pub at: u64,
}

/// State of a ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RingState {
    /// Records committed since the start of the stream.
    pub committed: u64,
    /// Records dropped since the start of the stream.
    pub dropped: u64,
    /// Records of it that stand in the stream so far.
    pub decoded: u64,
}

/// The verdict of a program's oracle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Every check held.
    pub passed: bool,
    /// Operations the program submitted.
    pub submitted: u64,
    /// Completions it saw.
    pub completed: u64,
    /// Checks that failed.
    pub failures: u64,
    /// The first failure in words.
    pub detail: String,
}

impl Verdict {
    /// What the kernel lacks or forbids, where that is why nothing was measured.
    /// It stands at the begin of the detail, and no check has failed.
    pub fn unsupported(&self) -> Option<&str> {
        if self.passed || self.failures > 0 {
            return None;
        }
        self.detail.strip_prefix("unsupported: ")
    }
}

/// Totals over records.
#[derive(Clone, Debug, Default)]
pub struct Tables {
    segments: Vec<Option<Box<SegmentCounts>>>,
    /// Dispatches whose tree is complete.
    pub complete: u64,
    /// Dispatches whose tree is not.
    pub incomplete: u64,
    /// Of all dispatches, those that ended blocked.
    pub pending: u64,
    /// Of all dispatches, those that began by a wake-up.
    pub resumed: u64,
    /// Ticks of the complete dispatches.
    pub dispatch_ticks: u128,
    /// End of the latest dispatch, or tree without one.
    pub latest: u64,
    /// Records whose parent never came.
    pub orphans: u64,
    /// What did not fit together.
    pub faults: Faults,
    /// The first record that ends before it starts.
    pub first_reversed: Option<Span>,
}

/// Totals over the records of one segment.
///
/// Most records have nothing inside, and the probes' cost in them is one of a few
/// figures. Counting those by cost takes one histogram instead of three, and one
/// increment per record.
#[derive(Clone, Debug, Default)]
pub struct SegmentCounts {
    /// Complete records with nothing inside, by the probes' cost in them.
    leaves: Vec<(u64, Histogram)>,
    /// Other complete records.
    others: Option<Box<Others>>,
    /// Durations of records in trees that are not complete.
    unproven: Histogram,
    /// Some records stood in a dispatch.
    pub dispatched: bool,
    /// The largest bound of a corrected self time.
    pub bound: u64,
}

/// Records whose self time is not their duration.
#[derive(Clone, Debug, Default)]
struct Others {
    duration: Histogram,
    self_raw: Histogram,
    self_corrected: Histogram,
}

/// Most costs that are distinguished; a lap's depends on its neighbours, so there are a few.
const LEAF_COSTS: usize = 4;

/// Memory for putting one histogram together: more than one can take.
const MERGE_BYTES: usize = 4 << 20;

impl SegmentCounts {
    /// Durations of all records.
    pub fn duration(&self) -> Histogram {
        let leaves = self.leaves.iter().map(|(_, counts)| (counts, 0));
        let others = self.others.iter().map(|others| (&others.duration, 0));
        put_together(leaves.chain(others).chain([(&self.unproven, 0)]))
    }

    /// Self times, of complete trees only.
    pub fn self_raw(&self) -> Histogram {
        let leaves = self.leaves.iter().map(|(_, counts)| (counts, 0));
        put_together(leaves.chain(self.others.iter().map(|others| (&others.self_raw, 0))))
    }

    /// The same with the probes' cost taken out.
    pub fn self_corrected(&self) -> Histogram {
        let leaves = self.leaves.iter().map(|(cost, counts)| (counts, *cost));
        put_together(leaves.chain(self.others.iter().map(|others| (&others.self_corrected, 0))))
    }

    /// Values that found no memory.
    pub fn left_out(&self) -> u64 {
        self.duration().left_out()
    }

    #[inline]
    fn record(&mut self, node: &Node, budget: &mut Budget) {
        self.bound = self.bound.max(node.bound);
        if node.leaf()
            && let Some(counts) = self.leaves(node.cost)
        {
            counts.record(node.duration, budget);
            return;
        }
        let others = self.others.get_or_insert_default();
        others.duration.record(node.duration, budget);
        others.self_raw.record(node.self_raw, budget);
        others.self_corrected.record(node.self_corrected(), budget);
    }

    /// Counts what stands at one place of dispatches that nest alike.
    fn record_alike(&mut self, at: usize, place: &Place, alike: &Alike, budget: &mut Budget) {
        self.bound = self.bound.max(place.bound);
        if place.children.is_empty()
            && let Some(counts) = self.leaves(place.cost)
        {
            counts.record_all(alike.durations(at), budget);
            return;
        }
        let mut self_raw = alike.durations(at).to_vec();
        for child in &place.children {
            let inside = alike.durations(usize::from(*child));
            for (rest, inside) in self_raw.iter_mut().zip(inside) {
                *rest = rest.saturating_sub(*inside);
            }
        }
        let others = self.others.get_or_insert_default();
        others.duration.record_all(alike.durations(at), budget);
        others.self_raw.record_all(&self_raw, budget);
        for ticks in &mut self_raw {
            *ticks = u64::from(*ticks).saturating_sub(place.cost) as u32;
        }
        others.self_corrected.record_all(&self_raw, budget);
    }

    /// The histogram of leaves with that cost, if there is room for one.
    fn leaves(&mut self, cost: u64) -> Option<&mut Histogram> {
        let known = self.leaves.iter().position(|(known, _)| *known == cost);
        let index = match known {
            Some(index) => index,
            None if self.leaves.len() < LEAF_COSTS => {
                self.leaves.push((cost, Histogram::default()));
                self.leaves.len() - 1
            }
            None => return None,
        };
        Some(&mut self.leaves[index].1)
    }

    fn merge(&mut self, from: &Self, budget: &mut Budget) {
        for (cost, counts) in &from.leaves {
            match self.leaves(*cost) {
                Some(known) => known.merge(counts, budget),
                None => {
                    let others = self.others.get_or_insert_default();
                    others.duration.merge(counts, budget);
                    others.self_raw.merge(counts, budget);
                    others.self_corrected.merge_less(counts, *cost, budget);
                }
            }
        }
        if let Some(from) = &from.others {
            let others = self.others.get_or_insert_default();
            others.duration.merge(&from.duration, budget);
            others.self_raw.merge(&from.self_raw, budget);
            others.self_corrected.merge(&from.self_corrected, budget);
        }
        self.unproven.merge(&from.unproven, budget);
        self.dispatched |= from.dispatched;
        self.bound = self.bound.max(from.bound);
    }
}

fn put_together<'a>(parts: impl Iterator<Item = (&'a Histogram, u64)>) -> Histogram {
    let mut whole = Histogram::default();
    let mut budget = Budget::bytes(MERGE_BYTES);
    for (part, cost) in parts {
        whole.merge_less(part, cost, &mut budget);
    }
    whole
}

impl Tables {
    /// The recorded segments, by id.
    pub fn segments(&self) -> impl Iterator<Item = (u16, &SegmentCounts)> {
        (0u16..)
            .zip(&self.segments)
            .filter_map(|(id, counts)| Some((id, counts.as_deref()?)))
    }

    /// One segment.
    pub fn segment(&self, id: u16) -> Option<&SegmentCounts> {
        self.segments.get(usize::from(id))?.as_deref()
    }

    /// All dispatches.
    pub fn dispatches(&self) -> u64 {
        self.complete + self.incomplete
    }

    /// Values that found no memory in a histogram.
    pub fn left_out(&self) -> u64 {
        self.segments().map(|(_, counts)| counts.left_out()).sum()
    }

    /// Adds everything that other tables hold.
    pub fn merge(&mut self, other: &Self, budget: &mut Budget) {
        for (id, from) in other.segments() {
            self.counts(id).merge(from, budget);
        }
        self.complete += other.complete;
        self.incomplete += other.incomplete;
        self.pending += other.pending;
        self.resumed += other.resumed;
        self.dispatch_ticks += other.dispatch_ticks;
        self.latest = self.latest.max(other.latest);
        self.orphans += other.orphans;
        self.faults.add(other.faults);
    }

    #[inline]
    fn counts(&mut self, id: u16) -> &mut SegmentCounts {
        let index = usize::from(id);
        if index >= self.segments.len() {
            self.segments.resize_with(index + 1, || None);
        }
        self.segments[index].get_or_insert_default()
    }

    #[inline]
    fn record(&mut self, node: &Node, dispatched: bool, complete: bool, budget: &mut Budget) {
        let counts = self.counts(node.segment);
        counts.dispatched |= dispatched;
        if complete {
            counts.record(node, budget);
        } else {
            counts.unproven.record(node.duration, budget);
        }
    }
}

/// All windows of a trace, and where records go.
pub(crate) struct Windows {
    pub(crate) list: Vec<Window>,
    pub(crate) outside: Tables,
    /// Messages and samples of windows that do not exist.
    pub(crate) strays: u64,
    /// Threads with the interfaces that dispatches name.
    pub(crate) subjects: BTreeSet<(u32, u8)>,
    last_subject: Option<(u32, u8)>,
    by_id: BTreeMap<u32, usize>,
    declared: Box<[bool]>,
    intervals: usize,
    samples: usize,
    budget: Budget,
}

impl Windows {
    pub(crate) fn new() -> Self {
        Self {
            list: Vec::new(),
            outside: Tables::default(),
            strays: 0,
            subjects: BTreeSet::new(),
            last_subject: None,
            by_id: BTreeMap::new(),
            declared: vec![false; usize::from(trace_format::span::SEGMENT_LIMIT)].into(),
            intervals: 0,
            samples: 0,
            budget: Budget::bytes(HISTOGRAM_BYTES),
        }
    }

    /// Takes a message about windows, and whatever else decides about tables.
    pub(crate) fn take(
        &mut self,
        message: &Message,
        written: Written,
        delivered: &BTreeMap<(u16, Context), RingTotals>,
    ) {
        match *message {
            Message::SegmentDeclared(segment) => {
                if let Some(declared) = self.declared.get_mut(usize::from(segment.id)) {
                    *declared = true;
                }
            }
            Message::WindowBegun(begun) => {
                if self.list.len() == WINDOW_LIMIT || self.by_id.contains_key(&begun.window) {
                    self.strays += 1;
                    return;
                }
                self.by_id.insert(begun.window, self.list.len());
                self.list.push(Window {
                    id: begun.window,
                    benchmark: text(begun.benchmark),
                    tid: begun.tid,
                    record_bound: begun.record_bound,
                    expected_operations: begun.expected_operations,
                    begun: begun.time,
                    begin_written: written,
                    ..Window::default()
                });
            }
            // What is reported twice of a window is as lost as what has no window.
            Message::WindowEnded(ended) => self.keep(ended.window, |window| {
                let is_first = window.ended.is_none();
                if is_first {
                    (window.ended, window.end_written) = (Some(ended.time), written);
                }
                is_first
            }),
            Message::WindowRing(ring) => self.keep(ring.window, |window| {
                let state = RingState {
                    committed: ring.committed,
                    dropped: ring.dropped,
                    decoded: delivered
                        .get(&(ring.cpu, ring.context))
                        .map_or(0, |totals| totals.decoded),
                };
                set(
                    &mut window.rings,
                    (ring.cpu, ring.context),
                    ring.edge,
                    state,
                )
            }),
            Message::WindowCounter(counter) => self.keep(counter.window, |window| {
                let key = (counter.cpu, counter.counter);
                set(&mut window.counters, key, counter.edge, counter.value)
            }),
            Message::MetricDeclared(metric) => self.keep(metric.window, |window| {
                let name = text(metric.name);
                has_room(&window.metrics, &metric.metric)
                    && window.metrics.insert(metric.metric, name).is_none()
            }),
            Message::Verdict(verdict) => self.keep(verdict.window, |window| {
                let is_first = window.verdict.is_none();
                window.verdict.get_or_insert_with(|| Verdict {
                    passed: verdict.outcome == OracleOutcome::Passed && verdict.failures == 0,
                    submitted: verdict.submitted,
                    completed: verdict.completed,
                    failures: verdict.failures,
                    detail: text(verdict.detail),
                });
                is_first
            }),
            _ => {}
        }
    }

    pub(crate) fn sample(&mut self, sample: Sample) {
        if self.samples == SAMPLE_LIMIT {
            self.strays += 1;
            return;
        }
        self.samples += 1;
        self.with(sample.window, |window| window.samples.push(sample));
    }

    /// Takes a bucket of a histogram, reported at the end of its window.
    pub(crate) fn bucket(&mut self, instant: &Instant) {
        let open = self.list.last_mut().filter(|window| window.ended.is_none());
        let Some(window) = open else {
            self.strays += 1;
            return;
        };
        let kept: usize = window.histograms.values().map(BTreeMap::len).sum();
        if kept >= BUCKET_LIMIT || instant.a >= BUCKETS {
            self.strays += 1;
            return;
        }
        let histogram = window.histograms.entry(instant.id).or_default();
        let count = histogram.entry(instant.a).or_default();
        *count = count.saturating_add(instant.b);
    }

    /// Notes records that a frame reported lost since the frame before it.
    pub(crate) fn lost(&mut self, count: u64) {
        if let Some(open) = self.list.last_mut().filter(|window| window.ended.is_none()) {
            open.lost = open.lost.saturating_add(count);
        }
    }

    /// What finds no place in its window is as lost as what has none.
    fn keep(&mut self, id: u32, change: impl FnOnce(&mut Window) -> bool) {
        let mut kept = true;
        self.with(id, |window| kept = change(window));
        self.strays += u64::from(!kept);
    }

    fn with(&mut self, id: u32, change: impl FnOnce(&mut Window)) {
        match self.by_id.get(&id) {
            Some(index) => change(&mut self.list[*index]),
            None => self.strays += 1,
        }
    }

    /// The window that holds the interval. Looks at the last few only: records
    /// are drained before the next window but one begins.
    #[inline]
    fn holding(&self, start: u64, end: u64) -> Option<usize> {
        let holds = |window: &Window| {
            window.begun <= start && window.ended.is_none_or(|ended| end <= ended)
        };
        self.list
            .iter()
            .enumerate()
            .rev()
            .take(4)
            .find(|(_, w)| holds(w))
            .map(|(index, _)| index)
    }

    #[inline]
    fn tables(&mut self, window: Option<usize>) -> (&mut Tables, &mut Budget, &[bool]) {
        let tables = match window {
            Some(index) => &mut self.list[index].tables,
            None => &mut self.outside,
        };
        (tables, &mut self.budget, &self.declared)
    }
}

impl Windows {
    /// Counts a dispatch. Returns the window that holds it, if any.
    #[inline]
    fn dispatched(&mut self, (start, end): (u64, u64), root: &RootAt) -> Option<usize> {
        let window = self.holding(start, end);
        let subject = (root.dispatch.tid, root.dispatch.interface);
        if self.last_subject != Some(subject) {
            self.last_subject = Some(subject);
            if self.subjects.len() < SUBJECT_LIMIT {
                self.subjects.insert(subject);
            }
        }
        // The second part of a dispatch begins whenever somebody else is done.
        let resumed = matches!(root.outcome, Outcome::Resumed | Outcome::ResumedPending);
        if let Some(index) = window.filter(|_| !resumed) {
            if self.intervals < INTERVAL_LIMIT {
                self.intervals += 1;
                self.list[index].intervals.push((start, end - start));
            } else {
                self.list[index].intervals_left_out += 1;
            }
        }
        let (tables, ..) = self.tables(window);
        tables.latest = tables.latest.max(end);
        tables.pending += u64::from(matches!(
            root.outcome,
            Outcome::Pending | Outcome::ResumedPending
        ));
        tables.resumed += u64::from(resumed);
        window
    }

    #[inline]
    fn nodes(&mut self, window: Option<usize>, tree: &Tree) {
        let dispatched = tree.root().is_some();
        let (tables, budget, declared) = self.tables(window);
        for node in tree.nodes {
            if declared[usize::from(node.segment)] {
                tables.record(node, dispatched, tree.complete, budget);
            }
        }
    }

    fn orphans(&mut self, nodes: &[Node]) {
        for node in nodes {
            let window = self.holding(node.start, node.end());
            let (tables, budget, declared) = self.tables(window);
            tables.latest = tables.latest.max(node.end());
            tables.orphans += 1;
            if declared[usize::from(node.segment)] {
                tables.record(node, true, false, budget);
            }
        }
    }
}

impl Sink for Windows {
    type Error = Infallible;

    #[inline]
    fn tree(&mut self, tree: Tree) -> Result<(), Infallible> {
        let Some(top) = tree.nodes.last() else {
            return Ok(());
        };
        let interval = (top.start, top.end());
        match tree.top {
            Top::Dispatch(root) if tree.complete => {
                let window = self.dispatch(interval.0, interval.1, root);
                self.nodes(window, &tree);
            }
            Top::Dispatch(root) => {
                let window = self.dispatched(interval, root);
                self.tables(window).0.incomplete += 1;
                self.nodes(window, &tree);
            }
            Top::Segment | Top::Undeclared => {
                let window = self.holding(interval.0, interval.1);
                let tables = self.tables(window).0;
                tables.latest = tables.latest.max(interval.1);
                self.nodes(window, &tree);
            }
            Top::Missing => self.orphans(tree.nodes),
        }
        Ok(())
    }

    fn fault(&mut self, fault: Fault, time: u64) -> Result<(), Infallible> {
        let window = self.holding(time, time);
        let tables = self.tables(window).0;
        tables.faults.count(fault);
        if let Fault::Reversed(record) = fault {
            tables.first_reversed.get_or_insert(record);
        }
        Ok(())
    }
}

impl Counter for Windows {
    /// The window, if any.
    type Place = Option<usize>;

    #[inline]
    fn dispatch(&mut self, start: u64, end: u64, root: &RootAt) -> Option<usize> {
        let window = self.dispatched((start, end), root);
        let (tables, ..) = self.tables(window);
        tables.complete += 1;
        tables.dispatch_ticks += u128::from(end - start);
        window
    }

    fn alike(&mut self, window: Option<usize>, pattern: &Pattern, alike: &Alike) {
        // A tree of undeclared segments is never complete, so these are declared.
        let (tables, budget, _) = self.tables(window);
        for (at, place) in pattern.places().iter().enumerate() {
            let counts = tables.counts(place.segment);
            counts.dispatched = true;
            counts.record_alike(at, place, alike, budget);
        }
    }
}

fn has_room<K: Ord, V>(map: &BTreeMap<K, V>, key: &K) -> bool {
    map.len() < WINDOW_STATEMENT_LIMIT || map.contains_key(key)
}

/// Whether there was room, and nothing there.
fn set<K: Ord, T: Copy + Default>(
    map: &mut BTreeMap<K, Edges<T>>,
    key: K,
    edge: Edge,
    value: T,
) -> bool {
    if !has_room(map, &key) {
        return false;
    }
    let edges = map.entry(key).or_default();
    let place = match edge {
        Edge::Begin => &mut edges.begin,
        Edge::End => &mut edges.end,
    };
    place.replace(value).is_none()
}

#[cfg(test)]
#[path = "windows_tests.rs"]
mod tests;
