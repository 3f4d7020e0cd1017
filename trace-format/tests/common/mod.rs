//! Streams for the tests.

#![allow(dead_code)] // each test file uses its own part

use proptest::prelude::*;
use trace_format::frame::{Context, FRAME_LENGTH_MAX, Lost, Origin};
use trace_format::{
    Dispatch, FixedRecord, Outcome, RecordFrame, Root, SPANS_INSIDE_MAX, Sample, SampleFlags, Span,
    SpanFrame,
};

/// A record of a span frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanRecord {
    /// A span.
    Span(Span),
    /// A root.
    Root(Root),
}

pub fn origin(sequence: u32) -> Origin {
    Origin {
        cpu: 3,
        context: Context::Irq,
        sequence,
        lost: Lost {
            ring_full: 7,
            overwritten: 0,
            transport: 1 << 40,
        },
    }
}

pub fn arbitrary_origin() -> impl Strategy<Value = Origin> {
    (any::<u16>(), 0u8..3, any::<u32>(), any::<[u64; 3]>()).prop_map(
        |(cpu, context, sequence, lost)| Origin {
            cpu,
            context: Context::from_byte(context).unwrap(),
            sequence,
            lost: Lost {
                ring_full: lost[0],
                overwritten: lost[1],
                transport: lost[2],
            },
        },
    )
}

/// Numbers of every magnitude: uniform ones would nearly all be huge.
pub fn any_magnitude(bits: u32) -> impl Strategy<Value = u64> {
    (0..=bits, any::<u64>()).prop_map(|(width, value)| match width {
        0 => 0,
        width => value >> (64 - width),
    })
}

pub fn arbitrary_span() -> impl Strategy<Value = Span> {
    (
        any_magnitude(62),
        any_magnitude(62),
        prop_oneof![0u16..20, 0u16..4096],
    )
        .prop_map(|(start, duration, segment)| Span {
            start,
            duration,
            segment,
        })
}

pub fn arbitrary_dispatch() -> impl Strategy<Value = Dispatch> {
    (
        any::<u32>(),
        any::<u32>(),
        any::<i32>(),
        any::<u8>(),
        any::<u8>(),
        any::<u16>(),
    )
        .prop_map(|(tid, flow, result, opcode, interface, method)| Dispatch {
            tid,
            flow,
            result,
            opcode,
            interface,
            method,
        })
}

pub fn arbitrary_root() -> impl Strategy<Value = Root> {
    (
        arbitrary_span(),
        0u32..4,
        0..=SPANS_INSIDE_MAX,
        arbitrary_dispatch(),
    )
        .prop_map(|(span, outcome, spans_inside, dispatch)| Root {
            start: span.start,
            duration: span.duration,
            segment: span.segment,
            outcome: Outcome::from_bits(outcome).unwrap(),
            spans_inside,
            dispatch,
        })
}

/// Records as a kernel commits them (small steps, laps that share boundaries,
/// roots that repeat) mixed with wholly arbitrary ones.
pub fn arbitrary_records() -> impl Strategy<Value = Vec<SpanRecord>> {
    #[derive(Clone, Debug)]
    enum Step {
        Lap(u64, u16),
        Root(u16),
        Any(SpanRecord),
    }
    let step = prop_oneof![
        8 => (any_magnitude(30), 0u16..18).prop_map(|(ticks, segment)| Step::Lap(ticks, segment)),
        2 => (0u16..12).prop_map(Step::Root),
        1 => arbitrary_span().prop_map(|span| Step::Any(SpanRecord::Span(span))),
        1 => arbitrary_root().prop_map(|root| Step::Any(SpanRecord::Root(root))),
    ];
    (any_magnitude(60), proptest::collection::vec(step, 0..200)).prop_map(|(start, steps)| {
        let (mut now, mut root_start, mut flow) = (start, start, 0u32);
        let mut records = Vec::new();
        for step in steps {
            records.push(match step {
                Step::Lap(ticks, segment) => {
                    let start = now;
                    now += ticks;
                    SpanRecord::Span(Span {
                        start,
                        duration: ticks,
                        segment,
                    })
                }
                Step::Root(spans_inside) => {
                    flow += 1;
                    let start = root_start;
                    root_start = now;
                    SpanRecord::Root(Root {
                        start,
                        duration: now - start,
                        segment: 0,
                        outcome: Outcome::Complete,
                        spans_inside,
                        dispatch: Dispatch {
                            tid: 4,
                            flow,
                            result: 0,
                            opcode: 5,
                            interface: Dispatch::NO_INTERFACE,
                            method: 0,
                        },
                    })
                }
                Step::Any(record) => record,
            });
        }
        records
    })
}

/// Encodes `records` into frames of at most `frame_length` bytes.
pub fn encode(records: &[SpanRecord], frame_length: usize, first: Origin) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    let mut buffer = vec![0; frame_length.min(FRAME_LENGTH_MAX)];
    let mut left = records;
    while !left.is_empty() {
        let mut frame = SpanFrame::new(&mut buffer);
        while let Some((record, rest)) = left.split_first() {
            let pushed = match record {
                SpanRecord::Span(span) => frame.push_span(*span),
                SpanRecord::Root(root) => frame.push_root(root),
            };
            if pushed.is_err() {
                break;
            }
            left = rest;
        }
        let sequence = first.sequence.wrapping_add(frames.len() as u32);
        frames.push(frame.finish(Origin { sequence, ..first }).to_vec());
    }
    frames
}

/// A short stream of every fixed-record and span kind, frame by frame.
pub fn small_stream(frames: u32) -> Vec<Vec<u8>> {
    let mut buffer = [0; 512];
    (0..frames)
        .map(|sequence| {
            let time = u64::from(sequence) * 1000;
            if sequence % 2 == 0 {
                let mut frame = SpanFrame::new(&mut buffer);
                for step in 0..5 {
                    frame
                        .push_span(Span {
                            start: time + step * 10,
                            duration: 9,
                            segment: step as u16,
                        })
                        .unwrap();
                }
                frame.finish(origin(sequence)).to_vec()
            } else {
                let mut frame = RecordFrame::new(&mut buffer);
                frame.push(&sample(time)).unwrap();
                frame.finish(origin(sequence)).to_vec()
            }
        })
        .collect()
}

pub fn sample(time: u64) -> Sample {
    Sample {
        start: time,
        ticks: 336,
        window: 1,
        operations: 16,
        metric: 0,
        flags: SampleFlags::COLD,
    }
}

pub fn write_fixed<R: FixedRecord>(records: &[R], origin: Origin) -> Vec<u8> {
    let mut buffer = vec![0; FRAME_LENGTH_MAX];
    let mut frame = RecordFrame::new(&mut buffer);
    for record in records {
        frame.push(record).unwrap();
    }
    frame.finish(origin).to_vec()
}
