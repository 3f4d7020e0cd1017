//! Which benchmark a record belongs to, and what the records of each add up to.
//!
//! A dispatch belongs to the window that holds it from start to end; its spans
//! follow it. The calls that open and close a window lie across its edges and so
//! belong to none. Records outside of every window are kept apart, so that a trace
//! without windows can still be read.
//!
//! Memory: at most [`WINDOW_LIMIT`] windows, histograms from one budget, and the
//! intervals of at most [`INTERVAL_LIMIT`] dispatches for comparing instruments.

use crate::histogram::{Budget, Histogram};
use crate::segments::{NestingFaults, Node, Sink};
use std::collections::BTreeMap;
use trace_format::control::{Edge, Message, OracleOutcome};
use trace_format::decode::RootAt;
use trace_format::{Context, Outcome, Sample};

/// Most windows of one trace; a suite has dozens.
pub const WINDOW_LIMIT: usize = 1024;

/// Most dispatches whose intervals are kept.
pub const INTERVAL_LIMIT: usize = 1 << 20;

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
    /// TSC ticks at its end, if it has one.
    pub ended: Option<u64>,
    /// What the program's oracle said.
    pub verdict: Option<Verdict>,
    /// The rings at its edges.
    pub rings: BTreeMap<(u16, Context), Edges<RingState>>,
    /// The counters at its edges, by CPU and id.
    pub counters: BTreeMap<(u16, u16), Edges<u64>>,
    /// Names of its metrics, where there are several.
    pub metrics: BTreeMap<u16, String>,
    /// What the program measured, cold and warm-up batches included.
    pub samples: Vec<Sample>,
    /// What the kernel recorded.
    pub tables: Tables,
    /// Start and duration of its dispatches, in order.
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

/// State of a ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RingState {
    /// Records committed since the start of the stream.
    pub committed: u64,
    /// Records dropped since the start of the stream.
    pub dropped: u64,
}

/// What a program's oracle said.
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

/// What records add up to.
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
    /// Records whose parent never came.
    pub orphans: u64,
    /// What did not fit together.
    pub faults: NestingFaults,
}

/// What the records of one segment add up to.
#[derive(Clone, Debug, Default)]
pub struct SegmentCounts {
    /// Durations of all records.
    pub duration: Histogram,
    /// Self times, of complete trees only.
    pub self_raw: Histogram,
    /// The same with the probes' cost taken out.
    pub self_corrected: Histogram,
    /// Some records stood in a dispatch.
    pub dispatched: bool,
    /// The largest bound of a corrected self time.
    pub bound: u64,
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
        let counts = self.segments().map(|(_, counts)| counts);
        counts
            .map(|c| c.duration.left_out() + c.self_raw.left_out())
            .sum()
    }

    /// Adds everything that other tables hold.
    pub fn merge(&mut self, other: &Self, budget: &mut Budget) {
        for (id, from) in other.segments() {
            let to = self.counts(id);
            to.duration.merge(&from.duration, budget);
            to.self_raw.merge(&from.self_raw, budget);
            to.self_corrected.merge(&from.self_corrected, budget);
            to.dispatched |= from.dispatched;
            to.bound = to.bound.max(from.bound);
        }
        self.complete += other.complete;
        self.incomplete += other.incomplete;
        self.pending += other.pending;
        self.resumed += other.resumed;
        self.dispatch_ticks += other.dispatch_ticks;
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
        counts.duration.record(node.duration, budget);
        counts.dispatched |= dispatched;
        if complete {
            counts.self_raw.record(node.self_raw, budget);
            counts.self_corrected.record(node.self_corrected, budget);
            counts.bound = counts.bound.max(node.bound);
        }
    }
}

/// All windows of a trace, and where records go.
pub(crate) struct Windows {
    pub(crate) list: Vec<Window>,
    pub(crate) outside: Tables,
    /// Messages and samples of windows that do not exist.
    pub(crate) strays: u64,
    by_id: BTreeMap<u32, usize>,
    declared: Box<[bool]>,
    intervals: usize,
    budget: Budget,
}

impl Windows {
    pub(crate) fn new() -> Self {
        Self {
            list: Vec::new(),
            outside: Tables::default(),
            strays: 0,
            by_id: BTreeMap::new(),
            declared: vec![false; usize::from(trace_format::span::SEGMENT_LIMIT)].into(),
            intervals: 0,
            budget: Budget::bytes(HISTOGRAM_BYTES),
        }
    }

