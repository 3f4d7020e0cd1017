//! Whatever intact frames say, reading and judging them ends, without a panic, and
//! what comes out as a measurement contradicts nothing.

use capbench_frames::summary::{FindingSummary, TraceSummary};
use capbench_frames::trace::read_bytes;
use capbench_judge::outcome::{Boot, Material, Row, outcome};
use capbench_judge::rule::{Authority, Expectation, check};
use capbench_results::{Outcome, Unit};
use proptest::prelude::*;
use proptest::sample::select;
use trace_format::control::*;
use trace_format::{
    Context, Counter, Dispatch, FixedRecord, Instant, Lost, Origin, Outcome as Ending, PcSample,
    RecordFrame, Root, Sample, SampleFlags, Span, SpanFrame,
};

const ROW: Row = Row {
    benchmark: "a/1",
    batch: 1,
    samples: None,
    unit: Unit::Instructions,
    lower_is_better: true,
};

/// Small numbers meet each other; large ones overflow things.
fn number() -> impl Strategy<Value = u64> + Clone {
    prop_oneof![4 => 0..50u64, 2 => 0..100_000u64, 1 => any::<u64>(), 1 => Just(u64::MAX)]
}

fn id() -> impl Strategy<Value = u16> + Clone {
    prop_oneof![0..6u16, 0..4096u16]
}

#[derive(Clone, Debug)]
enum Part {
    Control(Vec<Message<'static>>),
    Spans(Vec<(u64, u64, u16, Option<u16>)>),
    Samples(Vec<Sample>),
    Counters(Vec<Counter>),
    Instants(Vec<Instant>),
    PcSamples(Vec<PcSample>),
}

fn name() -> impl Strategy<Value = &'static str> {
    select(vec!["a/1", "b/1", "", "sqe_consumed", "dispatch"])
}

fn declaration() -> BoxedStrategy<Message<'static>> {
    let kind = select(vec![
        SegmentKind::Span,
        SegmentKind::Lap,
        SegmentKind::Dispatch,
    ]);
    let probe = select(vec![ProbeKind::Span, ProbeKind::Lap, ProbeKind::Dispatch]);
    prop_oneof![
        (id(), prop::option::of(id()), kind, name()).prop_map(|(id, parent, kind, name)| {
            Message::SegmentDeclared(SegmentDeclared {
                id,
                parent,
                kind,
                name,
            })
        }),
        (id(), name()).prop_map(|(id, name)| {
            let aggregation = Aggregation::Maximum;
            Message::CounterDeclared(CounterDeclared {
                id,
                aggregation,
                unit: "1",
                name,
            })
        }),
        (0..3u32, 0..3u32, name()).prop_map(|(tid, pid, program)| {
            Message::ThreadDeclared(ThreadDeclared { tid, pid, program })
        }),
        (probe, any::<u32>(), any::<u32>(), any::<u32>()).prop_map(
            |(probe, inner_ticks, outer_ticks, bound_ticks)| {
                let (cpu, iterations) = (0, 1);
                Message::Calibration(Calibration {
                    cpu,
                    probe,
                    inner_ticks,
                    outer_ticks,
                    bound_ticks,
                    iterations,
                })
            }
        ),
        name().prop_map(|features| {
            Message::Session(Session {
                build_id: "b",
                kernel: "k",
                variant: "segments",
                features,
                cpus: 1,
                ring_mode: RingMode::Overwrite,
                ring_slots: 1,
            })
        }),
    ]
    .boxed()
}

fn of_window() -> BoxedStrategy<Message<'static>> {
    let window = || 0..4u32;
    let edge = || select(vec![Edge::Begin, Edge::End]);
    prop_oneof![
        (window(), name(), number(), number()).prop_map(|(window, benchmark, time, operations)| {
            Message::WindowBegun(WindowBegun {
                window,
                benchmark,
                tid: 1,
                record_bound: 1,
                expected_operations: operations,
                time,
            })
        }),
        (window(), number())
            .prop_map(|(window, time)| Message::WindowEnded(WindowEnded { window, time })),
        (window(), edge(), number(), number()).prop_map(|(window, edge, committed, dropped)| {
            let (cpu, context) = (0, Context::Thread);
            Message::WindowRing(WindowRing {
                window,
                edge,
                cpu,
                context,
                committed,
                dropped,
            })
        }),
        (window(), edge(), id(), number()).prop_map(|(window, edge, counter, value)| {
            Message::WindowCounter(WindowCounter {
                window,
                edge,
                cpu: 0,
                counter,
                value,
            })
        }),
        (window(), number(), number(), number()).prop_map(
            |(window, submitted, completed, failures)| {
                let (outcome, detail) = (OracleOutcome::Passed, "");
                Message::Verdict(Verdict {
                    window,
                    outcome,
                    submitted,
                    completed,
                    failures,
                    detail,
                })
            }
        ),
        name().prop_map(|benchmark| {
            Message::WindowRefused(WindowRefused {
                benchmark,
                needed: 2,
                capacity: 1,
            })
        }),
    ]
    .boxed()
}

