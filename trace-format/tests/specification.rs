//! The byte-level specification in the book and the code say the same thing.

mod common;

use std::collections::BTreeMap;
use trace_format::control::{MESSAGE_HEADER_LENGTH, Message};
use trace_format::frame::*;
use trace_format::span::{self, full};
use trace_format::*;

const CHAPTER: &str = include_str!("../../docs/src/wire-format.md");

/// The `number`th table below a heading, as trimmed cells, its head left out.
fn table(heading: &str, number: usize) -> Vec<Vec<String>> {
    let section = CHAPTER
        .split("\n## ")
        .find(|section| section.lines().next() == Some(heading))
        .unwrap_or_else(|| panic!("no section {heading}"));
    let mut tables: Vec<Vec<Vec<String>>> = Vec::new();
    let mut inside = false;
    for line in section.lines() {
        if line.starts_with('|') {
            if !inside {
                tables.push(Vec::new());
            }
            let cells = line.trim_matches('|').split('|');
            tables
                .last_mut()
                .unwrap()
                .push(cells.map(|cell| cell.trim().to_owned()).collect());
        }
        inside = line.starts_with('|');
    }
    tables.remove(number).split_off(2)
}

/// Field name (up to the first comma or semicolon) to the bytes of `record`
/// that the table gives it.
fn fields(heading: &str, number: usize, record: &[u8]) -> BTreeMap<String, u64> {
    let mut expected_offset = 0;
    let fields = table(heading, number)
        .into_iter()
        .map(|row| {
            let (offset, length): (usize, usize) =
                (row[0].parse().unwrap(), row[1].parse().unwrap());
            assert_eq!(offset, expected_offset, "no gaps in {heading}");
            expected_offset += length;
            let name = row[2].split([',', ';']).next().unwrap();
            let name = match name {
                "reserved" => format!("reserved at {offset}"),
                "flags: 1 cold" => "flags".into(),
                name => name.into(),
            };
            let mut value = [0; 8];
            let bytes = &record[offset..offset + length];
            value[..length.min(8)].copy_from_slice(&bytes[..length.min(8)]);
            (name, u64::from_le_bytes(value))
        })
        .collect();
    assert_eq!(expected_offset, record.len(), "{heading} covers its record");
    fields
}

/// Bit ranges of a table, as name to (lowest bit, width).
fn bits(number: usize) -> BTreeMap<String, (u32, u32)> {
    let mut expected = 0;
    table("Spans and dispatch roots", number)
        .into_iter()
        .map(|row| {
            let (low, high) = row[0].split_once('–').unwrap();
            let (low, high): (u32, u32) = (low.parse().unwrap(), high.parse().unwrap());
            assert_eq!(low, expected, "no gaps");
            expected = high + 1;
            let name = row[1].split([',', ':']).next().unwrap().to_owned();
            (name, (low, high + 1 - low))
        })
        .collect()
}

fn take(word: u64, (low, width): (u32, u32)) -> u64 {
    word >> low & ((1 << width) - 1)
}

fn dispatch() -> Dispatch {
    Dispatch {
        tid: 0x11,
        flow: 0x22,
        result: -4,
        opcode: 0x44,
        interface: 0x55,
        method: 0x66,
    }
}

fn root(start: u64, dispatch: Dispatch) -> Root {
    Root {
        start,
        duration: 90,
        segment: 0xABC,
        outcome: Outcome::Resumed,
        spans_inside: 0x123,
        dispatch,
    }
}

/// The records of one frame: its payload without the dictionary.
fn records(push: impl Fn(&mut SpanFrame)) -> Vec<u8> {
    let mut buffer = vec![0; 4096];
    let mut frame = SpanFrame::new(&mut buffer);
    push(&mut frame);
    let bytes = frame.finish(common::origin(0));
    bytes[HEADER_LENGTH + span::DICTIONARY_LENGTH..].to_vec()
}

fn word(bytes: &[u8], length: usize) -> u64 {
    let mut word = [0; 8];
    word[..length].copy_from_slice(&bytes[..length]);
    u64::from_le_bytes(word)
}

#[test]
fn constants() {
    let constants: BTreeMap<_, _> = table("Stream", 0)
        .into_iter()
        .map(|row| (row[0].clone(), row[1].clone()))
        .collect();
    let magic = std::str::from_utf8(&MAGIC).unwrap();
    assert_eq!(constants["magic"], format!("`{magic}`"));
    assert_eq!(constants["version"], VERSION.to_string());
    assert_eq!(constants["header length"], HEADER_LENGTH.to_string());
    assert_eq!(constants["longest frame"], FRAME_LENGTH_MAX.to_string());
    assert_eq!(constants["CRC offset"], CRC_OFFSET.to_string());
}

