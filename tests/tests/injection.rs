//! Truth by injection: a known number of instructions compiled into one segment
//! raises that segment by exactly that many, no other by any, and what the
//! program measures itself by as many.
//!
//! By default each segment gets one of the counts in turn. With
//! `CAPBENCH_INJECT_ALL=1` each gets them all, which takes minutes.

use capbench_frames::trace::Trace;
use capbench_runner::guest::{Extra, Variant};
use capbench_tests::guest_run::{GuestRun, boot_once};
use trace_format::{SampleFlags, Span};

const COUNTS: [u64; 3] = [1, 7, 100];

/// A row whose dispatch passes through every segment, one operation a batch.
const BENCHMARK: &str = "ring/park-generic";
const ROW: &str = "ring/park-generic/1";

fn boot(variant: Variant, segment: &str, count: u64) -> GuestRun {
    let mut extra = Extra::default();
    extra.features.push("inject".into());
    let mut set = |name: &str, value: &str| extra.environment.insert(name.into(), value.into());
    set("CAPBENCH_INJECT_SEGMENT", segment);
    set("CAPBENCH_INJECT_COUNT", &count.to_string());
    let run = boot_once(BENCHMARK, variant, extra);
    assert!(run.boot().exit.is_clean(), "{}", run.boot().exit);
    run
}

/// The spans of the row's window.
fn spans(run: &GuestRun) -> Vec<Span> {
    let trace = run.trace();
    let window = window(&trace);
    let end = window.ended.expect("the window was closed");
    let inside = |span: &Span| span.start >= window.begun && span.start + span.duration <= end;
    let spans: Vec<Span> = run.spans().into_iter().filter(inside).collect();
    assert!(!spans.is_empty(), "the window recorded something");
    spans
}

fn window(trace: &Trace) -> &capbench_frames::windows::Window {
    let found = trace.windows.iter().find(|window| window.benchmark == ROW);
    found.expect("the row has a window")
}

/// What the program measured, warm-up batches left out.
fn samples(run: &GuestRun) -> Vec<u64> {
    let trace = run.trace();
    let samples = &window(&trace).samples;
    let measured = samples.iter().filter(|sample| {
        !sample
            .flags
            .intersects(SampleFlags::COLD | SampleFlags::WARM_UP)
    });
    measured.map(|sample| sample.ticks).collect()
}

/// The root's id, and names and ids of the segments that hold an injection
/// point: all but the root, which is what its laps are.
fn segments(trace: &Trace) -> (u16, Vec<(String, u16)>) {
    let declared = trace.statements.segments.iter();
    let (roots, laps): (Vec<_>, Vec<_>) = declared
        .map(|(id, segment)| (segment.name.clone(), *id))
        .partition(|(name, _)| name == "dispatch");
    (roots[0].1, laps)
}

#[test]
fn an_injected_instruction_is_seen_where_it_is_and_nowhere_else() {
    let all = std::env::var_os("CAPBENCH_INJECT_ALL").is_some();
    let base = boot(Variant::Segments, "ring", 0);
    let base_spans = spans(&base);
    let base_samples = samples(&boot(Variant::Samples, "ring", 0));
    let (root, segments) = segments(&base.trace());
    assert!(segments.len() >= 9, "{segments:?}");

    for (number, segment) in segments.iter().enumerate() {
        let name = &segment.0;
        let counts = if all {
            &COUNTS[..]
        } else {
            &COUNTS[number % COUNTS.len()..][..1]
        };
        for &count in counts {
            let injected = spans(&boot(Variant::Segments, name, count));
            compare_spans(&base_spans, &injected, root, segment, count);
            let injected = samples(&boot(Variant::Samples, name, count));
            let raised: Vec<u64> = base_samples.iter().map(|ticks| ticks + count).collect();
            assert_eq!(injected, raised, "samples, {count} in {name}");
            println!("{count} in {name}: seen there, nowhere else, and in the samples");
        }
    }
}

/// Span by span: the injected segment and the roots around it rise, no other.
fn compare_spans(
    base: &[Span],
    injected: &[Span],
    root: u16,
    (name, id): &(String, u16),
    count: u64,
) {
    assert_eq!(base.len(), injected.len(), "{count} in {name}");
    let passed_through = base.iter().any(|span| span.segment == *id);
    assert!(passed_through, "{name} is not on the way of {ROW}");
    let in_dispatch = !["entry", "fp_save", "fp_restore"].contains(&name.as_str());
    for (before, after) in base.iter().zip(injected) {
        assert_eq!(before.segment, after.segment);
        let raised = before.segment == *id || (in_dispatch && before.segment == root);
        let expected = before.duration + if raised { count } else { 0 };
        assert_eq!(
            after.duration, expected,
            "{count} in {name}, at segment {}",
            before.segment
        );
    }
}
