//! Encode and decode rates of span frames, in records per second, for the
//! duration distribution that DESIGN's budgets are stated for: log-normal
//! around half a thousand ticks, five per cent of spans beyond 2^16.
//!
//! `cargo bench -p trace-format`. Rates of different machines do not compare.

#![allow(
    clippy::print_stdout,
    reason = "a developer reads it, and a panic tells enough"
)]

use divan::counter::ItemsCount;
use trace_format::decode::{Event, Frames, SpanColumns};
use trace_format::frame::{Context, FRAME_LENGTH_MAX, Lost, Origin};
use trace_format::{Span, SpanFrame};

const RECORDS: usize = 4 << 20;

fn main() {
    divan::main();
}

/// xorshift64*: seeded, so that every run measures the same records.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Sum of uniform bits, close enough to a normal variable in [-6, 6].
    fn normal(&mut self) -> f64 {
        (0..12)
            .map(|_| (self.next() >> 11) as f64 / (1u64 << 53) as f64)
            .sum::<f64>()
            - 6.0
    }

    fn duration(&mut self) -> u64 {
        if self.next().is_multiple_of(20) {
            (1 << 16) + self.next() % (1 << 20)
        } else {
            (531.0 * (1.2 * self.normal()).exp()) as u64
        }
    }
}

fn records() -> Vec<Span> {
    let mut random = Random(1);
    let mut now = 1 << 40;
    (0..RECORDS)
        .map(|_| {
            let duration = random.duration();
            now += random.next() % 515;
            Span {
                start: now - duration,
                duration,
                segment: (random.next() % 9) as u16,
            }
        })
        .collect()
}

fn encode(spans: &[Span], stream: &mut Vec<u8>) {
    let mut buffer = vec![0; FRAME_LENGTH_MAX];
    let mut left = spans.iter();
    let mut waiting = left.next();
    let mut sequence = 0;
    while waiting.is_some() {
        let mut frame = SpanFrame::new(&mut buffer);
        while let Some(span) = waiting {
            if frame.push_span(*span).is_err() {
                break;
            }
            waiting = left.next();
        }
        stream.extend_from_slice(frame.finish(Origin {
            cpu: 0,
            context: Context::Thread,
            sequence,
            lost: Lost::default(),
        }));
        sequence += 1;
    }
}

#[divan::bench]
fn encode_spans(bencher: divan::Bencher) {
    let spans = records();
    let mut stream = Vec::with_capacity(8 * RECORDS);
    bencher.counter(ItemsCount::new(RECORDS)).bench_local(|| {
        stream.clear();
        encode(&spans, &mut stream);
    });
    println!("{:.3} bytes per span", stream.len() as f64 / RECORDS as f64);
}

#[divan::bench]
fn decode_spans(bencher: divan::Bencher) {
    let mut stream = Vec::new();
    encode(&records(), &mut stream);
    let mut columns = SpanColumns::default();
    bencher.counter(ItemsCount::new(RECORDS)).bench_local(|| {
        for event in Frames::new(&stream) {
            if let Event::Frame(frame) = event {
                columns.clear();
                columns.read(&frame).expect("what was encoded decodes");
                divan::black_box(&columns);
            }
        }
    });
}
