//! A small stream that goes wrong exactly where it is told to, for tests of whoever
//! reads or judges streams.

use trace_format::control::{
    Aggregation, ControlFrame, CounterDeclared, Edge, EndOfStream, Message, OracleOutcome,
    RingAccount, RingMode, SegmentDeclared, SegmentKind, Session, ThreadDeclared, Verdict,
    WindowBegun, WindowCounter, WindowEnded, WindowRing,
};
use trace_format::{
    Context, Dispatch, Lost, Origin, Outcome, RecordFrame, Root, Sample, SampleFlags, Span,
    SpanFrame,
};

/// The one benchmark of a story.
pub const BENCHMARK: &str = "ring/nop/16";
const DISPATCH: u16 = 1;
const LAPS: [u16; 2] = [2, 3];
const UNDECLARED: u16 = 9;
const COUNTER: u16 = 1;

/// Operations per batch, batches, and where they lie in time.
const BATCH: u64 = 16;
const BATCHES: u64 = 4;
const WINDOW_BEGIN: u64 = 10_000;
const LAP: u64 = 100;

/// What goes wrong; by default nothing.
#[derive(Clone, Default)]
#[allow(missing_docs)] // each is named for what goes wrong
pub struct Story {
    pub features: &'static str,
    pub extra: Vec<Message<'static>>,
    pub silent: bool,
    pub unfinished: bool,
    pub endless: bool,
    pub intended: Option<u64>,
    pub dropped_inside: u64,
    pub dropped_before: u64,
    pub frame_lost: u64,
    pub wrong_results: u64,
    pub mute: bool,
    pub unsent: u64,
    pub open: u64,
    pub no_accounts: bool,
    pub unseen: u64,
    pub unsubmitted: u64,
    pub consumed: Option<u64>,
    pub backwards: bool,
    pub early_sample: bool,
    pub late_record: bool,
    pub undrained: u64,
    pub claimed_spans: u16,
    pub overlapping: bool,
    pub no_dispatches: bool,
    pub undeclared_segment: bool,
    pub short_sample: bool,
    pub sample_operations: Option<u32>,
    /// Ticks and flags of the loop that a second instrument watches.
    pub looped: Option<(u64, SampleFlags)>,
}

#[derive(Default)]
struct Writer {
    frames: Vec<Vec<u8>>,
    /// When control frames are written.
    time: u64,
    lost: Lost,
}

impl Writer {
    fn origin(&self) -> Origin {
        let sequence = self.frames.len() as u32;
        Origin {
            cpu: 0,
            context: Context::Thread,
            sequence,
            lost: Lost::default(),
        }
    }

    fn say(&mut self, messages: &[Message]) {
        let mut buffer = vec![0; 4096];
        let mut frame = ControlFrame::new(&mut buffer);
        for message in messages {
            message.push_to(&mut frame).unwrap();
        }
        let frame = frame.finish(self.origin(), self.time).to_vec();
        self.frames.push(frame);
    }

    fn samples(&mut self, samples: &[Sample]) {
        let mut buffer = vec![0; 4096];
        let mut frame = RecordFrame::new(&mut buffer);
        for sample in samples {
            frame.push(sample).unwrap();
        }
        let frame = frame.finish(self.origin()).to_vec();
        self.frames.push(frame);
    }
}

impl Story {
    /// The stream.
    pub fn bytes(&self) -> Vec<u8> {
        self.frames().concat()
    }

    /// The same, frame by frame.
    pub fn frames(&self) -> Vec<Vec<u8>> {
        let mut writer = Writer::default();
        self.declare(&mut writer);
        let operations = BATCH * BATCHES;
        let begun = WindowBegun {
            window: 1,
            benchmark: BENCHMARK,
            tid: 1,
            record_bound: 1000,
            expected_operations: self.intended.unwrap_or(operations),
            time: WINDOW_BEGIN,
        };
        writer.time = WINDOW_BEGIN + 1;
        writer.say(&[
            Message::WindowBegun(begun),
            self.ring(Edge::Begin, 0, self.dropped_before),
        ]);
        let (records, end) = self.spans(&mut writer);
        if !self.endless {
            let ended = WindowEnded {
                window: 1,
                time: match self.late_record {
                    true => end - 2 * LAP,
                    false => end + 1000,
                },
            };
            let dropped = self.dropped_before + self.dropped_inside;
            writer.time = end + 1001;
            let ring = self.ring(Edge::End, records + self.undrained, dropped);
            writer.say(&[Message::WindowEnded(ended), ring]);
        }
        if let Some(consumed) = self.consumed {
            let count = |edge, value| {
                let (window, cpu, counter) = (1, 0, COUNTER);
                Message::WindowCounter(WindowCounter {
                    window,
                    edge,
                    cpu,
                    counter,
                    value,
                })
            };
            writer.say(&[count(Edge::Begin, 30), count(Edge::End, 30 + consumed)]);
        }
        writer.samples(&self.samples());
        if !self.mute {
            writer.say(&[Message::Verdict(Verdict {
                window: 1,
                outcome: match self.wrong_results {
                    0 => OracleOutcome::Passed,
                    _ => OracleOutcome::Failed,
                },
                submitted: operations,
                completed: operations - self.unseen,
                failures: self.wrong_results,
                detail: if self.wrong_results > 0 {
                    "user_data 7, expected 6"
                } else {
                    ""
                },
            })]);
        }
        for message in &self.extra {
            writer.say(&[*message]);
        }
        if !self.unfinished {
            self.finish(&mut writer, records);
        }
        writer.frames
    }

