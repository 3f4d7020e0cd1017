//! Any bytes, walked as a stream: no panic, no memory beyond what is there,
//! every frame and warning inside the input.
//!
//! The fuzzer cannot guess a CRC32C, so each input is tried twice: as it is,
//! and with every frame that looks like one sealed anew.

#![no_main]

use libfuzzer_sys::fuzz_target;
use trace_format::decode::{Event, Frames, Messages, SpanColumns, read_records};
use trace_format::frame::{CRC_OFFSET, FrameHeader, HEADER_LENGTH};
use trace_format::{Counter, DecodeWarning, FrameKind, Instant, PcSample, Sample, crc32c};

fuzz_target!(|bytes: &[u8]| {
    walk(bytes);
    let mut sealed = bytes.to_vec();
    seal_all(&mut sealed);
    walk(&sealed);
});

fn walk(bytes: &[u8]) {
    let mut columns = SpanColumns::default();
    let mut accounted = 0;
    for event in Frames::new(bytes) {
        match event {
            Event::Frame(frame) => {
                accounted += frame.header.frame_length() as u64;
                match frame.header.kind {
                    FrameKind::Spans => {
                        columns.clear();
                        let _ = columns.read(&frame);
                        (0..columns.len()).for_each(|index| drop(columns.span(index)));
                        columns.roots.iter().for_each(|at| drop(columns.root(at)));
                    }
                    FrameKind::Samples => drop(read_records::<Sample>(&frame, &mut Vec::new())),
                    FrameKind::Counters => drop(read_records::<Counter>(&frame, &mut Vec::new())),
                    FrameKind::Instants => drop(read_records::<Instant>(&frame, &mut Vec::new())),
                    FrameKind::PcSamples => drop(read_records::<PcSample>(&frame, &mut Vec::new())),
                    FrameKind::Control => Messages::new(&frame).for_each(drop),
                }
            }
            Event::Warning(DecodeWarning::Damaged { length, .. }) => accounted += length,
            Event::Warning(_) => {}
        }
    }
    assert!(accounted <= bytes.len() as u64);
}

fn seal_all(bytes: &mut [u8]) {
    let mut at = 0;
    while let Some(header) = bytes[at..].first_chunk::<HEADER_LENGTH>() {
        let length = FrameHeader::parse(header).map_or(1, |header| header.frame_length());
        if let Some(frame) = bytes[at..].get_mut(..length)
            && length >= HEADER_LENGTH
        {
            let covered = [&frame[..CRC_OFFSET], &frame[HEADER_LENGTH..]].concat();
            let crc = crc32c(&covered).to_le_bytes();
            frame[CRC_OFFSET..HEADER_LENGTH].copy_from_slice(&crc);
        }
        at += length;
        if at > bytes.len() {
            return;
        }
    }
}
