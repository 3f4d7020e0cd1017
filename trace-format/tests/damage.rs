//! Damage costs the frame it hits and is always reported; no bytes make the
//! decoder panic.

mod common;

use common::*;
use proptest::prelude::*;
use trace_format::decode::{Event, Frame, Frames, Messages, SpanColumns, read_records};
use trace_format::frame::{CRC_OFFSET, FRAME_LENGTH_MAX, HEADER_LENGTH, MAGIC, VERSION};
use trace_format::{
    Counter, DecodeError, DecodeWarning, FrameKind, Instant, PcSample, RecordError, Sample, crc32c,
};

fn walk(bytes: &[u8]) -> (Vec<u32>, Vec<DecodeWarning>, Result<(), DecodeError>) {
    let mut frames = Frames::new(bytes);
    let (mut sequences, mut warnings) = (Vec::new(), Vec::new());
    for event in &mut frames {
        match event {
            Event::Frame(frame) => sequences.push(frame.header.origin.sequence),
            Event::Warning(warning) => warnings.push(warning),
        }
    }
    (sequences, warnings, frames.outcome())
}

/// Reads whatever a frame holds; returns the first complaint.
fn read_any(frame: &Frame<'_>) -> Option<RecordError> {
    match frame.header.kind {
        FrameKind::Spans => SpanColumns::default().read(frame).err(),
        FrameKind::Samples => read_records::<Sample>(frame, &mut Vec::new()).err(),
        FrameKind::Counters => read_records::<Counter>(frame, &mut Vec::new()).err(),
        FrameKind::Instants => read_records::<Instant>(frame, &mut Vec::new()).err(),
        FrameKind::PcSamples => read_records::<PcSample>(frame, &mut Vec::new()).err(),
        FrameKind::Control => Messages::new(frame).find_map(|message| match message {
            Err(DecodeWarning::Records { error, .. }) => Some(error),
            _ => None,
        }),
    }
}

/// Puts a valid CRC on a frame, as a hostile or buggy encoder would.
fn reseal(frame: &mut [u8]) {
    let mut covered = frame[..CRC_OFFSET].to_vec();
    covered.extend_from_slice(&frame[HEADER_LENGTH..]);
    let crc = crc32c(&covered);
    frame[CRC_OFFSET..HEADER_LENGTH].copy_from_slice(&crc.to_le_bytes());
}

#[test]
fn an_undamaged_stream_reads_without_a_warning() {
    let (sequences, warnings, outcome) = walk(&small_stream(6).concat());
    assert_eq!(sequences, [0, 1, 2, 3, 4, 5]);
    assert_eq!(warnings, []);
    assert_eq!(outcome, Ok(()));
}

proptest! {
    #[test]
    fn a_flipped_bit_loses_only_its_frame(
        at in any::<prop::sample::Index>(),
        bit in 0u8..8,
    ) {
        let frames = small_stream(6);
        let mut bytes = frames.concat();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let mut end = 0;
        let hit = frames.iter().position(|frame| { end += frame.len(); at < end }).unwrap() as u32;
        let (sequences, warnings, _) = walk(&bytes);
        let expected: Vec<u32> = (0..6).filter(|sequence| *sequence != hit).collect();
        prop_assert_eq!(sequences, expected);
        prop_assert!(!warnings.is_empty());
    }

    #[test]
    fn a_truncated_stream_keeps_its_whole_frames(keep in any::<prop::sample::Index>()) {
        let frames = small_stream(6);
        let bytes = frames.concat();
        let keep = keep.index(bytes.len());
        let mut end = 0;
        let whole = frames.iter().take_while(|frame| { end += frame.len(); end <= keep }).count();
        let at_boundary = frames[..whole].iter().map(Vec::len).sum::<usize>() == keep;
        let (sequences, warnings, outcome) = walk(&bytes[..keep]);
        prop_assert_eq!(sequences.len(), whole);
        prop_assert_eq!(warnings.is_empty(), at_boundary);
        prop_assert_eq!(outcome.is_ok(), whole > 0);
    }

    #[test]
    fn inserted_garbage_is_skipped_and_measured(
        garbage in proptest::collection::vec(any::<u8>(), 1..300),
        place in 0usize..=6,
    ) {
        // Garbage that ends in part of a magic could join the next frame.
        prop_assume!(!garbage.contains(&MAGIC[0]));
        let frames = small_stream(6);
        let mut bytes = frames[..place].concat();
        let offset = bytes.len() as u64;
        bytes.extend_from_slice(&garbage);
        bytes.extend(frames[place..].concat());
        let (sequences, warnings, _) = walk(&bytes);
        prop_assert_eq!(sequences, [0, 1, 2, 3, 4, 5]);
        let length = garbage.len() as u64;
        prop_assert_eq!(warnings, [DecodeWarning::Damaged { offset, length }]);
    }

    #[test]
    fn no_bytes_make_the_walk_panic_or_lose_its_way(
        bytes in proptest::collection::vec(prop_oneof![3 => any::<u8>(), 1 => prop::sample::select(&MAGIC[..])], 0..2000),
    ) {
        let mut accounted = 0;
        for event in Frames::new(&bytes) {
            accounted += match event {
                Event::Frame(frame) => { read_any(&frame); frame.header.frame_length() as u64 }
                Event::Warning(DecodeWarning::Damaged { length, .. }) => length,
                Event::Warning(_) => 0,
            };
        }
        prop_assert!(accounted <= bytes.len() as u64);
    }

    #[test]
    fn no_payload_with_a_valid_crc_makes_a_reader_panic(
        kind in 1u8..=6,
        count in 0u32..80,
        payload in proptest::collection::vec(prop_oneof![any::<u8>(), 0u8..16], 0..300),
        first_time in prop_oneof![0u64..1000, any::<u64>()],
    ) {
        let mut frame = vec![0; HEADER_LENGTH];
        frame[..4].copy_from_slice(&MAGIC);
        frame[4] = VERSION;
        frame[5] = kind;
        frame[16..20].copy_from_slice(&count.to_le_bytes());
        frame[20..24].copy_from_slice(&(payload.len() as u32).to_le_bytes());
        frame[24..32].copy_from_slice(&first_time.to_le_bytes());
        frame.extend(payload);
        reseal(&mut frame);
        for event in Frames::new(&frame) {
            if let Event::Frame(frame) = event {
                let mut columns = SpanColumns::default();
                if frame.header.kind == FrameKind::Spans {
                    let _ = columns.read(&frame);
                    for root in &columns.roots {
                        prop_assert!((root.index as usize) < columns.len());
                        columns.root(root);
                    }
                    for index in 0..columns.len() {
                        columns.span(index);
                    }
                }
                read_any(&frame);
            }
        }
    }
}

