//! What a boot's instruments say of its measured loops, unjudged.
//!
//! A guest with a second instrument repeats its measured batches in one loop
//! without guards, and the instrument works in that loop and nowhere else. Here are
//! the program's figures of each loop and the instrument's counters over the same
//! window, as the stream has them; what agrees is for the crate that joins them.

use crate::trace::Trace;
use crate::windows::Window;
use std::collections::BTreeMap;
use trace_format::SampleFlags;

/// Metric of the loop; metric 0 is that of the samples.
const LOOP: u16 = 1;

/// The loops of one boot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// The trace they stand in.
    pub source: String,
    /// The pass, which says what instrument the boot carried.
    pub pass: String,
    /// Markers were placed around the loops, so each owes their reading.
    pub marked: bool,
    /// Each benchmark that ran to its end.
    pub loops: Vec<Loop>,
}

/// One loop, as the program and as the instrument saw it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loop {
    /// Result name of the benchmark.
    pub benchmark: String,
    /// Operations in it.
    pub operations: u32,
    /// The program's own time of it; absent where it took none or the rate of its
    /// clock is unknown.
    pub program_ns: Option<f64>,
    /// Why the CPU was not all its own, where it was not.
    pub disturbed: Option<&'static str>,
    /// By how much each counter changed, by name.
    pub counters: BTreeMap<String, Change>,
}

/// How a counter changed over a window, all CPUs together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Unit of the counter.
    pub unit: String,
    /// By how much.
    pub value: u64,
}

impl Figures {
    /// Takes them out of a trace.
    pub fn of(trace: &Trace) -> Self {
        let session = trace.statements.session.as_ref();
        let hz = trace.statements.clocks.values().map(|clock| clock.tsc_hz);
        let hz = hz.max().unwrap_or(0);
        let ended = trace.windows.iter().filter(|window| window.ended.is_some());
        Self {
            source: trace.source.clone(),
            pass: session.map_or_else(String::new, |session| session.variant.clone()),
            marked: session.is_some_and(|session| has_markers(&session.features)),
            loops: ended.map(|window| Loop::of(trace, window, hz)).collect(),
        }
    }
}

/// A guest that could not place markers says so in place of how.
fn has_markers(features: &[String]) -> bool {
    let how = features.iter().find_map(|f| f.strip_prefix("markers="));
    how.is_some_and(|how| !how.starts_with("unsupported"))
}

impl Loop {
    fn of(trace: &Trace, window: &Window, hz: u64) -> Self {
        let sample = window.samples.iter().find(|sample| sample.metric == LOOP);
        let ns = |ticks: u64| ticks as f64 * 1e9 / hz as f64;
        Self {
            benchmark: window.benchmark.clone(),
            operations: sample.map_or(0, |sample| sample.operations),
            program_ns: sample.filter(|_| hz > 0).map(|sample| ns(sample.ticks)),
            disturbed: sample.and_then(|sample| disturbance(sample.flags)),
            counters: changes(trace, window),
        }
    }
}

fn disturbance(flags: SampleFlags) -> Option<&'static str> {
    if flags.contains(SampleFlags::PREEMPTED | SampleFlags::IDLED) {
        Some("the CPU was lost or idle inside the loop")
    } else if flags.contains(SampleFlags::PREEMPTED) {
        Some("the loop was preempted")
    } else if flags.contains(SampleFlags::IDLED) {
        Some("the CPU idled inside the loop")
    } else {
        None
    }
}

fn changes(trace: &Trace, window: &Window) -> BTreeMap<String, Change> {
    let mut changes = BTreeMap::<String, Change>::new();
    for ((_, id), edges) in &window.counters {
        let Some(counter) = trace.statements.counters.get(id) else {
            continue;
        };
        let (begin, end) = (edges.begin.unwrap_or(0), edges.end.unwrap_or(0));
        let change = changes.entry(counter.name.clone()).or_default();
        change.unit.clone_from(&counter.unit);
        change.value = change.value.wrapping_add(end.wrapping_sub(begin));
    }
    changes
}

#[cfg(test)]
#[path = "figures_tests.rs"]
mod tests;
