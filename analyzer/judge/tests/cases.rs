//! Small streams with one thing wrong each, and what must be found in them.

use std::path::PathBuf;

use capbench_frames::load::{self, Event};
use capbench_frames::summary::TraceSummary;
use capbench_frames::trace::read_file;
use capbench_judge::trace;
use trace_format::decode::SpanColumns;
use trace_format::{FrameKind, Span};

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/cases")
        .join(name)
}

fn judged(name: &str) -> TraceSummary {
    trace(&read_file(&file(name), name).unwrap()).unwrap()
}

/// The rules that object, and everything they say.
fn findings(name: &str) -> (Vec<&'static str>, String) {
    let summary = judged(name);
    let findings = summary.findings.iter();
    let words = findings.clone().map(|finding| finding.evidence.to_string());
    let words = words.collect::<Vec<_>>().join("\n");
    (findings.map(|finding| finding.check).collect(), words)
}

#[track_caller]
fn found(name: &str, check: &str, says: &str) {
    let (checks, words) = findings(name);
    assert_eq!(checks.first(), Some(&check), "{name}: {words}");
    assert!(words.contains(says), "{name}: {words}");
}

#[test]
fn a_clean_stream_has_no_finding() {
    assert_eq!(findings("plain.bin").0, [""; 0]);
}

#[test]
fn a_record_that_ends_before_it_starts_is_named_and_moves_no_other() {
    found(
        "ends-before-it-starts.bin",
        "time-order",
        "record of entry from 12310",
    );
    let mut frames = load::open(&file("ends-before-it-starts.bin")).unwrap();
    let mut spans: Vec<Span> = Vec::new();
    while let Some(event) = frames.next_event().unwrap() {
        if let Event::Frame(frame) = event
            && frame.header.kind == FrameKind::Spans
        {
            let mut columns = SpanColumns::default();
            columns.read(&frame).unwrap();
            spans.extend((0..columns.len()).map(|index| columns.span(index)));
        }
    }
    let dispatches = spans.iter().filter(|span| span.segment == 1);
    let starts: Vec<u64> = dispatches.map(|span| span.start).collect();
    assert_eq!(starts, [10_000, 11_000, 12_000, 13_000, 14_000]);
    assert_eq!(
        spans
            .iter()
            .filter(|span| span.ends_before_it_starts())
            .count(),
        1
    );
}

#[test]
fn a_span_that_leaves_its_window_by_ending_before_it_starts_is_found_there() {
    let summary = judged("ends-before-it-starts-in-window.bin");
    let [finding] = &summary.findings[..] else {
        panic!("{:?}", summary.findings)
    };
    assert_eq!(finding.benchmark.as_deref(), Some("w/one"));
    assert_eq!(finding.check, "time-order");
}

#[test]
fn records_that_were_too_old_when_they_were_drained_are_called_so() {
    found(
        "drained-14h-later.bin",
        "time-order",
        "too old when its ring was drained",
    );
}

#[test]
fn declarations_that_contradict_another_or_themselves_are_found() {
    found("same-id-twice.bin", "declarations", "declared twice");
    found("self-parent.bin", "declarations", "its own parent");
}

#[test]
fn samples_of_nothing_or_of_several_batches_are_found() {
    found("zero-ops.bin", "samples", "none");
    found("mixed-batches.bin", "samples", "1, 2, 64");
}

#[test]
fn losses_outside_of_windows_are_found() {
    found("spans-lost-outside.bin", "dropped", "outside of windows");
}

#[test]
fn two_modes_of_a_round_size_are_flagged_in_instructions() {
    let summary = judged("two-modes-round-size.bin");
    let half = summary
        .windows
        .iter()
        .filter(|window| window.benchmark.starts_with("half/"));
    let mut flagged = 0;
    for window in half {
        let samples = window.samples.unwrap();
        assert!(samples.flags.bimodal.is_some(), "{}", window.benchmark);
        flagged += 1;
    }
    assert!(flagged > 3, "{flagged}");
}

#[test]
fn no_figure_of_long_segments_lies_outside_of_what_was_recorded() {
    let summary = judged("segments-above-65535-ticks.bin");
    let breakdown = summary.windows[0].breakdown.as_ref().unwrap();
    for segment in &breakdown.segments {
        let figures = [Some(segment.median), segment.p95];
        assert!(
            figures
                .into_iter()
                .flatten()
                .all(|value| value <= segment.max as f64)
        );
    }
    let lap = |name| breakdown.segments.iter().find(|s| s.name == name).unwrap();
    assert_eq!((lap("a").median, lap("b").median), (100_003.0, 100_010.0));
}
