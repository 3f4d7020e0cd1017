//! Second instruments of the Linux guest beside the program's own figures, within
//! the pass that carries them.
//!
//! In each window the program repeats its batches in one loop, sample metric 1,
//! which the instrument watches too. A counter `expected.NAME` is what the program
//! knows that `NAME` must count; `marker_ns` and `task_clock_ns` are the loop's time
//! by another clock, less what the instrument reads of an empty loop.

use trace_format::SampleFlags;

use crate::stream::{Said, Window};

/// Metric of the loop.
const LOOP: u16 = 1;

/// Markers take the edges of the very loop; ten times what was ever seen.
const MARKERS_MAY: f64 = 0.001;

/// The kernel accounts CPU time a little outside of the loop.
const TASK_CLOCK_MAY: f64 = 0.01;

/// The clocks report no less.
const RESOLUTION_NS: f64 = 1.0;

/// One instrument's reading of one loop.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    pub benchmark: String,
    pub instrument: String,
    pub unit: String,
    pub program: f64,
    pub observed: f64,
    pub allowed: f64,
    /// Why it cannot be held to anything.
    pub not_judged: Option<&'static str>,
}

impl Reading {
    pub fn deviation(&self) -> f64 {
        (self.observed - self.program).abs()
    }
}

/// Every reading of a stream.
pub fn readings(said: &Said) -> Vec<Reading> {
    let closed = said.windows.iter().filter(|window| window.closed());
    closed.flat_map(|window| of_window(said, window)).collect()
}

fn of_window(said: &Said, window: &Window) -> Vec<Reading> {
    let changes = window.changes(&said.statements);
    let value = |name: &str| changes.get(name).map(|&(_, value)| value as f64);
    let reading = |instrument: &str, unit: &str, program, observed, allowed| Reading {
        benchmark: window.benchmark.clone(),
        instrument: instrument.to_owned(),
        unit: unit.to_owned(),
        program,
        observed,
        allowed,
        not_judged: None,
    };
    let expected = changes.iter().filter_map(|(name, &(unit, expected))| {
        let event = name.strip_prefix("expected.")?;
        // What never happened is not sent.
        let counted = value(event).unwrap_or(0.0);
        Some(reading(event, unit, expected as f64, counted, 0.0))
    });
    let mut found: Vec<Reading> = expected.collect();
    let mut samples = window.samples.iter();
    let rate = said.statements.ticks_per_second;
    let Some(looped) = samples
        .find(|sample| sample.metric == LOOP)
        .filter(|_| rate > 0)
    else {
        return found;
    };
    let program = looped.ticks as f64 * 1e9 / rate as f64;
    let timed = |instrument, counter, empty, may: f64| {
        let observed = value(counter).unwrap_or(0.0) - value(empty).unwrap_or(0.0);
        let allowed = (program * may).max(RESOLUTION_NS);
        reading(instrument, "ns", program, observed, allowed)
    };
    if has_markers(said) || value("marker_ns").is_some() {
        found.push(timed("markers", "marker_ns", "marker_self_ns", MARKERS_MAY));
    }
    if value("task_clock_ns").is_some() {
        found.push(Reading {
            not_judged: disturbance(looped.flags),
            ..timed(
                "task clock",
                "task_clock_ns",
                "task_clock_self_ns",
                TASK_CLOCK_MAY,
            )
        });
    }
    found
}

/// Whether every loop owes the markers' reading. A guest that could not place them
/// says so in place of how.
fn has_markers(said: &Said) -> bool {
    let session = said.statements.session.as_ref();
    let mut features = session.into_iter().flat_map(|session| &session.features);
    features.any(|feature| {
        let how = feature.strip_prefix("markers=");
        how.is_some_and(|how| !how.starts_with("unsupported"))
    })
}

fn disturbance(flags: SampleFlags) -> Option<&'static str> {
    let preempted = flags.contains(SampleFlags::PREEMPTED);
    let idled = flags.contains(SampleFlags::IDLED);
    match (preempted, idled) {
        (true, true) => Some("the CPU was lost or idle inside the loop"),
        (true, false) => Some("the loop was preempted"),
        (false, true) => Some("the CPU idled inside the loop"),
        (false, false) => None,
    }
}
