//! What is encoded is what is decoded.

mod common;

use common::*;
use proptest::prelude::*;
use trace_format::decode::{Event, Frame, Frames, SpanColumns, read_records};
use trace_format::frame::FRAME_LENGTH_MAX;
use trace_format::{
    Counter, FixedRecord, FrameKind, Instant, Outcome, PcSample, Sample, SampleFlags,
};

fn only_frame(bytes: &[u8]) -> Frame<'_> {
    match Frames::new(bytes).find(|event| matches!(event, Event::Frame(_))) {
        Some(Event::Frame(frame)) => frame,
        other => panic!("{other:?}"),
    }
}

fn fixed_round_trip<R: FixedRecord + Clone + PartialEq + core::fmt::Debug>(records: Vec<R>) {
    let bytes = write_fixed(&records, origin(0));
    let frame = only_frame(&bytes);
    assert_eq!(frame.header.kind, R::KIND);
    assert_eq!(frame.header.first_time, records[0].time());
    let mut read = Vec::new();
    assert_eq!(read_records::<R>(&frame, &mut read), Ok(records.len()));
    assert_eq!(read, records);
}

proptest! {
    #[test]
    fn spans_and_roots_survive_in_commit_order(
        records in arbitrary_records(),
        frame_length in 200usize..4000,
        origin in arbitrary_origin(),
    ) {
        let frames = encode(&records, frame_length, origin);
        let mut columns = SpanColumns::default();
        for (number, bytes) in frames.iter().enumerate() {
            let frame = only_frame(bytes);
            prop_assert_eq!(frame.header.kind, FrameKind::Spans);
            prop_assert_eq!(frame.header.origin.cpu, origin.cpu);
            prop_assert_eq!(frame.header.origin.lost, origin.lost);
            prop_assert_eq!(
                frame.header.origin.sequence,
                origin.sequence.wrapping_add(number as u32)
            );
            columns.read(&frame).unwrap();
        }
        prop_assert_eq!(columns.len(), records.len());
        let mut roots = columns.roots.iter();
        for (index, record) in records.iter().enumerate() {
            match record {
                SpanRecord::Span(span) => prop_assert_eq!(columns.span(index), *span),
                SpanRecord::Root(root) => {
                    let at = roots.next().unwrap();
                    prop_assert_eq!(at.index as usize, index);
                    prop_assert_eq!(columns.root(at), *root);
                }
            }
        }
        prop_assert!(roots.next().is_none());
    }

    #[test]
    fn fixed_records_survive(values in proptest::collection::vec(any::<(u64, u64, u32, u32, u16)>(), 1..50)) {
        fixed_round_trip(values.iter().map(|v| Sample {
            start: v.0, ticks: v.1, window: v.2, operations: v.3, metric: v.4,
            flags: SampleFlags::from_bits_truncate(v.4),
        }).collect());
        fixed_round_trip(values.iter().map(|v| Counter { time: v.0, value: v.1, id: v.4 }).collect());
        fixed_round_trip(values.iter().map(|v| Instant { time: v.0, id: v.4, a: v.2, b: v.1 }).collect());
        fixed_round_trip(values.iter().map(|v| PcSample { time: v.0, address: v.1, tid: v.2 }).collect());
    }
}

#[test]
fn a_common_span_takes_four_bytes_and_a_repeated_root_eight() {
    let records: Vec<SpanRecord> = (0..2000u32)
        .flat_map(|flow| {
            let start = u64::from(flow) * 900;
            let lap = move |number: u64| {
                SpanRecord::Span(trace_format::Span {
                    start: start + number * 100,
                    duration: 100,
                    segment: 1 + number as u16,
                })
            };
            let root = SpanRecord::Root(trace_format::Root {
                start,
                duration: 800,
                segment: 0,
                outcome: Outcome::Complete,
                spans_inside: 8,
                dispatch: trace_format::Dispatch {
                    tid: 1,
                    flow,
                    ..Default::default()
                },
            });
            (0..8).map(lap).chain([root])
        })
        .collect();
    let frames = encode(&records, FRAME_LENGTH_MAX, origin(0));
    let bytes: usize = frames.iter().map(Vec::len).sum();
    // 8 words and a repeated root per dispatch; headers, dictionaries and the
    // first full root of each frame on top.
    let overhead = frames.len() * (64 + 32 + 28);
    assert!(bytes <= 2000 * (8 * 4 + 8) + overhead, "{bytes} bytes");
}

#[test]
fn reused_columns_hold_only_the_new_records() {
    let stream = small_stream(1);
    let frame = only_frame(&stream[0]);
    let mut columns = SpanColumns::default();
    columns.read(&frame).unwrap();
    let once = columns.clone();
    columns.clear();
    columns.read(&frame).unwrap();
    assert_eq!(columns, once);
}
