//! Streams made by program: large ones to measure with, small ones to test with.
//!
//! The same [`Shape`] makes the same bytes everywhere. Durations follow what was
//! measured on real kernel paths: log-normal with median 531 and 99th percentile
//! 6135 ticks; a part of them (`tail`) is replaced by a long tail that begins at
//! 2¹⁶ ticks, which costs wider records and leaves the exact part of histograms.
//! A dispatch is eight laps, in every fourth one a span inside the body, and its
//! root. Nothing is repeated, so that compression and caches see real work.

use std::io::{self, Write};
use trace_format::control::{
    Calibration, ClockCertificate, ClockSource, ControlFrame, Edge, EndOfStream, Message,
    OracleOutcome, ProbeKind, RingAccount, RingMode, SegmentDeclared, SegmentKind, Session,
    ThreadDeclared, Verdict, WindowBegun, WindowEnded, WindowRing,
};
use trace_format::frame::FRAME_LENGTH_MAX;
use trace_format::{
    Context, Dispatch, FrameFull, Lost, Origin, Outcome, RecordFrame, Root, Sample, SampleFlags,
    Span, SpanFrame,
};

/// The contents of a stream.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Decides every duration.
    pub seed: u64,
    /// Spans and roots, at least; the last batch is completed.
    pub records: u64,
    /// Part of the laps that last 2¹⁶ ticks or longer.
    pub tail: f64,
    /// Windows they are spread over.
    pub windows: u32,
    /// Operations in a sample.
    pub batch: u32,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            seed: 1,
            records: 100_000,
            tail: 0.05,
            windows: 2,
            batch: 16,
        }
    }
}

const ROOT: u16 = 1;
const FIRST_LAP: u16 = 2;
const LAPS: [&str; 8] = [
    "ring", "validate", "lookup", "decode", "body", "encode", "post", "wake",
];
const BODY: usize = 4;
const COPY: u16 = 10;

/// ln 531, and the spread that puts the 99th percentile at 6135.
const LOG_MEDIAN: f64 = 6.274_762;
const LOG_SPREAD: f64 = 1.052;

/// Longest duration of the tail.
const TAIL_LIMIT: f64 = 1e8;

/// Writes a whole, clean stream.
pub fn write(shape: &Shape, to: &mut impl Write) -> io::Result<()> {
    let mut stream = Stream {
        to,
        random: Random(shape.seed),
        shape: *shape,
        sequence: 0,
        now: 1_000_000,
        records: 0,
        samples: 0,
        flow: 0,
        pending: Vec::with_capacity(FRAME_LENGTH_MAX / 4),
    };
    stream.declare()?;
    let windows = shape.windows.max(1);
    for window in 1..=windows {
        stream.window(
            window,
            shape.records * u64::from(window) / u64::from(windows),
        )?;
    }
    stream.finish()
}

/// The same in memory.
pub fn bytes(shape: &Shape) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(shape, &mut bytes).expect("memory takes all");
    bytes
}

/// Sebastiano Vigna's SplitMix64: 64 good bits from a counter.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }

    /// Even in [0, 1).
    fn part(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Standard normal, as the sum of twelve even ones: its tails end at six
    /// deviations, which nobody can tell here.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.part()).sum::<f64>() - 6.0
    }

    fn duration(&mut self, tail: f64) -> u64 {
        if self.part() < tail {
            let long = 65_536.0 / (1.0 - self.part()).sqrt();
            return long.min(TAIL_LIMIT) as u64;
        }
        let usual = (LOG_MEDIAN + LOG_SPREAD * self.normal()).exp();
        (usual as u64).clamp(1, 65_535)
    }
}

enum Record {
    Span(Span),
    Root(Root),
}

struct Stream<'a, W> {
    to: &'a mut W,
    random: Random,
    shape: Shape,
    sequence: u32,
    now: u64,
    records: u64,
    samples: u64,
    flow: u32,
    /// Records not yet written.
    pending: Vec<Record>,
}

