//! The guest's program, run as an ordinary one on whatever kernel there is.
//!
//! What that kernel refuses must be reported as unsupported; all else must
//! hold on any machine, however busy.

mod support;

use support::run;
use trace_format::SampleFlags;

/// Every primitive, with the largest batch the test asks of it.
const PRIMITIVES: [(&str, u32); 27] = [
    ("null-syscall", 16),
    ("pipe-round-trip", 4),
    ("unix-socket-round-trip", 4),
    ("eventfd-round-trip", 4),
    ("futex-round-trip", 4),
    ("io-uring-nop", 16),
    ("sched-yield", 4),
    ("futex-switch", 1),
    ("timer-wake", 1),
    ("fork-exit-wait", 2),
    ("spawn-exec-wait", 2),
    ("exec-failed", 4),
    ("thread-create-join", 2),
    ("futex-wait-refused", 4),
    ("futex-wait-timeout", 2),
    ("futex-wake-one", 4),
    ("futex-wake-many", 1),
    ("futex-wake-resume", 1),
    ("mmap-touch-munmap", 4),
    ("mprotect", 3),
    ("page-fault", 16),
    ("shared-memory-map", 4),
    ("memcpy-64", 16),
    ("memcpy-4096", 4),
    ("memcpy-65536", 1),
    ("pty-write", 4),
    ("pty-readline", 1),
];

const WARMUP: usize = 2;
const SAMPLES: usize = 5;

fn every_primitive() -> String {
    PRIMITIVES
        .iter()
        .map(|(name, batch)| format!("{name}:{name}:{batch}:{WARMUP}:{SAMPLES}\n"))
        .collect()
}

#[test]
fn every_primitive_passes_its_oracle_or_names_the_errno() {
    let (output, stream) = run("oracles", "samples", &every_primitive());
    assert_eq!(stream.windows.len(), PRIMITIVES.len());
    for window in stream.windows.values() {
        let name = &window.benchmark;
        if !window.passed {
            assert!(
                window.detail.starts_with("unsupported: "),
                "{name}: {}",
                window.detail
            );
            assert!(window.detail.ends_with(')'), "{name}: {}", window.detail);
            continue;
        }
        let batches = window
            .samples
            .iter()
            .copied()
            .filter(|sample| sample.metric == 0);
        let (warm_up, measured): (Vec<_>, Vec<_>) =
            batches.partition(|sample| sample.flags.contains(SampleFlags::WARM_UP));
        assert_eq!((warm_up.len(), measured.len()), (WARMUP, SAMPLES), "{name}");
        assert!(warm_up[0].flags.contains(SampleFlags::COLD), "{name}");
        assert!(measured.iter().all(|sample| sample.ticks > 0), "{name}");
        let loops: Vec<_> = window
            .samples
            .iter()
            .filter(|sample| sample.metric == 1)
            .collect();
        assert_eq!(loops.len(), 1, "{name}");
        assert_eq!(
            loops[0].operations,
            measured[0].operations * SAMPLES as u32,
            "{name}"
        );
    }
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn the_end_of_the_stream_accounts_for_all_of_it() {
    let (_, stream) = run("accounts", "samples", "null:null-syscall:1:1:3000\n");
    let samples = stream.windows[&1].samples.len() as u64;
    assert_eq!(samples, 1 + 3000 + 1);
    assert_eq!(stream.stated, Some((stream.frames, samples)));
}

#[test]
fn counted_events_are_exactly_those_the_primitives_caused() {
    let (_, stream) = run("counts", "counts", &every_primitive());
    assert_eq!(stream.variant, "counts");
    if stream.features.contains("unsupported") {
        eprintln!("not checked: {}", stream.features);
        return;
    }
    let mut compared = 0;
    for window in stream.windows.values().filter(|window| window.passed) {
        for (name, expected) in &window.gains {
            if let Some(counted) = name.strip_prefix("expected.") {
                let counted = window.gains.get(counted).copied().unwrap_or(0);
                assert_eq!(counted, *expected, "{}: {name}", window.benchmark);
                compared += 1;
            }
        }
    }
    assert!(compared >= PRIMITIVES.len());
    assert!(!stream.instants.is_empty(), "there are histograms");
}

#[test]
fn the_kernels_own_clock_agrees_with_a_loop_that_was_not_left() {
    /// Wide: the machine may be busy, and on it the marker is a trap.
    const TOLERANCE: f64 = 0.2;
    let (_, stream) = run("perf", "perf", "copy:memcpy-65536:64:1:64\n");
    if stream.features.contains("unsupported") {
        eprintln!("not checked: {}", stream.features);
        return;
    }
    let window = &stream.windows[&1];
    let whole = window
        .samples
        .iter()
        .find(|sample| sample.metric == 1)
        .unwrap();
    if whole
        .flags
        .intersects(SampleFlags::PREEMPTED | SampleFlags::IDLED)
    {
        eprintln!("not checked: the loop was preempted");
        return;
    }
    let seconds_per_tick = stream.seconds_per_tick();
    let own_ns = whole.ticks as f64 * seconds_per_tick * 1e9;
    let task_ns = (window.gains["task_clock_ns"] - window.gains["task_clock_self_ns"]) as f64;
    assert!(
        (task_ns / own_ns - 1.0).abs() < TOLERANCE,
        "{task_ns} ns, {own_ns} ns"
    );
}

#[test]
fn a_row_that_cannot_be_run_fails_alone() {
    let rows = "a:no-such-primitive:1:0:1\nb:timer-wake:2:0:1\nc:null-syscall:1:0:1\n";
    let (output, stream) = run("rows", "samples", rows);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let [a, b, c] = [1, 2, 3].map(|window| &stream.windows[&window]);
    assert!(
        !a.passed && a.detail.contains("no-such-primitive"),
        "{}",
        a.detail
    );
    assert!(!b.passed && b.detail.contains("one by one"), "{}", b.detail);
    assert!(c.passed && stream.stated.is_some());
}
