//! A small reader of one stream: everything it says that a rule asks for.
//!
//! It walks the frames twice, once for what the stream says and once for what its
//! records add up to, so that it keeps no record longer than its tree is open.
//!
//! Memory: a stream is read whole; of what it says, statements of each kind are
//! kept up to [`STATEMENTS_MAX`], and samples and other values up to the run's
//! [`Budget`]. What found no place is counted as damage.

mod damage;
mod records;
mod statements;
mod tree;
mod window;

pub use damage::Damage;
pub use records::{Records, Tables};
pub use statements::Statements;
pub use window::{Values, Window};

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;

use trace_format::control::Message;
use trace_format::decode::{Event, Frame, Frames, Messages, read_records};
use trace_format::{Context, FrameKind, Instant, Origin, RecordError, Sample};

use crate::canonical::sha256;

/// Longest raw stream that is taken into memory, whatever a record says.
const BYTES_MAX: u64 = 1 << 30;

/// A trace that repeats itself shrinks to a hundredth. What is said to expand further, but
/// for a short one, is not read.
const EXPANSION_MAX: u64 = 1024;
const EXPANSION_FREE: u64 = 16 << 20;

/// Memory for everything that control messages of one stream say, and what each takes
/// beside its bytes.
const STATEMENT_BYTES_MAX: usize = 48 << 20;
const STATEMENT_OVERHEAD: usize = 128;

/// Most statements of one kind: as many as the reader of everybody else keeps, so that
/// neither objects to what the other takes.
pub const STATEMENTS_MAX: usize = 1 << 14;

/// Most of one kind about one window.
const WINDOW_STATEMENTS_MAX: usize = 1 << 12;

/// Most windows of one stream; a suite has dozens.
const WINDOWS_MAX: usize = 1024;

/// Values that all streams of a run may leave in memory, at some 40 bytes each: a
/// real run leaves a hundredth of it.
pub const VALUES_MAX: usize = 1 << 25;

/// Values that may still be kept.
#[derive(Debug)]
pub struct Budget(usize);

impl Budget {
    pub const fn new(values: usize) -> Self {
        Self(values)
    }

    /// Takes room for one value, if there is any.
    fn take(&mut self) -> bool {
        let left = self.0.checked_sub(1);
        self.0 = left.unwrap_or(0);
        left.is_some()
    }
}

/// A stream as it left the guest, and what it says.
#[derive(Debug)]
pub struct Stream {
    pub sha256: String,
    pub bytes: u64,
    pub said: Result<Said, String>,
}

/// The statements of a stream.
#[derive(Debug, Default)]
pub struct Said {
    pub windows: Vec<Window>,
    pub statements: Statements,
    pub damage: Damage,
    /// What its records outside of every window add up to.
    pub outside: Tables,
    /// The records that each ring delivered, by CPU and context.
    pub rings: BTreeMap<(u16, Context), Delivered>,
    pub totals: Totals,
    /// Cumulative losses by what reported them.
    lost: BTreeMap<(FrameKind, u16, Context), u64>,
    /// What its control messages may have left in memory.
    statement_bytes: usize,
}

/// The records that one ring delivered.
#[derive(Clone, Copy, Debug, Default)]
pub struct Delivered {
    pub decoded: u64,
    /// Losses, as its frames state them.
    pub lost: u64,
}

/// Totals over everything that was read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    pub frames: u64,
    pub samples: u64,
    pub instants: u64,
}

impl Stream {
    /// Reads a stored stream, at most `stated` bytes of it and one more.
    pub fn read(file: File, stated: u64, budget: &mut Budget) -> Result<Self, String> {
        let bytes = raw(file, stated)?;
        Ok(Self {
            sha256: sha256(&bytes),
            bytes: bytes.len() as u64,
            said: Said::of(&bytes, budget),
        })
    }
}

/// The bytes of a stored stream as they left the guest.
pub fn raw(file: File, stated: u64) -> Result<Vec<u8>, String> {
    let stored = file.metadata().map_err(|error| error.to_string())?.len();
    if stated > BYTES_MAX {
        return Err(format!("{stated} bytes are more than are read at once"));
    }
    if stated > EXPANSION_FREE + EXPANSION_MAX * stored {
        return Err(format!(
            "{stated} bytes out of {stored} compressed ones are more than any trace expands to"
        ));
    }
    let decoder = zstd::stream::read::Decoder::new(file).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    decoder
        .take(stated + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("does not decompress: {error}"))?;
    Ok(bytes)
}

impl Said {
    /// Reads a raw stream.
    pub fn of(bytes: &[u8], budget: &mut Budget) -> Result<Self, String> {
        let mut said = Self::default();
        let mut frames = Frames::new(bytes);
        for event in frames.by_ref() {
            match event {
                Event::Frame(frame) => said.take(&frame, budget),
                Event::Warning(warning) => said.damage.take(&warning),
            }
        }
        frames.outcome().map_err(|error| error.to_string())?;
        said.add_records_up(bytes, budget);
        Ok(said)
    }

    /// The window of a benchmark.
    pub fn window(&self, benchmark: &str) -> Option<&Window> {
        let mut windows = self.windows.iter();
        windows.find(|window| window.benchmark == benchmark)
    }