fn at_the_end() -> BoxedStrategy<Message<'static>> {
    prop_oneof![
        prop::array::uniform5(number()).prop_map(
            |[begun, committed, dropped, overwritten, open]| {
                let (cpu, context) = (0, Context::Thread);
                Message::RingAccount(RingAccount {
                    cpu,
                    context,
                    begun,
                    committed,
                    dropped,
                    overwritten,
                    open,
                })
            }
        ),
        (any::<u32>(), number(), number(), number()).prop_map(
            |(frames, samples, instants, time)| {
                Message::EndOfStream(EndOfStream {
                    frames,
                    samples,
                    instants,
                    time,
                })
            }
        ),
        (0..3u32, number()).prop_map(|(pid, interface)| {
            Message::AuthorityExercised(AuthorityExercised {
                pid,
                interface,
                calls: 1,
            })
        }),
        (0..3u32, any::<i64>())
            .prop_map(|(pid, code)| Message::ProcessExited(ProcessExited { pid, code })),
    ]
    .boxed()
}

fn part() -> impl Strategy<Value = Part> {
    let spans = (
        number(),
        number(),
        id(),
        prop::option::weighted(0.2, 0..6u16),
    );
    let samples = (number(), number(), 0..4u32, 0..3u32, 0..2u16, 0..16u16);
    let sample = samples.prop_map(|(start, ticks, window, operations, metric, flags)| Sample {
        start,
        ticks,
        window,
        operations,
        metric,
        flags: SampleFlags::from_bits_truncate(flags),
    });
    let message = prop_oneof![declaration(), of_window(), at_the_end()];
    let counter =
        (number(), number(), id()).prop_map(|(time, value, id)| Counter { time, value, id });
    let instant = (number(), id()).prop_map(|(time, id)| Instant {
        time,
        id,
        a: 1,
        b: 2,
    });
    let pc = number().prop_map(|time| PcSample {
        time,
        address: 1,
        tid: 1,
    });
    prop_oneof![
        4 => prop::collection::vec(message, 0..12).prop_map(Part::Control),
        4 => prop::collection::vec(spans, 0..40).prop_map(Part::Spans),
        2 => prop::collection::vec(sample, 0..10).prop_map(Part::Samples),
        1 => prop::collection::vec(counter, 0..5).prop_map(Part::Counters),
        1 => prop::collection::vec(instant, 0..5).prop_map(Part::Instants),
        1 => prop::collection::vec(pc, 0..5).prop_map(Part::PcSamples),
    ]
}

fn encode(part: &Part, origin: Origin) -> Vec<u8> {
    let mut buffer = vec![0; 1 << 16];
    match part {
        Part::Control(messages) => {
            let mut frame = ControlFrame::new(&mut buffer);
            for message in messages {
                message.push_to(&mut frame).unwrap();
            }
            frame.finish(origin, 0).to_vec()
        }
        Part::Spans(records) => {
            let mut frame = SpanFrame::new(&mut buffer);
            for (start, duration, segment, root) in records {
                let (start, segment) = (*start, *segment);
                // Only a hostile encoder makes an end beyond the clock.
                let duration = (*duration).min(u64::MAX - start);
                match root {
                    None => frame.push_span(Span {
                        start,
                        duration,
                        segment,
                    }),
                    Some(spans_inside) => frame.push_root(&Root {
                        start,
                        duration,
                        segment,
                        outcome: Ending::Resumed,
                        spans_inside: *spans_inside,
                        dispatch: Dispatch::default(),
                    }),
                }
                .unwrap();
            }
            frame.finish(origin).to_vec()
        }
        Part::Samples(records) => encode_records(records, &mut buffer, origin),
        Part::Counters(records) => encode_records(records, &mut buffer, origin),
        Part::Instants(records) => encode_records(records, &mut buffer, origin),
        Part::PcSamples(records) => encode_records(records, &mut buffer, origin),
    }
}

fn encode_records<R: FixedRecord>(records: &[R], buffer: &mut [u8], origin: Origin) -> Vec<u8> {
    let mut frame = RecordFrame::new(buffer);
    for record in records {
        frame.push(record).unwrap();
    }
    frame.finish(origin).to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_stream_makes_the_reader_panic_or_lie(
        parts in prop::collection::vec((part(), number()), 1..20),
        authority in any::<bool>(),
    ) {
        let mut bytes = Vec::new();
        for (sequence, (part, lost)) in (0..).zip(&parts) {
            let lost = Lost { ring_full: *lost, overwritten: *lost, transport: 0 };
            let origin = Origin { cpu: 0, context: Context::Thread, sequence, lost };
            bytes.extend(encode(part, origin));
        }
        let trace = read_bytes(&bytes, "any").unwrap();
        let expected = Expectation {
            ending: None,
            features: Some(Vec::new()),
            authority: authority.then(Authority::default),
            ..Expectation::default()
        };
        let findings = check(&trace, &expected);
        let summary = TraceSummary::new(&trace, findings.iter().map(FindingSummary::from).collect());
        prop_assert_eq!(summary.windows.len(), trace.windows.len());
        // With and without findings: arithmetic must hold even where no rule looked.
        for findings in [&findings[..], &[]] {
            let boot = Boot { trace: &trace, findings };
            let material = Material {
                measured: &[boot],
                traced: &[boot],
                ..Material::default()
            };
            if let Outcome::Passed(measurement) = outcome(&ROW, &material) {
                prop_assert!(measurement.check().is_ok(), "{:?}", measurement.check());
            }
        }
    }
}
