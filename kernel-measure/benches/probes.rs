//! Cost of probes, as ratios to bare counter reads in the same run, and of
//! draining, in nanoseconds a record.
//!
//! Kinds are timed in turns, many short rounds each, and the fastest round of
//! each kind is compared: whatever else a shared machine does only adds.

#![allow(
    clippy::print_stdout,
    reason = "a developer reads it, and a panic tells enough"
)]

use kernel_measure::{
    Config, DispatchInfo, Layout, Measure, Outcome, SegmentId, Slot, Transport, TransportError,
};
use std::arch::asm;
use std::hint::black_box;
use std::time::Instant;

/// Probes in a timed round. A ring of twice as many slots takes them all.
const PROBES: usize = 16 * 1024;
const RING_SLOTS: u32 = 1 << 18;
const ROUNDS: usize = 301;
/// Submissions of a drained round: a root with eight laps each.
const DISPATCHES: usize = 16 * 1024;
const LAPS: u16 = 8;

const SPAN_BUDGET: f64 = 1.10;
const LAP_BUDGET: f64 = 1.25;
const DRAIN_BUDGET_NS: f64 = 2.5;

const SEGMENT: SegmentId = SegmentId::new(1);
const ROOT: SegmentId = SegmentId::new(9);

static MEASURE: Measure<1> = Measure::new();

/// A transport that only takes.
struct Nowhere;

impl Transport for Nowhere {
    fn send(&mut self, bytes: &[u8]) -> Result<(), TransportError> {
        black_box(bytes);
        Ok(())
    }
}

/// A counter read with nothing done to its result.
#[inline(always)]
fn bare_read() {
    // SAFETY: reading the counter has no precondition.
    unsafe { asm!("rdtsc", out("eax") _, out("edx") _, options(nostack)) };
}

/// Nanoseconds a probe.
fn time(probes: usize, run: impl FnOnce()) -> f64 {
    let start = Instant::now();
    run();
    start.elapsed().as_secs_f64() * 1e9 / probes as f64
}

fn fastest(rounds: Vec<f64>) -> f64 {
    rounds.into_iter().fold(f64::INFINITY, f64::min)
}

fn submission(number: u32) {
    // SAFETY: the only thread that records.
    let mut dispatch = unsafe { MEASURE.thread(0) }.dispatch(ROOT);
    for segment in 0..LAPS {
        dispatch.lap(SegmentId::new(segment));
    }
    let info = DispatchInfo {
        flow: number,
        ..DispatchInfo::default()
    };
    dispatch.end(info, Outcome::Complete);
}

fn main() {
    let layout = Layout::with_thread_slots(RING_SLOTS);
    let memory = vec![Slot::EMPTY; layout.slots(1)].leak();
    let transport = Box::leak(Box::new(Nowhere));
    let config = Config::new("bench", "", layout, memory, transport);
    MEASURE.start(0, config).unwrap();
    // SAFETY: the only thread that records.
    let thread = unsafe { MEASURE.thread(0) };

    let [mut pair, mut span, mut single, mut lap, mut root, mut drain] = [const { Vec::new() }; 6];
    for _ in 0..ROUNDS {
        pair.push(time(PROBES, || {
            for _ in 0..PROBES {
                bare_read();
                bare_read();
            }
        }));
        span.push(time(PROBES, || {
            for _ in 0..PROBES {
                thread.span(SEGMENT).end();
            }
        }));
        single.push(time(PROBES, || (0..PROBES).for_each(|_| bare_read())));
        let mut sequence = thread.lap();
        lap.push(time(PROBES, || {
            for _ in 0..PROBES {
                sequence.mark(SEGMENT);
            }
        }));
        root.push(time(PROBES, || {
            for _ in 0..PROBES {
                let dispatch = thread.dispatch(ROOT);
                dispatch.end(DispatchInfo::default(), Outcome::Complete);
            }
        }));
        MEASURE.drain().unwrap();
        (0..DISPATCHES as u32).for_each(submission);
        let records = DISPATCHES * (usize::from(LAPS) + 1);
        drain.push(time(records, || MEASURE.drain().unwrap()));
    }
    let dropped = MEASURE.accounts(0, kernel_measure::Context::Thread).dropped;
    assert_eq!(dropped, 0, "a full ring is not what is timed here");

    let [pair, span, single, lap, root, drain] =
        [pair, span, single, lap, root, drain].map(fastest);
    let ratio = |name, ns: f64, bare: f64, budget| {
        println!(
            "{name:<32} {ns:6.2} ns = {:.2} (budget {budget:.2})",
            ns / bare
        );
    };
    println!("two bare counter reads           {pair:6.2} ns");
    ratio("span / two bare reads", span, pair, SPAN_BUDGET);
    println!("one bare counter read            {single:6.2} ns");
    ratio("lap boundary / one bare read", lap, single, LAP_BUDGET);
    ratio("dispatch root / one bare read", root, single, LAP_BUDGET);
    println!("drain, a record                  {drain:6.2} ns (budget {DRAIN_BUDGET_NS:.2})");
}
