//! A whole trace in bounded memory: one pass from bytes to statements, windows,
//! histograms and an account of everything that is missing.
//!
//! Spans are decoded frame by frame into columns that are reused, so that memory
//! follows what a trace declares and not how long it is; only samples are kept one
//! by one. Nothing in a stream stops the reading once it began; whether its numbers
//! may be believed is for the rules to judge.

use crate::load::{self, Event, Frames, LoadError, Warning};
use crate::nesting::{RING_LIMIT, Ring, Rings};
use crate::pattern::Gathered;
use crate::segments::{self, Known};
use crate::statements::Statements;
use crate::windows::{Tables, Window, Windows, Written};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;
use trace_format::control::{Aggregation, Message, WindowCounter};
use trace_format::decode::{Frame, Messages, SpanColumns, read_records};
use trace_format::span::ends_before_it_starts;
use trace_format::{
    Context, Counter, DecodeWarning, FrameKind, Instant, Origin, PcSample, RecordError, Sample,
    Span,
};

/// Memory for everything that control messages of one stream say, all kinds together. A
/// suite's say a megabyte.
const STATEMENT_BYTES: usize = 48 << 20;

/// What a message takes beside its bytes.
const STATEMENT_OVERHEAD: usize = 128;

/// Warnings kept in full.
const WARNING_LIMIT: usize = 16;

/// A trace, read.
#[derive(Debug, Default)]
pub struct Trace {
    /// Name for evidence: the file, relative to the run directory.
    pub source: String,
    /// Its statements about itself.
    pub statements: Statements,
    /// The benchmarks' windows, in order.
    pub windows: Vec<Window>,
    /// Records outside of every window.
    pub outside: Tables,
    /// Losses and everything not understood.
    pub damage: Damage,
    /// Totals over everything that was read.
    pub totals: Totals,
    /// The records that each ring delivered, by CPU and context.
    pub rings: BTreeMap<Ring, RingTotals>,
    /// Last reading of each counter, by CPU and id.
    pub counters: BTreeMap<(u16, u16), u64>,
    /// The first counter at the edge of a window that is less than its last reading, and
    /// that reading.
    pub counters_back: Option<(WindowCounter, u64)>,
    /// Where frames came from.
    pub origins: BTreeSet<(FrameKind, u16, Context)>,
    /// When the end of the stream was written.
    pub end_written: Written,
    /// Threads with the interfaces that dispatches name.
    pub dispatched: BTreeSet<(u32, u8)>,
    /// Ids of instants that nothing declared, the first few.
    pub undeclared_instants: BTreeSet<u16>,
    /// Ids of counters that nothing declared, the first few.
    pub undeclared_counters: BTreeSet<u16>,
}

/// Totals over everything that was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Bytes of the uncompressed stream.
    pub bytes: u64,
    /// Intact frames.
    pub frames: u64,
    /// Spans and dispatch roots.
    pub records: u64,
    /// Samples.
    pub samples: u64,
    /// Instants.
    pub instants: u64,
    /// Of them context switches.
    pub switches: u64,
    /// Sampled program counters.
    pub pc_samples: u64,
    /// End of the latest span or root, or time of the latest sampled program counter.
    pub latest_record: u64,
}

/// The records that one ring delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RingTotals {
    /// Spans and roots decoded.
    pub decoded: u64,
    /// Spans and roots that its frames reported lost.
    pub lost: u64,
}

/// Losses and everything not understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Damage {
    /// Bytes that belong to no intact frame.
    pub bytes: u64,
    /// Parts of the compressed file that do not decompress.
    pub archive: u64,
    /// The stream or its archive is cut off.
    pub cut: bool,
    /// Frames that are missing.
    pub missing: u64,
    /// Frames that came again or late.
    pub out_of_order: u64,
    /// Frames with records that make no sense.
    pub malformed: u64,
    /// Control messages of a later version.
    pub unknown: u64,
    /// Statements, windows, samples and rings that found no place.
    pub left_out: u64,
    /// Records that frames of any kind reported lost.
    pub lost: u64,
    /// Of them those that a transport did not take, because it stalled.
    pub lost_in_transport: u64,
    /// The first warnings, in words.
    pub first: Vec<String>,
}

impl Damage {
    fn take(&mut self, warning: &Warning) {
        match warning {
            Warning::ArchiveCut { .. } => self.cut = true,
            Warning::ArchiveDamaged { .. } | Warning::ArchiveExpands { .. } => self.archive += 1,
            Warning::Stream(warning) => match *warning {
                DecodeWarning::Damaged { length, .. } => self.bytes += length,
                DecodeWarning::Truncated { .. } => self.cut = true,
                DecodeWarning::Missing { count, .. } => self.missing += u64::from(count),
                DecodeWarning::OutOfOrder { .. } => self.out_of_order += 1,
                DecodeWarning::Records { .. } | DecodeWarning::MalformedMessage { .. } => {
                    self.malformed += 1;
                }
                DecodeWarning::UnknownMessage { .. } => self.unknown += 1,
            },
        }
        if self.first.len() < WARNING_LIMIT {
            self.first.push(warning.to_string());
        }
    }
}

