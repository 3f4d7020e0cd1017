//! A trace whose every name tries to leave its field, with one record of each kind
//! and a dispatch that lost a span.

use trace_format::control::{
    Aggregation, ControlFrame, CounterDeclared, InstantDeclared, InterfaceDeclared, Message,
    SegmentDeclared, SegmentKind, ThreadDeclared, WindowBegun, WindowEnded,
};
use trace_format::frame::FRAME_LENGTH_MAX;
use trace_format::{
    Context, Counter, Dispatch, FixedRecord, Instant, Lost, Origin, Outcome, PcSample, RecordFrame,
    Root, Sample, SampleFlags, Span, SpanFrame,
};

/// Ends a JSON string, a script, a CSV field, a line, a frame of a stack.
pub const NAME: &str = "\"},{\"</script><b a='1'>;x,\\\r\n7 8\u{1}\u{2028}";

/// A kernel address without a symbol.
pub const ADDRESS: u64 = 0xffff_ffff_8100_0123;

struct Stream {
    bytes: Vec<u8>,
    frames: u32,
}

impl Stream {
    fn origin(&mut self) -> Origin {
        self.frames += 1;
        Origin {
            cpu: 0,
            context: Context::Thread,
            sequence: self.frames - 1,
            lost: Lost::default(),
        }
    }

    fn say(&mut self, messages: &[Message]) {
        let mut buffer = [0; 4096];
        let mut frame = ControlFrame::new(&mut buffer);
        for message in messages {
            message.push_to(&mut frame).unwrap();
        }
        let origin = self.origin();
        self.bytes.extend_from_slice(frame.finish(origin, 0));
    }

    fn record(&mut self, record: &impl FixedRecord) {
        let mut buffer = vec![0; FRAME_LENGTH_MAX];
        let mut frame = RecordFrame::new(&mut buffer);
        frame.push(record).unwrap();
        let origin = self.origin();
        self.bytes.extend_from_slice(frame.finish(origin));
    }

    /// Two spans, one inside the other, below a root that states `spans`.
    fn dispatch(&mut self, start: u64, spans_inside: u16) {
        self.dispatch_with(start, 20, spans_inside);
    }

    /// The same with this duration of the innermost span.
    fn dispatch_with(&mut self, start: u64, innermost: u64, spans_inside: u16) {
        let mut buffer = vec![0; FRAME_LENGTH_MAX];
        let mut frame = SpanFrame::new(&mut buffer);
        let span = |start, duration, segment| Span {
            start,
            duration,
            segment,
        };
        frame.push_span(span(start + 10, innermost, 3)).unwrap();
        frame.push_span(span(start, 50, 2)).unwrap();
        let root = Root {
            start,
            duration: 100,
            segment: 1,
            outcome: Outcome::Complete,
            spans_inside,
            dispatch: Dispatch {
                tid: 1,
                result: -5,
                ..Dispatch::default()
            },
        };
        frame.push_root(&root).unwrap();
        let origin = self.origin();
        self.bytes.extend_from_slice(frame.finish(origin));
    }
}

/// Two dispatches. In the first one a span ends before it starts, as a clock that goes
/// back leaves it in a ring.
pub fn reversed() -> Vec<u8> {
    let mut stream = Stream {
        bytes: Vec::new(),
        frames: 0,
    };
    let segment = |id, parent, kind, name| {
        Message::SegmentDeclared(SegmentDeclared {
            id,
            parent,
            kind,
            name,
        })
    };
    stream.say(&[
        segment(1, None, SegmentKind::Dispatch, "dispatch"),
        segment(2, Some(1), SegmentKind::Lap, "body"),
        segment(3, Some(2), SegmentKind::Span, "copy"),
    ]);
    stream.dispatch_with(2000, (1 << 48) - 5, 2);
    stream.dispatch(3000, 2);
    stream.bytes
}

pub fn stream() -> Vec<u8> {
    let mut stream = Stream {
        bytes: Vec::new(),
        frames: 0,
    };
    let name = NAME;
    let segment = |id, parent, kind| {
        Message::SegmentDeclared(SegmentDeclared {
            id,
            parent,
            kind,
            name,
        })
    };
    stream.say(&[
        segment(1, None, SegmentKind::Dispatch),
        segment(2, Some(1), SegmentKind::Lap),
        segment(3, Some(2), SegmentKind::Span),
        Message::InterfaceDeclared(InterfaceDeclared {
            index: 0,
            id: 1,
            name,
        }),
        Message::CounterDeclared(CounterDeclared {
            id: 0,
            aggregation: Aggregation::Sum,
            unit: name,
            name,
        }),
        Message::InstantDeclared(InstantDeclared {
            id: 1,
            name,
            a: name,
            b: "",
        }),
        Message::ThreadDeclared(ThreadDeclared {
            tid: 1,
            pid: 1,
            program: name,
        }),
        Message::WindowBegun(WindowBegun {
            window: 1,
            benchmark: name,
            tid: 1,
            record_bound: 0,
            expected_operations: 1,
            time: 1000,
        }),
    ]);
    stream.dispatch(2000, 2);
    stream.dispatch(3000, 3);
    stream.record(&Counter {
        time: 3200,
        value: u64::MAX,
        id: 0,
    });
    stream.record(&Instant {
        time: 3300,
        id: 1,
        a: 7,
        b: 8,
    });
    stream.record(&PcSample {
        time: 3400,
        address: ADDRESS,
        tid: 1,
    });
    stream.record(&Sample {
        start: 2000,
        ticks: 1200,
        window: 1,
        operations: 2,
        metric: 0,
        flags: SampleFlags::empty(),
    });
    let ended = WindowEnded {
        window: 1,
        time: 4000,
    };
    stream.say(&[Message::WindowEnded(ended)]);
    stream.bytes
}