#[test]
fn header_fields() {
    let frame = common::write_fixed(&[common::sample(0x0102_0304)], common::origin(0x0A0B));
    let fields = fields("Frame header", 0, &frame[..HEADER_LENGTH]);
    assert_eq!(fields["magic"], u64::from(u32::from_le_bytes(MAGIC)));
    assert_eq!(fields["version"], u64::from(VERSION));
    assert_eq!(fields["kind"], FrameKind::Samples as u64);
    assert_eq!(fields["context"], Context::Irq as u64);
    assert_eq!(fields["cpu"], 3);
    assert_eq!(fields["sequence"], 0x0A0B);
    assert_eq!(fields["record count"], 1);
    assert_eq!(fields["payload length"], Sample::LENGTH as u64);
    assert_eq!(fields["first time"], 0x0102_0304);
    assert_eq!(fields["lost: ring full"], 7);
    assert_eq!(fields["lost: overwritten"], 0);
    assert_eq!(fields["lost: transport"], 1 << 40);
    for offset in ["7", "10", "56"] {
        assert_eq!(fields[&format!("reserved at {offset}")], 0);
    }
    let covered = [&frame[..CRC_OFFSET], &frame[HEADER_LENGTH..]].concat();
    assert_eq!(fields["crc"], u64::from(crc32c(&covered)));
}

#[test]
fn kinds_and_record_lengths() {
    let rows = table("Frame kinds", 0);
    let kinds: Vec<u8> = rows.iter().map(|row| row[0].parse().unwrap()).collect();
    assert_eq!(kinds, FrameKind::ALL.map(|kind| kind as u8));
    let lengths: Vec<&str> = rows.iter().map(|row| row[2].as_str()).collect();
    assert_eq!(
        lengths,
        [
            format!("4 to {}", span::RECORD_LENGTH_MAX),
            Sample::LENGTH.to_string(),
            Counter::LENGTH.to_string(),
            Instant::LENGTH.to_string(),
            format!("{MESSAGE_HEADER_LENGTH} and a body"),
            PcSample::LENGTH.to_string(),
        ]
    );
}

#[test]
fn dictionary() {
    let mut buffer = vec![0; 4096];
    let mut frame = SpanFrame::new(&mut buffer);
    for segment in [70, 71] {
        let span = Span {
            start: 0,
            duration: 0,
            segment,
        };
        frame.push_span(span).unwrap();
    }
    let bytes = frame.finish(common::origin(0));
    let dictionary = &bytes[HEADER_LENGTH..HEADER_LENGTH + span::DICTIONARY_LENGTH];
    let fields = fields("Spans and dispatch roots", 0, dictionary);
    assert_eq!(fields["entries in use"], 2);
    assert_eq!(fields["fourteen 16-bit segment ids"], 71 << 16 | 70);
}

#[test]
fn common_and_longer_spans() {
    let first = Span {
        start: 1000,
        duration: 10,
        segment: 9,
    };
    let second = Span {
        start: 1020,
        duration: 30,
        segment: 8,
    };
    let third = Span {
        start: 1050,
        duration: 1 << 20,
        segment: 7,
    };
    let bytes = records(|frame| {
        for span in [first, second, third] {
            frame.push_span(span).unwrap();
        }
    });
    let layout = bits(1);
    let short = word(&bytes[4..], 4);
    assert_eq!(take(short, layout["place in the dictionary"]), 1);
    assert_eq!(take(short, layout["delta"]), 40);
    assert_eq!(take(short, layout["duration"]), 30);
    let layout = bits(2);
    let long = word(&bytes[8..], 8);
    assert_eq!(take(long, layout["14"]), u64::from(span::TAG_MEDIUM));
    assert_eq!(take(long, layout["segment id"]), 7);
    assert_eq!(take(long, layout["delta"]), 1 << 20);
    assert_eq!(take(long, layout["duration"]), 1 << 20);
}

