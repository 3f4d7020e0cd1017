use super::*;
use proptest::prelude::*;
use std::io::Write;
use trace_format::decode::Event as WholeEvent;
use trace_format::{Context, Lost, Origin, Span, SpanFrame};

/// A stream of span frames of different lengths.
fn stream(frames: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    for sequence in 0..frames {
        let mut buffer = vec![0; FRAME_LENGTH_MAX];
        let mut frame = SpanFrame::new(&mut buffer);
        for index in 0..=u64::from(sequence % 7) * 500 {
            let start = u64::from(sequence) * 1_000_000 + index * 100;
            frame
                .push_span(Span {
                    start,
                    duration: index % 90,
                    segment: 3,
                })
                .unwrap();
        }
        let origin = Origin {
            cpu: 0,
            context: Context::Thread,
            sequence,
            lost: Lost::default(),
        };
        bytes.extend_from_slice(frame.finish(origin));
    }
    bytes
}

/// Hands out few bytes at a time, as a pipe might.
struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let length = self.1.min(to.len());
        self.0.read(&mut to[..length])
    }
}

/// Every event in words: frames by number and payload, warnings as text.
fn read(reader: impl Read, first: Vec<u8>) -> Vec<String> {
    let mut frames = Frames::new(reader, first).unwrap();
    let mut events = Vec::new();
    while let Some(event) = frames.next_event().unwrap() {
        events.push(match event {
            Event::Frame(frame) => describe(&frame),
            Event::Warning(warning) => warning.to_string(),
        });
    }
    events
}

fn describe(frame: &Frame) -> String {
    let sum: u64 = frame.payload.iter().map(|byte| u64::from(*byte)).sum();
    format!(
        "frame {} {} {sum}",
        frame.header.origin.sequence,
        frame.payload.len()
    )
}

/// The same through the decoder's own walk of a whole stream.
fn read_whole(bytes: &[u8]) -> Vec<String> {
    trace_format::decode::Frames::new(bytes)
        .map(|event| match event {
            WholeEvent::Frame(frame) => describe(&frame),
            WholeEvent::Warning(warning) => warning.to_string(),
        })
        .collect()
}

fn archive(bytes: &[u8], frame_length: usize) -> Vec<u8> {
    let mut archive = Vec::new();
    for part in bytes.chunks(frame_length) {
        let mut encoder = zstd::stream::Encoder::new(&mut archive, 1).unwrap();
        encoder.include_checksum(true).unwrap();
        encoder.write_all(part).unwrap();
        encoder.finish().unwrap();
    }
    archive
}

/// Takes the first four bytes off, as `open` does.
fn split(bytes: &[u8]) -> (&[u8], Vec<u8>) {
    let (first, rest) = bytes.split_at(bytes.len().min(4));
    (rest, first.to_vec())
}

fn frames_in(events: &[String]) -> usize {
    events
        .iter()
        .filter(|event| event.starts_with("frame ") && !event.contains("out of order"))
        .count()
}

#[test]
fn a_compressed_stream_holds_the_same_frames() {
    let bytes = stream(200);
    let (rest, first) = split(&bytes);
    let raw = read(rest, first);
    let compressed = archive(&bytes, 10_000);
    let (rest, first) = split(&compressed);
    assert_eq!(read(rest, first), raw);
    assert_eq!(frames_in(&raw), 200);
}

#[test]
fn what_a_seek_table_adds_is_skipped() {
    let bytes = stream(20);
    let mut compressed = archive(&bytes, 10_000);
    compressed.extend([
        0x5E, 0x2A, 0x4D, 0x18, 9, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
    let (rest, first) = split(&compressed);
    assert_eq!(read(rest, first), read_whole(&bytes));
}

#[test]
fn a_cut_archive_keeps_what_arrived() {
    let compressed = archive(&stream(200), 10_000);
    let (rest, first) = split(&compressed[..compressed.len() * 2 / 3]);
    let events = read(rest, first);
    assert!((100..200).contains(&frames_in(&events)), "{events:?}");
    assert!(
        events.iter().any(|event| event.contains("cut off")),
        "{events:?}"
    );
}

#[test]
fn a_flipped_byte_in_an_archive_costs_a_zstd_frame() {
    let bytes = stream(200);
    let compressed = archive(&bytes, 100_000);
    for place in [compressed.len() / 3, compressed.len() / 2] {
        let mut damaged = compressed.clone();
        damaged[place] ^= 0x55;
        let (rest, first) = split(&damaged);
        let events = read(rest, first);
        assert!(frames_in(&events) > 150, "{} frames", frames_in(&events));
        assert!(
            events.iter().any(|event| !event.starts_with("frame ")),
            "{place}"
        );
    }
}

#[test]
fn nothing_is_not_a_trace() {
    for bytes in [&[][..], b"CB", &[0x28, 0xB5, 0x2F, 0xFD], &[7; 100_000]] {
        let (rest, first) = split(bytes);
        let mut frames = Frames::new(rest, first).unwrap();
        while let Some(event) = frames.next_event().unwrap() {
            assert!(matches!(event, Event::Warning(_)));
        }
        assert!(frames.outcome().is_err());
    }
}

#[test]
fn a_device_is_refused_and_not_read() {
    let refused = open(Path::new("/dev/zero")).err().unwrap();
    assert!(matches!(refused, LoadError::NotRegular { .. }), "{refused}");
    assert!(refused.to_string().contains("capbench record"), "{refused}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn reading_in_pieces_equals_reading_at_once(
        frames in 1..40u32,
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1..=255u8), 0..4),
        cut in any::<prop::sample::Index>(),
        whether in any::<bool>(),
        piece in 1..5000usize,
    ) {
        let mut bytes = stream(frames);
        for (place, change) in flips {
            let place = place.index(bytes.len());
            bytes[place] ^= change;
        }
        if whether {
            bytes.truncate(cut.index(bytes.len()));
        }
        // The first bytes decide whether it is an archive; both walks see a stream.
        let (rest, first) = split(&bytes);
        prop_assert_eq!(read(Trickle(rest, piece), first), read_whole(&bytes));
    }

    #[test]
    fn any_bytes_end_without_a_panic(
        mut bytes in prop::collection::vec(any::<u8>(), 0..2000),
        archive in any::<bool>(),
    ) {
        if archive {
            bytes.splice(0..0, ZSTD_MAGIC);
        }
        let (rest, first) = split(&bytes);
        read(Trickle(rest, 7), first);
    }
}

#[test]
fn a_file_that_expands_without_end_is_left_and_named() {
    let zeros = vec![0; 256 << 20];
    let bomb = zstd::encode_all(&zeros[..], 3).unwrap();
    assert!(bomb.len() < 64 << 10, "{}", bomb.len());
    let (first, rest) = bomb.split_at(4);
    let mut frames = Frames::new(rest, first.to_vec()).unwrap();
    let mut told = Vec::new();
    while let Some(event) = frames.next_event().unwrap() {
        if let Event::Warning(warning) = event {
            told.push(warning.to_string());
        }
    }
    assert!(
        told.iter()
            .any(|told| told.contains("expands to more than")),
        "{told:?}"
    );
    assert!(frames.offset() < 128 << 20, "{}", frames.offset());
}