impl<W: Write> Stream<'_, W> {
    fn origin(&mut self) -> Origin {
        let sequence = self.sequence;
        self.sequence += 1;
        Origin {
            cpu: 0,
            context: Context::Thread,
            sequence,
            lost: Lost::default(),
        }
    }

    fn say(&mut self, messages: &[Message]) -> io::Result<()> {
        let mut buffer = [0; 4096];
        let mut frame = ControlFrame::new(&mut buffer);
        for message in messages {
            message.push_to(&mut frame).expect("a few messages fit");
        }
        let (origin, now) = (self.origin(), self.now);
        self.to.write_all(frame.finish(origin, now))
    }

    fn declare(&mut self) -> io::Result<()> {
        let session = Session {
            build_id: "synthetic",
            kernel: "synthetic",
            variant: "segments",
            features: "",
            cpus: 1,
            ring_mode: RingMode::Discard,
            ring_slots: 1 << 20,
        };
        let segment = |id, parent, kind, name| {
            Message::SegmentDeclared(SegmentDeclared {
                id,
                parent,
                kind,
                name,
            })
        };
        let mut messages = vec![
            Message::Session(session),
            segment(ROOT, None, SegmentKind::Dispatch, "dispatch"),
        ];
        let laps = (FIRST_LAP..).zip(LAPS);
        messages.extend(laps.map(|(id, name)| segment(id, Some(ROOT), SegmentKind::Lap, name)));
        let body = FIRST_LAP + BODY as u16;
        messages.push(segment(COPY, Some(body), SegmentKind::Span, "copy"));
        let program = ThreadDeclared {
            tid: 1,
            pid: 1,
            program: "synthetic",
        };
        messages.push(Message::ThreadDeclared(program));
        messages.push(Message::ClockCertificate(ClockCertificate {
            cpu: 0,
            tsc_hz: 1_000_000_000,
            source: ClockSource::Kernel,
            invariant: true,
            hypervisor: "",
            counts_instructions: false,
            offset_ticks: 0,
            offset_bound_ticks: 0,
        }));
        for (probe, inner_ticks, outer_ticks) in [
            (ProbeKind::Span, 12, 20),
            (ProbeKind::Lap, 4, 14),
            (ProbeKind::Dispatch, 6, 30),
        ] {
            messages.push(Message::Calibration(Calibration {
                cpu: 0,
                probe,
                inner_ticks,
                outer_ticks,
                bound_ticks: 2,
                iterations: 1000,
            }));
        }
        self.say(&messages)
    }

    /// One window that ends when so many records were written in all.
    fn window(&mut self, window: u32, until: u64) -> io::Result<()> {
        let batch = self.shape.batch.max(1);
        let benchmark = format!("synthetic/{window}/{batch}");
        let time = self.now;
        let begun = WindowBegun {
            window,
            benchmark: &benchmark,
            tid: 1,
            record_bound: u32::MAX,
            expected_operations: 0,
            time,
        };
        let begin = self.ring(window, Edge::Begin);
        self.say(&[Message::WindowBegun(begun), begin])?;
        let mut samples = Vec::new();
        let mut operations = 0;
        while self.records < until || samples.is_empty() {
            let start = self.now;
            for _ in 0..batch {
                self.dispatch()?;
            }
            operations += u64::from(batch);
            samples.push(Sample {
                start,
                ticks: self.now - start,
                window,
                operations: batch,
                metric: 0,
                flags: match samples.len() {
                    0 => SampleFlags::COLD,
                    _ => SampleFlags::empty(),
                },
            });
        }
        self.flush()?;
        let end = self.ring(window, Edge::End);
        let time = self.now;
        self.say(&[Message::WindowEnded(WindowEnded { window, time }), end])?;
        self.write_samples(&samples)?;
        self.say(&[Message::Verdict(Verdict {
            window,
            outcome: OracleOutcome::Passed,
            submitted: operations,
            completed: operations,
            failures: 0,
            detail: "",
        })])
    }

    fn ring(&self, window: u32, edge: Edge) -> Message<'static> {
        Message::WindowRing(WindowRing {
            window,
            edge,
            cpu: 0,
            context: Context::Thread,
            committed: self.records,
            dropped: 0,
        })
    }

    fn dispatch(&mut self) -> io::Result<()> {
        let start = self.now;
        let mut spans_inside = 0;
        for (index, segment) in (FIRST_LAP..).take(LAPS.len()).enumerate() {
            let duration = self.random.duration(self.shape.tail);
            if index == BODY && self.flow.is_multiple_of(4) && duration > 100 {
                let start = self.now + 20;
                self.push(Record::Span(Span {
                    start,
                    duration: duration / 2,
                    segment: COPY,
                }))?;
                spans_inside += 1;
            }
            self.push(Record::Span(Span {
                start: self.now,
                duration,
                segment,
            }))?;
            spans_inside += 1;
            self.now += duration;
        }
        let root = Root {
            start,
            duration: self.now - start,
            segment: ROOT,
            outcome: Outcome::Complete,
            spans_inside,
            dispatch: Dispatch {
                tid: 1,
                flow: self.flow,
                ..Dispatch::default()
            },
        };
        self.push(Record::Root(root))?;
        self.flow = self.flow.wrapping_add(1);
        self.now += 150;
        Ok(())
    }

    fn push(&mut self, record: Record) -> io::Result<()> {
        self.pending.push(record);
        self.records += 1;
        // Less than the shortest records a frame can hold, so that a flush never
        // leaves more than it can write at once.
        if self.pending.len() == FRAME_LENGTH_MAX / 8 {
            self.flush()
        } else {
            Ok(())
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let pending = std::mem::take(&mut self.pending);
        let mut buffer = vec![0; FRAME_LENGTH_MAX];
        let mut rest = &pending[..];
        while !rest.is_empty() {
            let mut frame = SpanFrame::new(&mut buffer);
            while let Some(record) = rest.first() {
                let pushed = match record {
                    Record::Span(span) => frame.push_span(*span),
                    Record::Root(root) => frame.push_root(root),
                };
                if pushed == Err(FrameFull) {
                    break;
                }
                rest = &rest[1..];
            }
            let origin = self.origin();
            self.to.write_all(frame.finish(origin))?;
        }
        self.pending = pending;
        self.pending.clear();
        Ok(())
    }

    fn write_samples(&mut self, samples: &[Sample]) -> io::Result<()> {
        self.samples += samples.len() as u64;
        let mut buffer = vec![0; FRAME_LENGTH_MAX];
        let mut rest = samples;
        while !rest.is_empty() {
            let mut frame = RecordFrame::new(&mut buffer);
            while let Some(sample) = rest.first()
                && frame.push(sample).is_ok()
            {
                rest = &rest[1..];
            }
            let origin = self.origin();
            self.to.write_all(frame.finish(origin))?;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        let account = RingAccount {
            cpu: 0,
            context: Context::Thread,
            begun: self.records,
            committed: self.records,
            dropped: 0,
            overwritten: 0,
            open: 0,
        };
        let end = EndOfStream {
            frames: self.sequence + 1,
            samples: self.samples,
            instants: 0,
            time: self.now,
        };
        self.say(&[Message::RingAccount(account), Message::EndOfStream(end)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::read_bytes;
    use capbench_stats::Quantile;

    #[test]
    fn a_made_stream_has_the_windows_and_records_that_were_asked_for() {
        let trace = read_bytes(&bytes(&Shape::default()), "made").unwrap();
        assert_eq!(trace.windows.len(), 2);
        assert!(trace.totals.records >= 100_000);
    }

    #[test]
    fn the_same_shape_makes_the_same_bytes() {
        let shape = Shape {
            records: 5_000,
            ..Shape::default()
        };
        assert_eq!(bytes(&shape), bytes(&shape));
        assert_ne!(bytes(&shape), bytes(&Shape { seed: 2, ..shape }));
    }

    #[test]
    fn durations_follow_the_measured_distribution() {
        let shape = Shape {
            tail: 0.0,
            windows: 1,
            ..Shape::default()
        };
        let trace = read_bytes(&bytes(&shape), "made").unwrap();
        let lap = trace.windows[0]
            .tables
            .segment(FIRST_LAP)
            .unwrap()
            .duration();
        let median = lap.quantile(Quantile::MEDIAN).unwrap().value;
        let p99 = lap.quantile(Quantile::P99).unwrap().value;
        assert!((500.0..560.0).contains(&median), "{median}");
        assert!((5500.0..6800.0).contains(&p99), "{p99}");
    }

    #[test]
    fn the_tail_is_as_long_as_asked_and_marked() {
        let shape = Shape {
            windows: 1,
            ..Shape::default()
        };
        let trace = read_bytes(&bytes(&shape), "made").unwrap();
        let lap = trace.windows[0]
            .tables
            .segment(FIRST_LAP)
            .unwrap()
            .duration();
        assert!(lap.bucketed());
        let p95 = Quantile::from_parts_per_million(930_000).unwrap();
        let p97 = Quantile::from_parts_per_million(970_000).unwrap();
        assert!(lap.quantile(p95).unwrap().value < 65_536.0);
        assert!(lap.quantile(p97).unwrap().value > 65_536.0);
    }
}