#[test]
fn full_records() {
    let span_record = Span {
        start: 5,
        duration: 1 << 40,
        segment: 0xFFF,
    };
    let forms = [
        records(|frame| frame.push_span(span_record).unwrap()),
        records(|frame| frame.push_root(&root(10, dispatch())).unwrap()),
        records(|frame| {
            frame.push_root(&root(10, dispatch())).unwrap();
            let next = Dispatch {
                flow: 0x23,
                ..dispatch()
            };
            frame.push_root(&root(10, next)).unwrap();
        })
        .split_off(28),
        records(|frame| {
            let wide = Root {
                duration: 1 << 40,
                ..root(10, dispatch())
            };
            frame.push_root(&wide).unwrap();
        }),
    ];
    let layout = bits(3);
    for ((number, record), row) in forms
        .iter()
        .enumerate()
        .zip(table("Spans and dispatch roots", 4))
    {
        assert_eq!(row[0], number.to_string());
        assert_eq!(row[2], record.len().to_string(), "length of a {}", row[1]);
        let head = word(record, 4);
        assert_eq!(take(head, layout["15"]), u64::from(span::TAG_FULL));
        assert_eq!(take(head, layout["form"]), number as u64);
        let (outcome, spans, segment) = match number as u32 {
            full::SPAN => (0, 0, 0xFFF),
            _ => (Outcome::Resumed as u64, 0x123, 0xABC),
        };
        assert_eq!(take(head, layout["outcome"]), outcome);
        assert_eq!(take(head, layout["spans begun inside"]), spans);
        assert_eq!(take(head, layout["segment id"]), segment);
    }
}

#[test]
fn dispatch_fields() {
    let bytes = records(|frame| frame.push_root(&root(10, dispatch())).unwrap());
    let fields = fields("Spans and dispatch roots", 5, &bytes[12..]);
    assert_eq!(fields["thread id"], 0x11);
    assert_eq!(fields["flow id"], 0x22);
    assert_eq!(fields["result"], u64::from(-4i32 as u32));
    assert_eq!(fields["opcode"], 0x44);
    assert_eq!(fields["interface index"], 0x55);
    assert_eq!(fields["method"], 0x66);
}

/// The bytes of a record and the fields the table of its section gives them.
fn fixed<R: FixedRecord>(heading: &str, record: R) -> BTreeMap<String, u64> {
    let frame = common::write_fixed(&[record], common::origin(0));
    fields(heading, 0, &frame[HEADER_LENGTH..])
}

#[test]
fn fixed_records() {
    let sample = fixed("Samples", common::sample(1000));
    assert_eq!(sample["start"], 1000);
    assert_eq!(sample["duration"], 336);
    assert_eq!(sample["window"], 1);
    assert_eq!(sample["operations in the batch"], 16);
    assert_eq!(sample["metric"], 0);
    assert_eq!(sample["flags"], 1);

    let counter = fixed(
        "Counters",
        Counter {
            time: 1,
            value: 2,
            id: 3,
        },
    );
    assert_eq!(counter["time"], 1);
    assert_eq!(counter["value since the start of the stream"], 2);
    assert_eq!(counter["counter id"], 3);

    let instant = fixed(
        "Instants",
        Instant {
            time: 1,
            id: Instant::SWITCH,
            a: 3,
            b: 4,
        },
    );
    assert_eq!(instant["time"], 1);
    assert_eq!(instant["instant id"], 0);
    assert_eq!(instant["a"], 3);
    assert_eq!(instant["b"], 4);

    let pc_sample = fixed(
        "PC samples",
        PcSample {
            time: 1,
            address: 2,
            tid: 3,
        },
    );
    assert_eq!(pc_sample["time"], 1);
    assert_eq!(pc_sample["address"], 2);
    assert_eq!(pc_sample["thread id"], 3);
}

#[test]
fn sample_flags() {
    let row = &table("Samples", 0)[5][2];
    let listed: Vec<String> = SampleFlags::all()
        .iter_names()
        .map(|(name, flag)| format!("{} {}", flag.bits(), name.to_lowercase().replace('_', "-")))
        .collect();
    assert_eq!(*row, format!("flags: {}", listed.join(", ")));
}

#[test]
fn control_messages() {
    let listed: Vec<(u16, String)> = table("Control messages", 0)
        .into_iter()
        .map(|row| (row[0].parse().unwrap(), row[1].clone()))
        .collect();
    let known: Vec<(u16, String)> = Message::IDS
        .iter()
        .map(|(id, name)| (*id, (*name).to_owned()))
        .collect();
    assert_eq!(listed, known);
}
