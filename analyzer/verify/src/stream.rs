//! A small reader of one stream: windows, their samples and verdicts, and how many
//! records of each segment lie in them.
//!
//! It walks the frames twice, once for what windows are and once for what lies in
//! them, so that it keeps no record longer than it looks at it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use trace_format::control::{Message, OracleOutcome};
use trace_format::decode::{Event, Frame, Frames, Messages, SpanColumns, read_records};
use trace_format::{Context, FrameKind, Sample, SampleFlags, Span};

use crate::canonical::sha256;

/// Longest raw stream that is taken into memory, whatever a record says.
const BYTES_MAX: u64 = 1 << 30;

/// A stream as it left the guest, and what it says.
#[derive(Debug)]
pub struct Stream {
    pub sha256: String,
    pub bytes: u64,
    pub said: Result<Said, String>,
}

/// What a stream says.
#[derive(Debug, Default)]
pub struct Said {
    pub windows: Vec<Window>,
    /// The end-of-stream message arrived.
    pub ended: bool,
    /// Bytes, frames or messages that are missing or make no sense.
    pub damage: Vec<String>,
    /// The fastest clock's rate; 0 is unknown.
    pub ticks_per_second: u64,
}

/// One benchmark's window.
#[derive(Debug, Default)]
pub struct Window {
    pub benchmark: String,
    pub samples: Vec<Sample>,
    /// The oracle's word, and the first failure in words.
    pub verdict: Option<(bool, String)>,
    /// Dispatch roots in it.
    pub roots: u64,
    /// Records in it by the segment's name.
    pub segments: BTreeMap<String, Records>,
    id: u32,
    begun: u64,
    ended: Option<u64>,
}

/// Records of one segment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Records {
    pub count: u64,
    pub longest: u64,
}

/// The values of a window's samples, per operation.
#[derive(Debug, Default)]
pub struct Values {
    pub warm: Vec<f64>,
    pub cold: Option<f64>,
    /// The processor idled in a batch.
    pub idled: bool,
    /// Every sample holds as many operations as the row says.
    pub of_batch: bool,
}

impl Stream {
    /// Reads a stored stream, at most `stated` bytes of it and one more.
    pub fn read(path: &Path, stated: u64) -> Result<Self, String> {
        let file = File::open(path).map_err(|error| error.to_string())?;
        let decoder = zstd::stream::read::Decoder::new(file).map_err(|error| error.to_string())?;
        if stated > BYTES_MAX {
            return Err(format!("{stated} bytes are more than are read at once"));
        }
        let mut bytes = Vec::new();
        decoder
            .take(stated + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| format!("does not decompress: {error}"))?;
        Ok(Self {
            sha256: sha256(&bytes),
            bytes: bytes.len() as u64,
            said: Said::of(&bytes),
        })
    }
}

impl Said {
    /// Reads a raw stream.
    pub fn of(bytes: &[u8]) -> Result<Self, String> {
        let mut said = Self::default();
        let mut names = BTreeMap::new();
        let mut frames = Frames::new(bytes);
        for event in frames.by_ref() {
            match event {
                Event::Frame(frame) => said.take(&frame, &mut names),
                Event::Warning(warning) => said.damage.push(warning.to_string()),
            }
        }
        frames.outcome().map_err(|error| error.to_string())?;
        said.count(bytes, &names);
        Ok(said)
    }

    /// The window of a benchmark.
    pub fn window(&self, benchmark: &str) -> Option<&Window> {
        let mut windows = self.windows.iter();
        windows.find(|window| window.benchmark == benchmark)
    }

    fn take(&mut self, frame: &Frame, names: &mut BTreeMap<u16, String>) {
        match frame.header.kind {
            FrameKind::Control => {
                for message in Messages::new(frame) {
                    match message {
                        Ok(message) => self.message(&message, names),
                        Err(warning) => self.damage.push(warning.to_string()),
                    }
                }
            }
            FrameKind::Samples => {
                let mut samples: Vec<Sample> = Vec::new();
                if let Err(error) = read_records(frame, &mut samples) {
                    self.damage.push(error.to_string());
                }
                for sample in samples {
                    match self.find(sample.window) {
                        Some(window) => window.samples.push(sample),
                        None => self
                            .damage
                            .push(format!("a sample of no window, {}", sample.window)),
                    }
                }
            }
            _ => {}
        }
    }

    fn message(&mut self, message: &Message, names: &mut BTreeMap<u16, String>) {
        match *message {
            Message::SegmentDeclared(segment) => {
                names.insert(segment.id, segment.name.to_owned());
            }
            Message::ClockCertificate(clock) => {
                self.ticks_per_second = self.ticks_per_second.max(clock.tsc_hz);
            }
            Message::WindowBegun(begun) => self.windows.push(Window {
                id: begun.window,
                benchmark: begun.benchmark.to_owned(),
                begun: begun.time,
                ..Window::default()
            }),
            Message::WindowEnded(ended) => {
                if let Some(window) = self.find(ended.window) {
                    window.ended = Some(ended.time);
                }
            }
            Message::Verdict(verdict) => {
                if let Some(window) = self.find(verdict.window) {
                    let passed = verdict.outcome == OracleOutcome::Passed && verdict.failures == 0;
                    window.verdict = Some((passed, verdict.detail.to_owned()));
                }
            }
            Message::EndOfStream(_) => self.ended = true,
            _ => {}
        }
    }

