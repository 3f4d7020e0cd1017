//! Truth by injection: a known number of instructions compiled into one segment
//! raises that segment by exactly that many, no other by any, and what the
//! program measures itself by as many.
//!
//! `interrupt` and `idle` are not tried: no row passes through the one for a known
//! number of times, and the other lasts until its interrupt whatever it executes. By
//! default each of the others gets one of the counts in turn, and the samples are looked
//! at for the first segment of each row: each is a kernel to build. With
//! `CAPBENCH_INJECT_ALL=1` each gets them all, and the samples every time.

use capbench_frames::trace::Trace;
use capbench_runner::guest::{Extra, Variant};
use capbench_tests::guest_run::{GuestRun, boot_once};
use trace_format::{SampleFlags, Span};

const COUNTS: [u64; 3] = [1, 7, 100];

/// A row, one operation a batch, the segments that it is there for, and how often one
/// operation passes through each.
struct Subject {
    benchmark: &'static str,
    row: &'static str,
    uses: Uses,
    only: &'static [(&'static str, u64)],
}

/// What the work of a row depends on beside its code.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Uses {
    /// Nothing.
    CodeOnly,
    /// The kernel's heap, where the feature string lies too: builds compare only if
    /// theirs are equally long.
    Heap,
}

impl Uses {
    /// The segment into which nothing is injected, for a build to compare with.
    fn base(self, segment: &str) -> &str {
        match self {
            Self::CodeOnly => "ring",
            Self::Heap => segment,
        }
    }
}

/// A row whose dispatch passes through every step of one, and rows that change memory,
/// call another process, hand a capability over, start a process and read a line.
const SUBJECTS: [Subject; 6] = [
    Subject {
        benchmark: "ring/park-generic",
        row: "ring/park-generic/1",
        uses: Uses::CodeOnly,
        only: &[
            ("entry", 1),
            ("fp_save", 1),
            ("fp_restore", 1),
            ("ring", 1),
            ("validate", 1),
            ("lookup", 1),
            ("decode", 1),
            ("body", 1),
            ("encode", 1),
            ("post", 1),
            ("wake", 1),
        ],
    },
    Subject {
        benchmark: "vm/map-touch-unmap",
        row: "vm/map-touch-unmap/1",
        uses: Uses::CodeOnly,
        only: &[("page_table", 2), ("tlb_flush", 1)],
    },
    Subject {
        benchmark: "ipc/round-trip",
        row: "ipc/round-trip/1",
        uses: Uses::CodeOnly,
        only: &[
            ("copy", 4),
            ("address_space", 6),
            ("schedule", 2),
            ("context_switch", 2),
        ],
    },
    Subject {
        benchmark: "ipc/transfer-copy",
        row: "ipc/transfer-copy/1",
        uses: Uses::Heap,
        only: &[("transfer", 4)],
    },
    Subject {
        benchmark: "process/spawn",
        row: "process/spawn/1",
        uses: Uses::Heap,
        only: &[("elf_load", 1)],
    },
    Subject {
        benchmark: "terminal/read-line",
        row: "terminal/read-line/1",
        uses: Uses::Heap,
        only: &[("line_discipline", 1)],
    },
];

fn boot(subject: &Subject, variant: Variant, segment: &str, count: u64) -> GuestRun {
    let mut extra = Extra::default();
    extra.features.push("inject".into());
    let mut set = |name: &str, value: &str| extra.environment.insert(name.into(), value.into());
    set("CAPBENCH_INJECT_SEGMENT", segment);
    // All counts in one width: it is part of the feature string.
    set("CAPBENCH_INJECT_COUNT", &format!("{count:03}"));
    let run = boot_once(subject.benchmark, variant, extra);
    assert!(run.boot().exit.is_clean(), "{}", run.boot().exit);
    run
}

/// The spans of the row's window.
fn spans(subject: &Subject, run: &GuestRun) -> Vec<Span> {
    let trace = run.trace();
    let window = window(subject, &trace);
    let end = window.ended.expect("the window was closed");
    let inside = |span: &Span| span.start >= window.begun && span.start + span.duration <= end;
    let spans: Vec<Span> = run.spans().into_iter().filter(inside).collect();
    assert!(!spans.is_empty(), "the window recorded something");
    spans
}

fn window<'t>(subject: &Subject, trace: &'t Trace) -> &'t capbench_frames::windows::Window {
    let mut windows = trace.windows.iter();
    let found = windows.find(|window| window.benchmark == subject.row);
    found.expect("the row has a window")
}

/// What the program measured, warm-up batches left out.
fn samples(subject: &Subject, run: &GuestRun) -> Vec<u64> {
    let trace = run.trace();
    let samples = &window(subject, &trace).samples;
    let measured = samples.iter().filter(|sample| {
        !sample
            .flags
            .intersects(SampleFlags::COLD | SampleFlags::WARM_UP)
    });
    measured.map(|sample| sample.ticks).collect()
}

/// The id of a declared segment.
fn id_of(trace: &Trace, name: &str) -> u16 {
    let mut declared = trace.statements.segments.iter();
    let found = declared.find(|(_, segment)| segment.name == name);
    *found.unwrap_or_else(|| panic!("a segment named {name}")).0
}

#[test]
fn an_injected_instruction_is_seen_where_it_is_and_nowhere_else() {
    let all = std::env::var_os("CAPBENCH_INJECT_ALL").is_some();
    let mut number = 0;
    for subject in &SUBJECTS {
        let mut base: Option<(&str, GuestRun, Vec<u64>)> = None;
        for (place, &(name, times)) in subject.only.iter().enumerate() {
            let unchanged = subject.uses.base(name);
            let (_, base, base_samples) = match base {
                Some(ref base) if base.0 == unchanged => base,
                _ => base.insert((
                    unchanged,
                    boot(subject, Variant::Segments, unchanged, 0),
                    samples(subject, &boot(subject, Variant::Samples, unchanged, 0)),
                )),
            };
            let base_spans = spans(subject, base);
            let id = id_of(&base.trace(), name);
            let counts = if all {
                &COUNTS[..]
            } else {
                &COUNTS[number % COUNTS.len()..][..1]
            };
            number += 1;
            for &count in counts {
                let injected = boot(subject, Variant::Segments, name, count);
                let injected = spans(subject, &injected);
                compare_spans(&base_spans, &injected, (name, id), count);
                println!("{count} in {name}: seen there and nowhere else");
                if place > 0 && !all {
                    continue;
                }
                let injected = samples(subject, &boot(subject, Variant::Samples, name, count));
                let raised = base_samples.iter().map(|ticks| ticks + times * count);
                let raised: Vec<u64> = raised.collect();
                assert_eq!(injected, raised, "samples, {count} in {name}");
                println!("{count} in {name}: and in the samples");
            }
        }
    }
}

/// Span by span: the injected segment rises, and what it lies in, and no other.
fn compare_spans(base: &[Span], injected: &[Span], (name, id): (&str, u16), count: u64) {
    assert_eq!(base.len(), injected.len(), "{count} in {name}");
    let raised: Vec<&Span> = base.iter().filter(|span| span.segment == id).collect();
    assert!(!raised.is_empty(), "the row does not pass through {name}");
    for (before, after) in base.iter().zip(injected) {
        assert_eq!(before.segment, after.segment);
        let end = before.start + before.duration;
        let inside =
            |span: &&&Span| before.start <= span.start && span.start + span.duration <= end;
        let times = raised.iter().filter(inside).count() as u64;
        assert_eq!(
            after.duration,
            before.duration + times * count,
            "{count} in {name}, at segment {}",
            before.segment
        );
    }
}
