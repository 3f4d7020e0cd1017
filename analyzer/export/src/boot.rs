//! One boot's trace, record by record.
//!
//! A trace is read twice: first for what it declares (which ends up complete, in
//! memory that follows the declarations), then for its records, one frame at a
//! time. Nothing here holds more than a frame and an open tree, but for the
//! samples, which the first reading keeps.

use std::path::PathBuf;

use capbench_frames::load::{self, Event, LoadError};
use capbench_frames::nesting::{Facts, Ring, Rings, Sink, Tree};
use capbench_frames::statements::{InstantKind, Statements};
use capbench_frames::trace::{Trace, read_file};
use trace_format::decode::{Frame, SpanColumns, read_records};
use trace_format::{Context, Counter, FixedRecord, FrameKind, Instant, PcSample};

use crate::error::ExportError;

/// A trace with the name it goes by.
#[derive(Debug)]
pub struct Boot {
    /// Stem of the trace's file: `capos-ring-segments-1`.
    pub stem: String,
    /// Where the trace lies.
    pub path: PathBuf,
    /// Its statements about itself.
    pub trace: Trace,
}

impl Boot {
    /// Reads what the trace declares.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or holds no trace.
    pub fn open(stem: impl Into<String>, path: impl Into<PathBuf>) -> Result<Self, LoadError> {
        let (stem, path) = (stem.into(), path.into());
        let trace = read_file(&path, &stem)?;
        Ok(Self { stem, path, trace })
    }

    /// Its declarations.
    pub fn statements(&self) -> &Statements {
        &self.trace.statements
    }

    /// What its kernel says it was built and configured with, in one line.
    pub fn features(&self) -> String {
        let session = self.statements().session.as_ref();
        session.map_or_else(String::new, |session| session.features.join(", "))
    }

    /// The unit of one tick of its clock.
    pub fn unit(&self) -> Tick {
        let mut clocks = self.statements().clocks.values().peekable();
        if clocks.peek().is_some() && clocks.all(|clock| clock.counts_instructions) {
            return Tick::Instruction;
        }
        let rates = self.statements().clocks.values();
        match rates.map(|clock| clock.tsc_hz).max() {
            Some(hz) if hz > 0 => Tick::Counted { hz },
            _ => Tick::Unknown,
        }
    }

    /// Walks over its records.
    pub(crate) fn walk(&self, visitor: &mut impl Visitor) -> Result<(), ExportError> {
        let mut frames = load::open(&self.path)?;
        let mut pass = Pass {
            facts: Facts::uncalibrated(self.statements()),
            rings: Rings::default(),
            columns: SpanColumns::default(),
        };
        let failed = ExportError::io(&self.path);
        loop {
            match frames.next_event() {
                Err(error) => return Err(failed(error)),
                Ok(None) => break,
                // The first reading reported what is missing.
                Ok(Some(Event::Warning(_))) => {}
                Ok(Some(Event::Frame(frame))) => pass.frame(&frame, visitor)?,
            }
        }
        pass.finish(visitor)
    }
}

/// The unit of one tick of a boot's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tick {
    /// One guest instruction: not a time.
    Instruction,
    /// One increment of a time-stamp counter of known rate.
    Counted {
        /// Ticks per second.
        hz: u64,
    },
    /// One increment of a time-stamp counter of unknown rate.
    Unknown,
}

impl Tick {
    /// The unit in words.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Instruction => "instructions",
            Self::Counted { .. } | Self::Unknown => "tsc_ticks",
        }
    }
}

/// Takes the records of a boot. Frames come in the order of the stream, so times
/// ascend within a ring and not across rings.
pub(crate) trait Visitor {
    /// A closed segment tree.
    fn tree(&mut self, _ring: Ring, _tree: &Tree) -> Result<(), ExportError> {
        Ok(())
    }

    /// Something that happened.
    fn instant(&mut self, _ring: Ring, _instant: &Instant) -> Result<(), ExportError> {
        Ok(())
    }

    /// A reading of a counter.
    fn counter(&mut self, _ring: Ring, _counter: &Counter) -> Result<(), ExportError> {
        Ok(())
    }

    /// Where a thread was.
    fn pc_sample(&mut self, _ring: Ring, _sample: &PcSample) -> Result<(), ExportError> {
        Ok(())
    }
}

/// Hands the trees of one ring to a visitor.
struct OfRing<'a, V> {
    ring: Ring,
    visitor: &'a mut V,
}

impl<V: Visitor> Sink for OfRing<'_, V> {
    type Error = ExportError;

    fn tree(&mut self, tree: Tree) -> Result<(), ExportError> {
        self.visitor.tree(self.ring, &tree)
    }
}

struct Pass {
    facts: Facts,
    rings: Rings,
    columns: SpanColumns,
}

impl Pass {
    fn frame(&mut self, frame: &Frame, visitor: &mut impl Visitor) -> Result<(), ExportError> {
        let ring = (frame.header.origin.cpu, frame.header.origin.context);
        match frame.header.kind {
            FrameKind::Spans => {
                // The first reading reports what it left out by the same limit.
                let Some(nesting) = self.rings.of(ring) else {
                    return Ok(());
                };
                self.columns.clear();
                // Records in front of a malformed one are good; that there is one
                // was reported by the first reading.
                let _ = self.columns.read(frame);
                nesting.take(&self.columns, &self.facts, &mut OfRing { ring, visitor })
            }
            FrameKind::Instants => records(frame)
                .iter()
                .try_for_each(|instant: &Instant| visitor.instant(ring, instant)),
            FrameKind::Counters => records(frame)
                .iter()
                .try_for_each(|counter: &Counter| visitor.counter(ring, counter)),
            FrameKind::PcSamples => records(frame)
                .iter()
                .try_for_each(|sample: &PcSample| visitor.pc_sample(ring, sample)),
            FrameKind::Control | FrameKind::Samples => Ok(()),
        }
    }

    fn finish(self, visitor: &mut impl Visitor) -> Result<(), ExportError> {
        for (ring, mut nesting) in self.rings {
            nesting.finish(&mut OfRing { ring, visitor })?;
        }
        Ok(())
    }
}

fn records<R: FixedRecord>(frame: &Frame) -> Vec<R> {
    let mut records = Vec::new();
    let _ = read_records(frame, &mut records);
    records
}

/// Name of an instant and of its two arguments.
pub(crate) fn instant_names(statements: &Statements, id: u16) -> (String, String, String) {
    if id == Instant::SWITCH {
        return ("switch".into(), "from".into(), "to".into());
    }
    match statements.instants.get(&id) {
        Some(InstantKind { name, a, b }) => (name.clone(), a.clone(), b.clone()),
        None => (format!("instant {id}"), "a".into(), "b".into()),
    }
}

/// A context's name.
pub(crate) const fn context_name(context: Context) -> &'static str {
    match context {
        Context::Thread => "thread",
        Context::Irq => "irq",
        Context::Nmi => "nmi",
    }
}