/// Reads a raw stream or a `.ktrace` from a file. `source` names it in evidence.
pub fn read_file(path: &Path, source: &str) -> Result<Trace, LoadError> {
    let frames = load::open(path)?;
    read_frames(frames, source).map_err(|error| error.at(path))
}

/// Every span, root and instant of a trace, for a consumer that must look at each.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// Spans and roots, in the order of their frames.
    pub spans: Vec<Span>,
    /// Times of instants.
    pub instants: Vec<u64>,
}

/// The same with every record kept: memory follows the length of the trace.
pub fn read_file_with_records(path: &Path, source: &str) -> Result<(Trace, Recorded), LoadError> {
    let frames = load::open(path)?;
    let mut reader = Reader::new(source);
    reader.recorded = Some(Recorded::default());
    read_into(&mut reader, frames).map_err(|error| error.at(path))?;
    let recorded = reader.recorded.take().unwrap_or_default();
    Ok((reader.finish(), recorded))
}

/// Reads a raw stream from memory.
pub fn read_bytes(bytes: &[u8], source: &str) -> Result<Trace, LoadError> {
    let path = Path::new(source);
    let (first, rest) = bytes.split_at(bytes.len().min(4));
    let frames = Frames::new(rest, first.to_vec()).map_err(|error| LoadError::Io {
        path: path.to_owned(),
        error,
    })?;
    read_frames(frames, source).map_err(|error| error.at(path))
}

enum Failure {
    Io(std::io::Error),
    Decode(trace_format::DecodeError),
}

impl Failure {
    fn at(self, path: &Path) -> LoadError {
        let path = path.to_owned();
        match self {
            Self::Io(error) => LoadError::Io { path, error },
            Self::Decode(error) => LoadError::Decode { path, error },
        }
    }
}

fn read_frames<R: Read>(frames: Frames<R>, source: &str) -> Result<Trace, Failure> {
    let mut reader = Reader::new(source);
    read_into(&mut reader, frames)?;
    Ok(reader.finish())
}

fn read_into<R: Read>(reader: &mut Reader, mut frames: Frames<R>) -> Result<(), Failure> {
    while let Some(event) = frames.next_event().map_err(Failure::Io)? {
        match event {
            Event::Frame(frame) => reader.frame(&frame),
            Event::Warning(warning) => reader.trace.damage.take(&warning),
        }
    }
    frames.outcome().map_err(Failure::Decode)?;
    reader.trace.totals.bytes = frames.offset();
    Ok(())
}

/// The pass, and what it reuses from frame to frame.
struct Reader {
    trace: Trace,
    windows: Windows,
    columns: SpanColumns,
    samples: Vec<Sample>,
    counters: Vec<Counter>,
    instants: Vec<Instant>,
    pc_samples: Vec<PcSample>,
    gathered: Gathered<<Windows as segments::Counter>::Place>,
    nestings: Rings,
    /// Per CPU; emptied by every declaration or calibration.
    known: BTreeMap<u16, Known>,
    /// Cumulative losses by source.
    lost: BTreeMap<(FrameKind, u16, Context), u64>,
    /// When each CPU wrote its last control frame.
    written: BTreeMap<u16, u64>,
    /// What control messages may have left in memory.
    statement_bytes: usize,
    /// Kept only on request.
    recorded: Option<Recorded>,
}

impl Reader {
    fn new(source: &str) -> Self {
        Self {
            trace: Trace {
                source: source.to_owned(),
                ..Trace::default()
            },
            windows: Windows::new(),
            columns: SpanColumns::default(),
            samples: Vec::new(),
            counters: Vec::new(),
            instants: Vec::new(),
            pc_samples: Vec::new(),
            gathered: Gathered::default(),
            nestings: Rings::default(),
            known: BTreeMap::new(),
            lost: BTreeMap::new(),
            written: BTreeMap::new(),
            statement_bytes: 0,
            recorded: None,
        }
    }

