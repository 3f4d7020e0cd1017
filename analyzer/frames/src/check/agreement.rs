//! A second instrument of the same boot agrees with the program's samples.
//!
//! The guest repeats its measured batches in one loop without guards, and its
//! second instrument works in that loop and nowhere else. Three rules, each for
//! the pass that carries its instrument: markers around the loop show its time,
//! exact counts are the expected ones, and the accounted CPU time is that of a
//! loop in which the CPU was neither lost nor idle. What no counter tells is not
//! judged here.

use super::{Expectation, Findings};
use crate::trace::Trace;
use crate::windows::Window;
use capbench_results::InvalidReason::InstrumentsDisagree;
use std::collections::BTreeMap;
use trace_format::SampleFlags;

/// Metric of the loop; metric 0 is that of the samples.
const LOOP: u16 = 1;

/// Markers take both edges of the loop by the kernel's clock, so only the way
/// from one clock to the other lies between: ten times what was ever seen.
const MARKER_TOLERANCE: f64 = 0.001;

/// The kernel accounts CPU time at its own switches, a little outside the loop;
/// ten times what clean loops show.
const TASK_CLOCK_TOLERANCE: f64 = 0.01;

/// A loop is compared only if it is long beside the clocks' resolution.
const RESOLUTION_NS: f64 = 1.0;

const MARKER: &str = "marker_ns";
const MARKER_SELF: &str = "marker_self_ns";
const TASK_CLOCK: &str = "task_clock_ns";
const TASK_CLOCK_SELF: &str = "task_clock_self_ns";
/// `expected.NAME` is what the program knows that `NAME` must count.
const EXPECTED: &str = "expected.";

pub(super) fn check(trace: &Trace, _: &Expectation, findings: &mut Findings) {
    let hz = trace.statements.clocks.values().map(|clock| clock.tsc_hz);
    let hz = hz.max().unwrap_or(0);
    let marked = has_markers(trace);
    for window in trace.windows.iter().filter(|window| window.ended.is_some()) {
        let counters = changes(trace, window);
        counts(window, &counters, findings);
        let Some(ns) = loop_ns(window, hz) else {
            continue;
        };
        let markers = Instrument {
            name: "markers",
            value: MARKER,
            own: MARKER_SELF,
            tolerance: MARKER_TOLERANCE,
            required: marked,
        };
        markers.compare(window, &counters, ns, findings);
        if is_clean(window) {
            let task_clock = Instrument {
                name: "task clock",
                value: TASK_CLOCK,
                own: TASK_CLOCK_SELF,
                tolerance: TASK_CLOCK_TOLERANCE,
                required: false,
            };
            task_clock.compare(window, &counters, ns, findings);
        }
    }
}

/// A guest that placed markers owes their values; one that could not says so.
fn has_markers(trace: &Trace) -> bool {
    let session = trace.statements.session.as_ref();
    session.is_some_and(|session| {
        session.features.iter().any(|feature| {
            feature
                .strip_prefix("markers=")
                .is_some_and(|how| !how.starts_with("unsupported"))
        })
    })
}

type Changes<'a> = BTreeMap<&'a str, u64>;

/// How much each counter changed in the window, by name, all CPUs together.
fn changes<'a>(trace: &'a Trace, window: &Window) -> Changes<'a> {
    let mut changes = Changes::new();
    for ((_, id), edges) in &window.counters {
        let Some(counter) = trace.statements.counters.get(id) else {
            continue;
        };
        let (begin, end) = (edges.begin.unwrap_or(0), edges.end.unwrap_or(0));
        let change = changes.entry(counter.name.as_str()).or_default();
        *change = change.wrapping_add(end.wrapping_sub(begin));
    }
    changes
}

fn loop_ns(window: &Window, hz: u64) -> Option<f64> {
    let sample = window.samples.iter().find(|sample| sample.metric == LOOP)?;
    (hz > 0).then(|| sample.ticks as f64 * 1e9 / hz as f64)
}

fn is_clean(window: &Window) -> bool {
    let disturbed = SampleFlags::PREEMPTED | SampleFlags::IDLED;
    let mut loops = window.samples.iter().filter(|s| s.metric == LOOP);
    loops.all(|sample| !sample.flags.intersects(disturbed))
}

/// An instrument that takes the loop's time.
struct Instrument {
    name: &'static str,
    value: &'static str,
    own: &'static str,
    tolerance: f64,
    required: bool,
}

impl Instrument {
    fn compare(&self, window: &Window, counters: &Changes, ns: f64, findings: &mut Findings) {
        let value = match counters.get(self.value) {
            Some(value) => *value,
            // A counter that did not change is not sent.
            None if self.required => 0,
            None => return,
        };
        let own = counters.get(self.own).copied().unwrap_or(0);
        let observed = value as f64 - own as f64;
        if (observed - ns).abs() <= (ns * self.tolerance).max(RESOLUTION_NS) {
            return;
        }
        findings.invalid_for(
            &window.benchmark,
            InstrumentsDisagree,
            format_args!("window {}, {}", window.id, self.name),
            format_args!("the loop's {ns:.0} ns within {} %", self.tolerance * 100.0),
            format_args!("{observed:.0} ns ({:+.3} %)", (observed / ns - 1.0) * 100.0),
        );
    }
}

fn counts(window: &Window, counters: &Changes, findings: &mut Findings) {
    for (name, expected) in counters {
        let Some(event) = name.strip_prefix(EXPECTED) else {
            continue;
        };
        let observed = counters.get(event).copied().unwrap_or(0);
        if observed != *expected {
            findings.invalid_for(
                &window.benchmark,
                InstrumentsDisagree,
                format_args!("window {}, count of {event}", window.id),
                expected,
                observed,
            );
        }
    }
}

#[cfg(test)]
#[path = "agreement_tests.rs"]
mod tests;