    fn take(&mut self, frame: &Frame, budget: &mut Budget) {
        self.totals.frames += 1;
        self.losses(frame.header.kind, &frame.header.origin);
        let read = match frame.header.kind {
            FrameKind::Control => {
                self.statement_bytes += frame.payload.len();
                for message in Messages::new(frame) {
                    self.statement_bytes += STATEMENT_OVERHEAD;
                    match message {
                        Ok(message)
                            if self.statement_bytes > STATEMENT_BYTES_MAX
                                && !matches!(message, Message::EndOfStream(_)) =>
                        {
                            self.damage.left_out += 1;
                        }
                        Ok(message) => self.message(&message),
                        Err(warning) => self.damage.take(&warning),
                    }
                }
                Ok(())
            }
            FrameKind::Samples => self.samples(frame, budget),
            FrameKind::Instants => {
                let mut instants: Vec<Instant> = Vec::new();
                let read = read_records(frame, &mut instants);
                self.totals.instants += instants.len() as u64;
                read.map(|_| ())
            }
            _ => Ok(()),
        };
        if let Err(error) = read {
            self.damage.records(frame, error);
        }
    }

    fn samples(&mut self, frame: &Frame, budget: &mut Budget) -> Result<(), RecordError> {
        let mut samples: Vec<Sample> = Vec::new();
        let read = read_records(frame, &mut samples);
        self.totals.samples += samples.len() as u64;
        for sample in samples {
            match self.find(sample.window) {
                Some(window) if budget.take() => window.samples.push(sample),
                // Of no window, or of a run that says too much.
                _ => self.damage.left_out += 1,
            }
        }
        read.map(|_| ())
    }

    /// What a frame says was lost since its source's frame before.
    fn losses(&mut self, kind: FrameKind, origin: &Origin) {
        let source = (kind, origin.cpu, origin.context);
        if self.lost.len() >= STATEMENTS_MAX && !self.lost.contains_key(&source) {
            self.damage.left_out += 1;
            return;
        }
        let lost = [
            origin.lost.ring_full,
            origin.lost.overwritten,
            origin.lost.transport,
        ];
        let total = lost.into_iter().fold(0u64, u64::saturating_add);
        let before = self.lost.insert(source, total).unwrap_or(0);
        let new = total.saturating_sub(before);
        if new == 0 {
            return;
        }
        self.damage.lost = self.damage.lost.saturating_add(new);
        if let Some(open) = self.windows.last_mut().filter(|window| !window.closed()) {
            open.lost = open.lost.saturating_add(new);
        }
        if kind == FrameKind::Spans {
            let ring = self.rings.entry((origin.cpu, origin.context)).or_default();
            ring.lost = ring.lost.saturating_add(new);
        }
    }

    fn message(&mut self, message: &Message) {
        if let Message::WindowBegun(begun) = message {
            if self.windows.len() == WINDOWS_MAX || self.find(begun.window).is_some() {
                self.damage.left_out += 1;
            } else {
                self.windows.push(Window::opened(begun));
            }
            return;
        }
        match window::named(message) {
            Some(id) => {
                let window = self.find(id);
                if !window.is_some_and(|window| window.take(message)) {
                    self.damage.left_out += 1;
                }
            }
            None => self.statements.take(message, &mut self.damage.left_out),
        }
    }

    fn find(&mut self, id: u32) -> Option<&mut Window> {
        // Messages and samples are of the newest windows.
        self.windows.iter_mut().rev().find(|window| window.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trace_format::control::DenialProven;

    const GOLDEN: &[u8] = include_bytes!("../../../../tests/golden/ring-segments-v1.ktrace");

    fn said(bytes: &[u8]) -> Result<Said, String> {
        Said::of(bytes, &mut Budget::new(VALUES_MAX))
    }

    #[test]
    fn damage_is_told_and_never_ends_the_reading() {
        let whole = zstd::decode_all(GOLDEN).unwrap();
        let windows = said(&whole).unwrap().windows.len();
        for at in (0..whole.len()).step_by(whole.len() / 40) {
            let mut flipped = whole.clone();
            flipped[at] ^= 0x55;
            assert_ne!(said(&flipped).unwrap().damage, Damage::default(), "{at}");
            if let Ok(cut) = said(&whole[..at]) {
                assert!(cut.statements.end.is_none() && cut.windows.len() <= windows);
            }
        }
        assert!(said(b"no stream at all").is_err());
    }

    #[test]
    fn one_statement_more_than_are_kept_is_told() {
        let denial = Message::DenialProven(DenialProven {
            pid: 1,
            name: "none",
            interface: 0,
            observed: "",
        });
        let mut said = Said::default();
        (0..STATEMENTS_MAX).for_each(|_| said.message(&denial));
        assert_eq!(said.damage.left_out, 0);
        said.message(&denial);
        assert_eq!(said.damage.left_out, 1);
    }

    #[test]
    fn a_run_that_says_too_much_is_left_out_and_told() {
        let whole = zstd::decode_all(GOLDEN).unwrap();
        let found = Said::of(&whole, &mut Budget::new(10)).unwrap();
        let kept: usize = found
            .windows
            .iter()
            .map(|window| window.samples.len())
            .sum();
        assert!(kept <= 10);
        assert!(found.damage.left_out > 0);
    }
}