    fn declare(&self, writer: &mut Writer) {
        let session = Session {
            build_id: "test",
            kernel: "test",
            variant: "segments",
            features: self.features,
            cpus: 1,
            ring_mode: RingMode::Discard,
            ring_slots: 1024,
        };
        let segment = |id, parent, kind, name| {
            Message::SegmentDeclared(SegmentDeclared {
                id,
                parent,
                kind,
                name,
            })
        };
        let program = ThreadDeclared {
            tid: 1,
            pid: 2,
            program: "ring-nop",
        };
        let mut messages = vec![
            segment(DISPATCH, None, SegmentKind::Dispatch, "dispatch"),
            segment(LAPS[0], Some(DISPATCH), SegmentKind::Lap, "validate"),
            segment(LAPS[1], Some(DISPATCH), SegmentKind::Lap, "body"),
            Message::ThreadDeclared(program),
        ];
        if self.consumed.is_some() {
            let (id, aggregation) = (COUNTER, Aggregation::Sum);
            let (unit, name) = ("entries", "sqe_consumed");
            let declared = CounterDeclared {
                id,
                aggregation,
                unit,
                name,
            };
            messages.push(Message::CounterDeclared(declared));
        }
        if !self.silent {
            messages.insert(0, Message::Session(session));
        }
        writer.say(&messages);
    }

    fn ring(&self, edge: Edge, committed: u64, dropped: u64) -> Message<'static> {
        let context = Context::Thread;
        Message::WindowRing(WindowRing {
            window: 1,
            edge,
            cpu: 0,
            context,
            committed,
            dropped,
        })
    }

    /// Writes all dispatches; returns the number of records and the last end.
    fn spans(&self, writer: &mut Writer) -> (u64, u64) {
        let mut buffer = vec![0; 65536];
        let mut frame = SpanFrame::new(&mut buffer);
        let mut records = 0;
        let mut start = WINDOW_BEGIN + 100;
        let dispatches = match self.no_dispatches {
            true => 0,
            false => BATCH * BATCHES + self.unsubmitted,
        };
        for number in 0..dispatches {
            let odd = number == 5;
            let first = if odd && self.undeclared_segment {
                UNDECLARED
            } else {
                LAPS[0]
            };
            let begin = if odd && self.backwards {
                start - 5 * LAP
            } else {
                start
            };
            let second = if odd && self.overlapping {
                start + LAP / 2
            } else {
                start + LAP
            };
            let end = start + 2 * LAP;
            let mut push = |start, duration, segment| {
                frame
                    .push_span(Span {
                        start,
                        duration,
                        segment,
                    })
                    .unwrap();
            };
            push(begin, LAP, first);
            push(second, end - second, LAPS[1]);
            let root = Root {
                start,
                duration: 2 * LAP,
                segment: DISPATCH,
                outcome: Outcome::Complete,
                spans_inside: LAPS.len() as u16 + if odd { self.claimed_spans } else { 0 },
                dispatch: Dispatch {
                    tid: 1,
                    flow: number as u32,
                    interface: Dispatch::NO_INTERFACE,
                    ..Dispatch::default()
                },
            };
            frame.push_root(&root).unwrap();
            records += 3;
            start = end + LAP;
        }
        writer.lost.ring_full = self.frame_lost;
        let origin = Origin {
            lost: writer.lost,
            ..writer.origin()
        };
        let bytes = frame.finish(origin).to_vec();
        writer.frames.push(bytes);
        (records, start)
    }

    fn samples(&self) -> Vec<Sample> {
        let period = 3 * LAP * BATCH;
        let looped = self.looped.map(|(ticks, flags)| Sample {
            start: WINDOW_BEGIN + 50,
            ticks,
            window: 1,
            operations: (BATCH * BATCHES) as u32,
            metric: 1,
            flags,
        });
        (0..BATCHES)
            .map(|batch| Sample {
                start: if self.early_sample && batch == 0 {
                    WINDOW_BEGIN - 50
                } else {
                    WINDOW_BEGIN + 50 + batch * period
                },
                ticks: if self.short_sample && batch == 2 {
                    2 * LAP * BATCH - 1
                } else {
                    period
                },
                window: 1,
                operations: match self.sample_operations {
                    Some(operations) if batch == 2 => operations,
                    _ => BATCH as u32,
                },
                metric: 0,
                flags: if batch == 0 {
                    SampleFlags::COLD
                } else {
                    SampleFlags::empty()
                },
            })
            .chain(looped)
            .collect()
    }

    fn finish(&self, writer: &mut Writer, decoded: u64) {
        let dropped = self.dropped_before + self.dropped_inside;
        let committed = decoded + self.unsent;
        writer.time = 1 << 40;
        let account = Message::RingAccount(RingAccount {
            cpu: 0,
            context: Context::Thread,
            begun: committed + dropped + self.open,
            committed,
            dropped,
            overwritten: 0,
            open: self.open,
        });
        let end = Message::EndOfStream(EndOfStream {
            frames: writer.frames.len() as u32 + 1,
            samples: BATCHES + u64::from(self.looped.is_some()),
            instants: 0,
            time: 1 << 40,
        });
        if self.no_accounts {
            writer.say(&[end]);
        } else {
            writer.say(&[account, end]);
        }
    }
}