#[test]
fn a_missing_frame_is_counted() {
    let mut frames = small_stream(6);
    frames.remove(3);
    frames.remove(2);
    let (sequences, warnings, _) = walk(&frames.concat());
    assert_eq!(sequences, [0, 1, 4, 5]);
    assert_eq!(warnings, [DecodeWarning::Missing { count: 2, next: 4 }]);
}

#[test]
fn a_repeated_and_a_late_frame_are_named() {
    let mut frames = small_stream(4);
    let second = frames[1].clone();
    frames.push(second);
    let (sequences, warnings, _) = walk(&frames.concat());
    assert_eq!(sequences, [0, 1, 2, 3, 1]);
    assert_eq!(
        warnings,
        [DecodeWarning::OutOfOrder {
            sequence: 1,
            expected: 4
        }]
    );
}

#[test]
fn another_version_is_named_and_not_guessed_at() {
    let mut frame = small_stream(1).remove(0);
    frame[4] = 9;
    reseal(&mut frame);
    assert_eq!(walk(&frame).2, Err(DecodeError::Version { found: 9 }));
}

#[test]
fn bytes_that_are_no_trace_are_refused() {
    assert_eq!(
        walk(b"PK\x03\x04 surely a zip").2,
        Err(DecodeError::NoFrame { bytes: 17 })
    );
    assert_eq!(walk(b"").2, Err(DecodeError::NoFrame { bytes: 0 }));
}

#[test]
fn a_lying_length_does_not_swallow_the_frames_behind_it() {
    let mut frames = small_stream(4);
    frames[1][20..24].copy_from_slice(&((FRAME_LENGTH_MAX - HEADER_LENGTH) as u32).to_le_bytes());
    let (sequences, warnings, _) = walk(&frames.concat());
    assert_eq!(sequences, [0, 2, 3]);
    assert!(warnings.contains(&DecodeWarning::Missing { count: 1, next: 2 }));
}

#[test]
fn a_record_count_above_the_payload_is_no_frame() {
    let mut frame = small_stream(1).remove(0);
    frame[16..20].copy_from_slice(&u32::MAX.to_le_bytes());
    reseal(&mut frame);
    assert!(matches!(walk(&frame).2, Err(DecodeError::NoFrame { .. })));
}

#[test]
fn a_root_cannot_repeat_one_of_another_frame() {
    let root = |flow| {
        SpanRecord::Root(trace_format::Root {
            start: 10,
            duration: 5,
            segment: 0,
            outcome: trace_format::Outcome::Complete,
            spans_inside: 0,
            dispatch: trace_format::Dispatch {
                flow,
                ..Default::default()
            },
        })
    };
    let both = encode(&[root(1), root(2)], 512, origin(0)).remove(0);
    let mut orphan = encode(&[root(1)], 512, origin(1)).remove(0);
    // Put the repeated root, the last 8 bytes, where the full one was.
    let repeated = both[both.len() - 8..].to_vec();
    orphan.truncate(HEADER_LENGTH + trace_format::span::DICTIONARY_LENGTH);
    orphan.extend(repeated);
    let length = (orphan.len() - HEADER_LENGTH) as u32;
    orphan[20..24].copy_from_slice(&length.to_le_bytes());
    reseal(&mut orphan);
    let mut columns = SpanColumns::default();
    let stream = [both, orphan].concat();
    let read: Vec<_> = Frames::new(&stream)
        .filter_map(|event| match event {
            Event::Frame(frame) => Some(columns.read(&frame)),
            Event::Warning(_) => None,
        })
        .collect();
    assert_eq!(read, [Ok(2), Err(RecordError::NothingToRepeat)]);
    assert_eq!(columns.roots.len(), 2);
}