    fn frame(&mut self, frame: &Frame) {
        self.trace.totals.frames += 1;
        let origin = frame.header.origin;
        self.losses(frame.header.kind, &origin);
        let read = match frame.header.kind {
            FrameKind::Control => {
                self.messages(frame);
                return;
            }
            FrameKind::Spans => self.spans(frame),
            FrameKind::Samples => self.samples(frame),
            FrameKind::Counters => self.counters(frame),
            FrameKind::Instants => self.instants(frame),
            FrameKind::PcSamples => self.pc_samples(frame),
        };
        if let Err(error) = read {
            let warning = DecodeWarning::Records {
                sequence: origin.sequence,
                error,
            };
            self.trace.damage.take(&warning.into());
        }
    }

    /// Notes what the frame's source lost since its frame before.
    fn losses(&mut self, kind: FrameKind, origin: &Origin) {
        let source = (kind, origin.cpu, origin.context);
        if self.lost.len() >= 2 * RING_LIMIT && !self.lost.contains_key(&source) {
            self.trace.damage.left_out += 1;
            return;
        }
        let total = origin
            .lost
            .ring_full
            .saturating_add(origin.lost.overwritten);
        let total = total.saturating_add(origin.lost.transport);
        let before = self.lost.insert(source, total).unwrap_or(0);
        // A source that reports less than before is out of order, and reported so there.
        let new = total.saturating_sub(before);
        if new == 0 {
            return;
        }
        let damage = &mut self.trace.damage;
        damage.lost = damage.lost.saturating_add(new);
        damage.lost_in_transport = damage.lost_in_transport.max(origin.lost.transport);
        self.windows.lost(new);
        if kind == FrameKind::Spans {
            let ring = self
                .trace
                .rings
                .entry((origin.cpu, origin.context))
                .or_default();
            ring.lost = ring.lost.saturating_add(new);
        }
    }

    fn messages(&mut self, frame: &Frame) {
        self.statement_bytes += frame.payload.len();
        let (cpu, at) = (frame.header.origin.cpu, frame.header.first_time);
        let written = Written {
            after: self.written.insert(cpu, at).unwrap_or(0),
            at,
        };
        for message in Messages::new(frame) {
            self.statement_bytes += STATEMENT_OVERHEAD;
            match message {
                // Where everything else may have come from is worth its place.
                Ok(message)
                    if self.statement_bytes > STATEMENT_BYTES
                        && !matches!(message, Message::EndOfStream(_)) =>
                {
                    self.trace.damage.left_out += 1;
                }
                Ok(message) => {
                    if matches!(
                        message,
                        Message::SegmentDeclared(_) | Message::Calibration(_)
                    ) {
                        self.known.clear();
                    }
                    if matches!(message, Message::EndOfStream(_)) {
                        self.trace.end_written = written;
                    }
                    if let Message::WindowCounter(counter) = &message {
                        self.counted(counter);
                    }
                    self.trace.statements.take(&message);
                    self.windows.take(&message, written, &self.trace.rings);
                }
                Err(warning) => self.trace.damage.take(&warning.into()),
            }
        }
    }

    /// Holds a counter at the edge of a window against its last reading: one that is
    /// summed up never goes back.
    fn counted(&mut self, counter: &WindowCounter) {
        let key = (counter.cpu, counter.counter);
        let declared = self.trace.statements.counters.get(&counter.counter);
        let is_sum = declared.is_some_and(|declared| declared.aggregation == Aggregation::Sum);
        let known = self.trace.counters.get(&key).copied();
        if is_sum && known.is_some_and(|known| counter.value < known) {
            self.trace
                .counters_back
                .get_or_insert((*counter, known.unwrap_or(0)));
        }
    }

    fn spans(&mut self, frame: &Frame) -> Result<(), RecordError> {
        let ring = (frame.header.origin.cpu, frame.header.origin.context);
        let Some(nesting) = self.nestings.of(ring) else {
            self.trace.damage.left_out += 1;
            return Ok(());
        };
        self.columns.clear();
        let read = self.columns.read(frame);
        let count = self.columns.len() as u64;
        let totals = &mut self.trace.totals;
        totals.records += count;
        // Ends of a frame rise, or a rule objects to it.
        let columns = &self.columns;
        let edges = [0, columns.len().saturating_sub(1)];
        for at in edges.into_iter().filter(|at| *at < columns.len()) {
            if !ends_before_it_starts(columns.duration[at]) {
                totals.latest_record = totals.latest_record.max(columns.end[at]);
            }
        }
        self.trace.rings.entry(ring).or_default().decoded += count;
        if let Some(recorded) = &mut self.recorded {
            let spans = (0..self.columns.len()).map(|index| self.columns.span(index));
            recorded.spans.extend(spans);
        }
        let statements = &self.trace.statements;
        let known = self
            .known
            .entry(ring.0)
            .or_insert_with(|| Known::new(statements, ring.0));
        let (gathered, windows) = (&mut self.gathered, &mut self.windows);
        segments::count(nesting, &self.columns, known, gathered, windows);
        read.map(|_| ())
    }