    /// Takes a message about windows, and whatever else decides about tables.
    pub(crate) fn take(&mut self, message: &Message) {
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
                    benchmark: begun.benchmark.to_owned(),
                    tid: begun.tid,
                    record_bound: begun.record_bound,
                    expected_operations: begun.expected_operations,
                    begun: begun.time,
                    ..Window::default()
                });
            }
            Message::WindowEnded(ended) => {
                self.with(ended.window, |window| window.ended = Some(ended.time));
            }
            Message::WindowRing(ring) => self.with(ring.window, |window| {
                let state = RingState {
                    committed: ring.committed,
                    dropped: ring.dropped,
                };
                set(
                    &mut window.rings,
                    (ring.cpu, ring.context),
                    ring.edge,
                    state,
                );
            }),
            Message::WindowCounter(counter) => self.with(counter.window, |window| {
                let key = (counter.cpu, counter.counter);
                set(&mut window.counters, key, counter.edge, counter.value);
            }),
            Message::MetricDeclared(metric) => self.with(metric.window, |window| {
                if window.metrics.len() < crate::statements::LIMIT {
                    window.metrics.insert(metric.metric, metric.name.to_owned());
                }
            }),
            Message::Verdict(verdict) => self.with(verdict.window, |window| {
                window.verdict = Some(Verdict {
                    passed: verdict.outcome == OracleOutcome::Passed && verdict.failures == 0,
                    submitted: verdict.submitted,
                    completed: verdict.completed,
                    failures: verdict.failures,
                    detail: verdict.detail.to_owned(),
                });
            }),
            _ => {}
        }
    }

    pub(crate) fn sample(&mut self, sample: Sample) {
        self.with(sample.window, |window| window.samples.push(sample));
    }

    /// Notes records that a frame reported lost since the frame before it.
    pub(crate) fn lost(&mut self, count: u64) {
        if let Some(open) = self.list.last_mut().filter(|window| window.ended.is_none()) {
            open.lost += count;
        }
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

impl Sink for Windows {
    #[inline]
    fn dispatch(&mut self, nodes: &[Node], root: &RootAt, complete: bool) {
        let Some(top) = nodes.last() else { return };
        let window = self.holding(top.start, top.start + top.duration);
        if let Some(index) = window {
            if self.intervals < INTERVAL_LIMIT {
                self.intervals += 1;
                self.list[index].intervals.push((top.start, top.duration));
            } else {
                self.list[index].intervals_left_out += 1;
            }
        }
        let (tables, budget, declared) = self.tables(window);
        for node in nodes {
            if declared[usize::from(node.segment)] {
                tables.record(node, true, complete, budget);
            }
        }
        if complete {
            tables.complete += 1;
            tables.dispatch_ticks += u128::from(top.duration);
        } else {
            tables.incomplete += 1;
        }
        tables.pending += u64::from(matches!(
            root.outcome,
            Outcome::Pending | Outcome::ResumedPending
        ));
        tables.resumed += u64::from(matches!(
            root.outcome,
            Outcome::Resumed | Outcome::ResumedPending
        ));
    }

    fn tree(&mut self, nodes: &[Node]) {
        let Some(top) = nodes.last() else { return };
        let window = self.holding(top.start, top.start + top.duration);
        let (tables, budget, declared) = self.tables(window);
        for node in nodes {
            if declared[usize::from(node.segment)] {
                tables.record(node, false, true, budget);
            }
        }
    }

    fn orphans(&mut self, nodes: &[Node]) {
        for node in nodes {
            let window = self.holding(node.start, node.start + node.duration);
            let (tables, budget, declared) = self.tables(window);
            tables.orphans += 1;
            if declared[usize::from(node.segment)] {
                tables.record(node, true, false, budget);
            }
        }
    }

    fn faults(&mut self, faults: NestingFaults, time: u64) {
        let window = self.holding(time, time);
        self.tables(window).0.faults.add(faults);
    }
}

fn set<K: Ord, T: Copy + Default>(map: &mut BTreeMap<K, Edges<T>>, key: K, edge: Edge, value: T) {
    if map.len() >= crate::statements::LIMIT && !map.contains_key(&key) {
        return;
    }
    let edges = map.entry(key).or_default();
    match edge {
        Edge::Begin => edges.begin = Some(value),
        Edge::End => edges.end = Some(value),
    }
}
