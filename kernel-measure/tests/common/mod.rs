//! A recorder on the host: leaked memory, a wire that can refuse, and a reader
//! of what went over it.

#![allow(dead_code)] // each test program uses part of it

use kernel_measure::control::Message;
use kernel_measure::{
    Config, Context, Layout, Measure, Mode, Sample, Slot, Transport, TransportError,
};
use std::sync::{Arc, Mutex};
use trace_format::decode::{Event, Frames, Messages, SpanColumns, read_records};
use trace_format::{Counter, FrameHeader, FrameKind, Instant, Root, Span};

/// Everything small, so that rings fill.
pub const SMALL: Layout = Layout {
    spans: [32, 16, 8],
    instants: [16, 8, 0],
    samples: 16,
};

/// What went over the wire, and what it will do next.
#[derive(Default)]
pub struct WireState {
    pub bytes: Vec<u8>,
    /// Frames to refuse.
    pub refuse: u32,
}

/// A transport into memory.
#[derive(Clone, Default)]
pub struct Wire(pub Arc<Mutex<WireState>>);

impl Transport for Wire {
    fn send(&mut self, bytes: &[u8]) -> Result<(), TransportError> {
        let mut state = self.0.lock().unwrap();
        if state.refuse > 0 {
            state.refuse -= 1;
            return Err(TransportError::Stalled);
        }
        state.bytes.extend_from_slice(bytes);
        Ok(())
    }
}

impl Wire {
    pub fn refuse(&self, frames: u32) {
        self.0.lock().unwrap().refuse = frames;
    }

    pub fn decode(&self) -> Decoded {
        Decoded::read(self.0.lock().unwrap().bytes.clone())
    }
}

/// A recorder with its configuration changed by `change`, started.
pub fn start(
    layout: Layout,
    change: impl FnOnce(&mut Config<'static>),
) -> (&'static Measure<1>, Wire) {
    let measure: &'static Measure<1> = Box::leak(Box::new(Measure::new()));
    let wire = start_this(measure, layout, change);
    (measure, wire)
}

pub fn start_this<const CPUS: usize>(
    measure: &'static Measure<CPUS>,
    layout: Layout,
    change: impl FnOnce(&mut Config<'static>),
) -> Wire {
    let wire = Wire::default();
    let memory = vec![Slot::EMPTY; layout.slots(CPUS)].leak();
    let transport = Box::leak(Box::new(wire.clone()));
    let mut config = Config::new("test-kernel", "test-build", layout, memory, transport);
    change(&mut config);
    measure.start(0, config).unwrap();
    wire
}

pub fn discard(_: &mut Config<'static>) {}

pub fn overwrite(config: &mut Config<'static>) {
    config.mode = Mode::Overwrite;
}

/// A span or a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    Span(Span),
    Root(Root),
}

impl Record {
    pub fn segment(&self) -> u16 {
        match self {
            Record::Span(span) => span.segment,
            Record::Root(root) => root.segment,
        }
    }
}

/// A decoded stream.
#[derive(Default)]
pub struct Decoded {
    pub headers: Vec<FrameHeader>,
    /// By CPU and context.
    pub records: Vec<(u16, Context, Record)>,
    pub instants: Vec<(Context, Instant)>,
    pub samples: Vec<Sample>,
    pub counters: Vec<(Context, Counter)>,
    pub messages: Vec<Message<'static>>,
}

impl Decoded {
    /// Decodes a stream that must have no blemish.
    pub fn read(bytes: Vec<u8>) -> Decoded {
        let mut decoded = Decoded::default();
        for event in Frames::new(bytes.leak()) {
            let frame = match event {
                Event::Frame(frame) => frame,
                Event::Warning(warning) => panic!("{warning}"),
            };
            let origin = frame.header.origin;
            decoded.headers.push(frame.header);
            match frame.header.kind {
                FrameKind::Spans => {
                    let mut columns = SpanColumns::default();
                    columns.read(&frame).unwrap();
                    let mut roots = columns.roots.iter().peekable();
                    for index in 0..columns.len() {
                        let at = roots.next_if(|at| at.index as usize == index);
                        let record = match at {
                            Some(at) => Record::Root(columns.root(at)),
                            None => Record::Span(columns.span(index)),
                        };
                        decoded.records.push((origin.cpu, origin.context, record));
                    }
                }
                FrameKind::Samples => {
                    read_records(&frame, &mut decoded.samples).unwrap();
                }
                FrameKind::Counters => {
                    let mut counters = Vec::new();
                    read_records(&frame, &mut counters).unwrap();
                    let counters = counters.into_iter();
                    decoded
                        .counters
                        .extend(counters.map(|counter| (origin.context, counter)));
                }
                FrameKind::Instants => {
                    let mut instants = Vec::new();
                    read_records(&frame, &mut instants).unwrap();
                    let instants = instants.into_iter();
                    decoded
                        .instants
                        .extend(instants.map(|instant| (origin.context, instant)));
                }
                FrameKind::Control => {
                    for message in Messages::new(&frame) {
                        decoded.messages.push(message.unwrap());
                    }
                }
                FrameKind::PcSamples => panic!("nobody samples program counters"),
            }
        }
        decoded
    }

    /// Records of one context of CPU 0.
    pub fn of(&self, context: Context) -> Vec<Record> {
        self.on(0, context)
    }

    /// Records of one context of one CPU.
    pub fn on(&self, cpu: u16, context: Context) -> Vec<Record> {
        let of = self.records.iter();
        of.filter(|(on, of, _)| (*on, *of) == (cpu, context))
            .map(|(_, _, record)| *record)
            .collect()
    }

    pub fn segments(&self, context: Context) -> Vec<u16> {
        self.of(context).iter().map(Record::segment).collect()
    }
}