    fn samples(&mut self, frame: &Frame) -> Result<(), RecordError> {
        self.samples.clear();
        let read = read_records(frame, &mut self.samples);
        self.trace.totals.samples += self.samples.len() as u64;
        for sample in self.samples.drain(..) {
            self.windows.sample(sample);
        }
        read.map(|_| ())
    }

    fn counters(&mut self, frame: &Frame) -> Result<(), RecordError> {
        self.counters.clear();
        let read = read_records(frame, &mut self.counters);
        let cpu = frame.header.origin.cpu;
        for counter in self.counters.drain(..) {
            // A reading of what was never declared has no meaning to keep.
            if !self.trace.statements.counters.contains_key(&counter.id) {
                keep_first(&mut self.trace.undeclared_counters, counter.id);
                continue;
            }
            let (known, key) = (&mut self.trace.counters, (cpu, counter.id));
            if known.len() < crate::statements::LIMIT || known.contains_key(&key) {
                known.insert(key, counter.value);
            } else {
                self.trace.damage.left_out += 1;
            }
        }
        read.map(|_| ())
    }

    /// Only counted here: a profile reads them itself.
    fn pc_samples(&mut self, frame: &Frame) -> Result<(), RecordError> {
        self.pc_samples.clear();
        let read = read_records(frame, &mut self.pc_samples);
        let totals = &mut self.trace.totals;
        totals.pc_samples += self.pc_samples.len() as u64;
        let latest = self.pc_samples.iter().map(|sample| sample.time).max();
        totals.latest_record = totals.latest_record.max(latest.unwrap_or(0));
        read.map(|_| ())
    }

    fn instants(&mut self, frame: &Frame) -> Result<(), RecordError> {
        self.instants.clear();
        let read = read_records(frame, &mut self.instants);
        let totals = &mut self.trace.totals;
        totals.instants += self.instants.len() as u64;
        totals.switches += self
            .instants
            .iter()
            .filter(|i| i.id == Instant::SWITCH)
            .count() as u64;
        if let Some(recorded) = &mut self.recorded {
            let times = self.instants.iter().map(|instant| instant.time);
            recorded.instants.extend(times);
        }
        let declared = &self.trace.statements.instants;
        for instant in &self.instants {
            match declared.get(&instant.id) {
                Some(kind) if kind.is_bucket() => self.windows.bucket(instant),
                Some(_) => {}
                None => keep_first(&mut self.trace.undeclared_instants, instant.id),
            }
        }
        read.map(|_| ())
    }

    fn finish(mut self) -> Trace {
        for (_, mut nesting) in self.nestings {
            let Ok(()) = nesting.finish(&mut self.windows);
        }
        let Windows {
            list,
            outside,
            strays,
            subjects,
            ..
        } = self.windows;
        self.trace.origins = self.lost.into_keys().collect();
        self.trace.dispatched = subjects;
        self.trace.damage.left_out += strays + self.trace.statements.left_out;
        self.trace.windows = list;
        self.trace.outside = outside;
        self.trace
    }
}

/// Ids that say enough about all of their kind.
const FIRST_IDS: usize = 8;

fn keep_first(ids: &mut BTreeSet<u16>, id: u16) {
    if ids.len() < FIRST_IDS {
        ids.insert(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trace_format::Lost;
    use trace_format::control::{ControlFrame, InstantDeclared};
    use trace_format::frame::FRAME_LENGTH_MAX;

    /// Long names under ever new ids: each kind alone would keep a GiB of them.
    #[test]
    fn all_statements_of_a_stream_share_one_budget() {
        let name = "n".repeat(60_000);
        let mut stream = Vec::new();
        for id in 0..2048 {
            let mut buffer = vec![0; FRAME_LENGTH_MAX];
            let mut frame = ControlFrame::new(&mut buffer);
            let declared = InstantDeclared {
                id,
                name: &name,
                a: "",
                b: "",
            };
            Message::InstantDeclared(declared)
                .push_to(&mut frame)
                .unwrap();
            let origin = Origin {
                cpu: 0,
                context: Context::Thread,
                sequence: u32::from(id),
                lost: Lost::default(),
            };
            stream.extend_from_slice(frame.finish(origin, 0));
        }
        let trace = read_bytes(&stream, "made").unwrap();
        let kept = trace.statements.instants.len() * name.len();
        assert!(kept <= STATEMENT_BYTES, "{kept}");
        assert!(trace.statements.instants.len() > 100);
        let all = trace.damage.left_out + trace.statements.instants.len() as u64;
        assert_eq!(all, 2048, "what found no place is counted");
    }
}