    fn find(&mut self, id: u32) -> Option<&mut Window> {
        self.windows.iter_mut().find(|window| window.id == id)
    }

    /// The second walk: records into the windows that hold their trees.
    fn count(&mut self, bytes: &[u8], names: &BTreeMap<u16, String>) {
        let mut columns = SpanColumns::default();
        let mut rings: BTreeMap<(u16, Context), Trees> = BTreeMap::new();
        for event in Frames::new(bytes) {
            let Event::Frame(frame) = event else { continue };
            if frame.header.kind != FrameKind::Spans {
                continue;
            }
            columns.clear();
            if let Err(error) = columns.read(&frame) {
                self.damage.push(error.to_string());
            }
            let origin = frame.header.origin;
            let trees = rings.entry((origin.cpu, origin.context)).or_default();
            let mut roots = columns.roots.iter().peekable();
            for index in 0..columns.len() {
                trees.push(columns.span(index));
                if roots.next_if(|root| root.index as usize == index).is_some() {
                    self.root(columns.span(index));
                    trees.close(|tree, records| self.tree(tree, records, names));
                }
            }
        }
        for trees in rings.values_mut() {
            trees.close(|tree, records| self.tree(tree, records, names));
        }
    }

    fn root(&mut self, root: Span) {
        if let Some(window) = self.holding(root.start, root.start + root.duration) {
            window.roots += 1;
        }
    }

    fn tree(&mut self, tree: Tree, records: &[Span], names: &BTreeMap<u16, String>) {
        let Some(window) = self.holding(tree.start, tree.end) else {
            return;
        };
        for record in records {
            if let Some(name) = names.get(&record.segment) {
                let counted = window.segments.entry(name.clone()).or_default();
                counted.count += 1;
                counted.longest = counted.longest.max(record.duration);
            }
        }
    }

    fn holding(&mut self, start: u64, end: u64) -> Option<&mut Window> {
        let mut windows = self.windows.iter_mut();
        windows
            .find(|window| window.begun <= start && window.ended.is_none_or(|ended| end <= ended))
    }
}

/// A record with everything that was recorded inside it.
#[derive(Clone, Copy, Debug)]
struct Tree {
    start: u64,
    end: u64,
    /// Its first record.
    first: usize,
}

/// The trees of one ring since a root closed the last ones. Children come before
/// their parents, so a record takes in the trees that lie inside it.
#[derive(Debug, Default)]
struct Trees {
    open: Vec<Tree>,
    records: Vec<Span>,
}

impl Trees {
    fn push(&mut self, record: Span) {
        let mut first = self.records.len();
        while let Some(inner) = self.open.pop_if(|tree| tree.start >= record.start) {
            first = inner.first;
        }
        self.records.push(record);
        self.open.push(Tree {
            start: record.start,
            end: record.start + record.duration,
            first,
        });
    }

    /// No later record takes in what there is now.
    fn close(&mut self, mut take: impl FnMut(Tree, &[Span])) {
        let mut end = self.records.len();
        while let Some(tree) = self.open.pop() {
            take(tree, &self.records[tree.first..end]);
            end = tree.first;
        }
        self.records.clear();
    }
}

impl Window {
    /// Whether it was opened and closed.
    pub fn closed(&self) -> bool {
        self.ended.is_some()
    }

    /// Its values in batches of `batch` operations.
    pub fn values(&self, batch: u32) -> Values {
        let aside = SampleFlags::COLD | SampleFlags::WARM_UP;
        let mut values = Values {
            of_batch: true,
            ..Values::default()
        };
        // Other metrics of a window are not its row's.
        for sample in self.samples.iter().filter(|sample| sample.metric == 0) {
            let value = sample.ticks as f64 / f64::from(sample.operations.max(1));
            values.of_batch &= sample.operations == batch;
            values.idled |= sample.flags.contains(SampleFlags::IDLED);
            if sample.flags.contains(SampleFlags::COLD) && values.cold.is_none() {
                values.cold = Some(value);
            }
            if !sample.flags.intersects(aside) {
                values.warm.push(value);
            }
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOLDEN: &[u8] = include_bytes!("../../../tests/golden/ring-segments-v1.ktrace");

    #[test]
    fn records_of_a_dispatch_lie_in_the_window_that_holds_its_root() {
        let mut trees = Trees::default();
        let span = |start, duration| Span {
            start,
            duration,
            segment: 1,
        };
        for record in [span(1, 1), span(3, 1), span(4, 2), span(3, 4)] {
            trees.push(record);
        }
        let mut seen = Vec::new();
        trees.close(|tree, records| seen.push((tree.start, tree.end, records.len())));
        assert_eq!(seen, [(3, 7, 3), (1, 2, 1)]);
    }

    #[test]
    fn damage_is_told_and_never_ends_the_reading() {
        let whole = zstd::decode_all(GOLDEN).unwrap();
        let windows = Said::of(&whole).unwrap().windows.len();
        for at in (0..whole.len()).step_by(whole.len() / 40) {
            let mut flipped = whole.clone();
            flipped[at] ^= 0x55;
            assert_ne!(Said::of(&flipped).unwrap().damage, [""; 0], "byte {at}");
            if let Ok(cut) = Said::of(&whole[..at]) {
                assert!(!cut.ended && cut.windows.len() <= windows);
            }
        }
        assert!(Said::of(b"no stream at all").is_err());
    }
}
