//! One benchmark's window, and the values in it.

use capbench_results::plain;
use std::collections::BTreeMap;

use trace_format::control::{Edge, Message, OracleOutcome, WindowBegun};
use trace_format::{Context, Sample, SampleFlags};

use super::records::Tables;
use super::{Statements, WINDOW_STATEMENTS_MAX};

/// One benchmark's window.
#[derive(Debug, Default)]
pub struct Window {
    pub id: u32,
    pub benchmark: String,
    pub begun: u64,
    pub ended: Option<u64>,
    pub samples: Vec<Sample>,
    pub verdict: Option<Verdict>,
    /// Records dropped by each ring at the edges, by CPU and context.
    pub dropped: BTreeMap<(u16, Context), Edges>,
    /// Counters at the edges, by CPU and id.
    pub counters: BTreeMap<(u16, u16), Edges>,
    /// Records that frames say were lost while it was open.
    pub lost: u64,
    /// What its records add up to.
    pub tables: Tables,
    /// Start and duration of its dispatches, second parts left out.
    pub dispatches: Vec<(u64, u64)>,
}

/// A value at the two edges of a window.
#[derive(Clone, Copy, Debug, Default)]
pub struct Edges {
    pub begin: Option<u64>,
    pub end: Option<u64>,
}

/// The oracle's word.
#[derive(Clone, Debug)]
pub struct Verdict {
    pub passed: bool,
    pub submitted: u64,
    pub completed: u64,
    pub failures: u64,
    /// The first failure in words.
    pub detail: String,
}

/// The values of a window's samples, per operation.
#[derive(Debug, Default)]
pub struct Values {
    pub warm: Vec<f64>,
    pub cold: Option<f64>,
    /// Batches before the measured ones, the cold one apart.
    pub warm_up: usize,
    /// The processor idled in a batch.
    pub idled: bool,
    /// Every sample holds as many operations as the row says.
    pub of_batch: bool,
}

impl Verdict {
    /// What the guest lacks, where that is why nothing was measured.
    pub fn unsupported(&self) -> Option<&str> {
        let refused = !self.passed && self.failures == 0;
        let detail = self.detail.strip_prefix("unsupported: ");
        detail.filter(|_| refused)
    }
}

impl Edges {
    /// An edge that was not reported: nothing counted so far.
    pub fn change(self) -> u64 {
        self.end.unwrap_or(0).wrapping_sub(self.begin.unwrap_or(0))
    }
}

/// The window that a message is about.
pub(super) fn named(message: &Message) -> Option<u32> {
    match message {
        Message::WindowRing(ring) => Some(ring.window),
        Message::WindowCounter(counter) => Some(counter.window),
        Message::WindowEnded(ended) => Some(ended.window),
        Message::Verdict(verdict) => Some(verdict.window),
        _ => None,
    }
}

impl Window {
    pub(super) fn opened(begun: &WindowBegun) -> Self {
        Self {
            id: begun.window,
            benchmark: plain(begun.benchmark).into_owned(),
            begun: begun.time,
            ..Self::default()
        }
    }

    /// Whether there was room for it.
    pub(super) fn take(&mut self, message: &Message) -> bool {
        match *message {
            Message::WindowEnded(ended) => self.ended = Some(ended.time),
            Message::WindowRing(ring) => {
                let key = (ring.cpu, ring.context);
                return set(&mut self.dropped, key, ring.edge, ring.dropped);
            }
            Message::WindowCounter(counter) => {
                let key = (counter.cpu, counter.counter);
                return set(&mut self.counters, key, counter.edge, counter.value);
            }
            Message::Verdict(verdict) => {
                self.verdict = Some(Verdict {
                    passed: verdict.outcome == OracleOutcome::Passed && verdict.failures == 0,
                    submitted: verdict.submitted,
                    completed: verdict.completed,
                    failures: verdict.failures,
                    detail: plain(verdict.detail).into_owned(),
                });
            }
            _ => {}
        }
        true
    }

    /// Whether it was opened and closed.
    pub fn closed(&self) -> bool {
        self.ended.is_some()
    }

    /// Whether it holds the time from `start` to `end`.
    pub fn holds(&self, start: u64, end: u64) -> bool {
        self.begun <= start && self.ended.is_none_or(|ended| end <= ended)
    }

    /// Its values in batches of `batch` operations.
    pub fn values(&self, batch: u32) -> Values {
        let aside = SampleFlags::COLD | SampleFlags::WARM_UP;
        let mut values = Values {
            of_batch: true,
            ..Values::default()
        };
        // Other metrics of a window are not its row's.
        for sample in self.samples.iter().filter(|sample| sample.metric == 0) {
            let value = sample.ticks as f64 / f64::from(sample.operations.max(1));
            values.of_batch &= sample.operations == batch;
            values.idled |= sample.flags.contains(SampleFlags::IDLED);
            if sample.flags.contains(SampleFlags::COLD) && values.cold.is_none() {
                values.cold = Some(value);
            } else if sample.flags.contains(SampleFlags::WARM_UP) {
                values.warm_up += 1;
            }
            if !sample.flags.intersects(aside) {
                values.warm.push(value);
            }
        }
        values
    }

    /// By how much each counter changed in it, CPUs added up, with its unit.
    pub fn changes<'a>(&self, statements: &'a Statements) -> BTreeMap<&'a str, (&'a str, u64)> {
        let mut changes = BTreeMap::new();
        for ((_, id), edges) in &self.counters {
            if let Some(counter) = statements.counters.get(id) {
                let name = counter.name.as_str();
                let (_, sum) = changes.entry(name).or_insert((counter.unit.as_str(), 0u64));
                *sum = sum.wrapping_add(edges.change());
            }
        }
        changes
    }
}

fn set<K: Ord>(map: &mut BTreeMap<K, Edges>, key: K, edge: Edge, value: u64) -> bool {
    if map.len() >= WINDOW_STATEMENTS_MAX && !map.contains_key(&key) {
        return false;
    }
    let edges = map.entry(key).or_default();
    match edge {
        Edge::Begin => edges.begin = Some(value),
        Edge::End => edges.end = Some(value),
    }
    true
}
