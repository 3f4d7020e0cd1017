//! Frames out of a file, whether it is a raw stream or a `.ktrace`.
//!
//! Promises every intact frame exactly once, in stream order, from memory that
//! does not depend on the file. Damage is reported and skipped: in a `.ktrace` a
//! damaged part costs the zstd frame it hits, in the stream below it the trace
//! frame. Only I/O errors stop the reading.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use trace_format::decode::{Frame, Scan, SequenceCheck, scan};
use trace_format::frame::FRAME_LENGTH_MAX;
use trace_format::{DecodeError, DecodeWarning, FrameHeader};
use zstd::stream::raw::{Decoder, InBuffer, Operation, OutBuffer};

/// Read at once: several frames, and little enough to stay in a core's cache.
const WINDOW: usize = 4 * FRAME_LENGTH_MAX;

/// A trace that repeats itself shrinks to a hundredth. What expands further is made to
/// cost time.
const EXPANSION_MAX: u64 = 1024;

/// A short file may expand to so many bytes in any case.
const EXPANSION_FREE: u64 = 16 << 20;

/// First bytes of a zstd frame.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// A trace cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file does not open or read.
    #[error("{path}: {error}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's message.
        error: io::Error,
    },
    /// It may never end.
    #[error(
        "{path}: no regular file; `capbench record` keeps what a FIFO or a terminal sends",
        path = path.display()
    )]
    NotRegular {
        /// The file.
        path: PathBuf,
    },
    /// There is nothing in it that this build understands.
    #[error("{path}: {error}", path = path.display())]
    Decode {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: DecodeError,
    },
}

impl LoadError {
    /// The same of a file as it is called inside of `directory`, for a record that may
    /// be moved.
    pub fn relative_to(mut self, directory: &Path) -> Self {
        let (Self::Io { path, .. } | Self::NotRegular { path } | Self::Decode { path, .. }) =
            &mut self;
        if let Ok(inside) = path.strip_prefix(directory) {
            *path = inside.to_owned();
        }
        self
    }
}

/// Something was lost on the way from the file to a frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    /// In the stream.
    #[error(transparent)]
    Stream(#[from] DecodeWarning),
    /// A part of the compressed file around it does not decompress.
    #[error("the compressed file is damaged near offset {offset}")]
    ArchiveDamaged {
        /// Offset in the compressed file.
        offset: u64,
    },
    /// The compressed file expands to far more than any trace does.
    #[error(
        "the compressed file expands to more than {EXPANSION_MAX} times its size near offset \
         {offset}, which no trace does; the rest is not read"
    )]
    ArchiveExpands {
        /// Offset in the compressed file.
        offset: u64,
    },
    /// The compressed file around it ends too early.
    #[error("the compressed file is cut off at offset {offset}")]
    ArchiveCut {
        /// Its length.
        offset: u64,
    },
}

/// The next part of a stream.
#[derive(Debug)]
pub enum Event<'a> {
    /// An intact frame.
    Frame(Frame<'a>),
    /// Something was lost; reading goes on.
    Warning(Warning),
}

/// Opens a raw stream or a `.ktrace`, distinguished by their first bytes. Only a regular
/// file is one: no device, no FIFO.
pub fn open(path: &Path) -> Result<Frames<File>, LoadError> {
    let failed = |error| LoadError::Io {
        path: path.to_owned(),
        error,
    };
    // Opening a FIFO would already wait.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        let path = path.to_owned();
        return Err(LoadError::NotRegular { path });
    }
    let mut file = File::open(path).map_err(failed)?;
    let mut start = Vec::new();
    file.by_ref()
        .take(4)
        .read_to_end(&mut start)
        .map_err(failed)?;
    Frames::new(file, start).map_err(failed)
}

/// The frames of a stream that is read piece by piece.
pub struct Frames<R> {
    bytes: Bytes<R>,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    /// Offset of `start` in the stream.
    offset: u64,
    /// Damaged bytes before `start` that no warning has reported yet.
    damaged: u64,
    finished: bool,
    sequence: SequenceCheck,
    frames: u64,
    other_version: Option<u8>,
    /// What was found behind a warning that had to go first.
    waiting: Option<Found>,
}

/// An intact frame by its place in the buffer, so that it can be kept while the
/// buffer is not borrowed.
#[derive(Clone, Copy)]
struct Found {
    header: FrameHeader,
    payload: usize,
    sequence_checked: bool,
}

impl<R: Read> Frames<R> {
    /// Reads `reader`, whose first bytes (at least four, if there are that many)
    /// were already taken from it.
    pub fn new(reader: R, first: Vec<u8>) -> io::Result<Self> {
        let bytes = if first.starts_with(&ZSTD_MAGIC) {
            Bytes::Archive(Archive::new(reader, &first)?)
        } else {
            Bytes::Raw { reader, first }
        };
        Ok(Self {
            bytes,
            buffer: vec![0; WINDOW].into_boxed_slice(),
            start: 0,
            end: 0,
            offset: 0,
            damaged: 0,
            finished: false,
            sequence: SequenceCheck::default(),
            frames: 0,
            other_version: None,
            waiting: None,
        })
    }

    /// Whether there was anything to read, once the walk is over.
    pub fn outcome(&self) -> Result<(), DecodeError> {
        match (self.frames, self.other_version) {
            (0, Some(found)) => Err(DecodeError::Version { found }),
            (0, None) => Err(DecodeError::NoFrame { bytes: self.offset }),
            _ => Ok(()),
        }
    }

    /// Bytes of the stream that were walked so far.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The next frame or warning; `None` at the end.
    pub fn next_event(&mut self) -> io::Result<Option<Event<'_>>> {
        let Some(mut found) = self.find()? else {
            return Ok(self.last_warning().map(Event::Warning));
        };
        if let Some(warning) = self.take_damage(found.header.frame_length() as u64) {
            self.waiting = Some(found);
            return Ok(Some(Event::Warning(warning)));
        }
        if !found.sequence_checked {
            self.frames += 1;
            if let Some(warning) = self.sequence.frame(found.header.origin.sequence) {
                found.sequence_checked = true;
                self.waiting = Some(found);
                return Ok(Some(Event::Warning(warning.into())));
            }
        }
        let length = found.header.payload_length as usize;
        Ok(Some(Event::Frame(Frame {
            header: found.header,
            payload: &self.buffer[found.payload..found.payload + length],
        })))
    }

    /// Damage that must be reported before anything else; `behind` bytes were walked
    /// after it.
    fn take_damage(&mut self, behind: u64) -> Option<Warning> {
        if let Some(warning) = self.bytes.take_warning() {
            return Some(warning);
        }
        if self.damaged == 0 {
            return None;
        }
        let length = std::mem::take(&mut self.damaged);
        let offset = self.offset - behind - length;
        Some(DecodeWarning::Damaged { offset, length }.into())
    }

    /// Warnings left when no frame is.
    fn last_warning(&mut self) -> Option<Warning> {
        if let Some(warning) = self.take_damage(0) {
            return Some(warning);
        }
        if self.start == self.end {
            return None;
        }
        let rest = &self.buffer[self.start..self.end];
        let missing = match scan(rest) {
            Scan::Incomplete { needed, .. } => needed.saturating_sub(rest.len()),
            _ => 0,
        };
        let offset = self.offset;
        self.offset += rest.len() as u64;
        self.start = self.end;
        Some(
            DecodeWarning::Truncated {
                offset,
                missing: missing as u64,
            }
            .into(),
        )
    }

    /// Walks to the next intact frame; `None` when the stream holds no more.
    fn find(&mut self) -> io::Result<Option<Found>> {
        if let Some(found) = self.waiting.take() {
            return Ok(Some(found));
        }
        loop {
            let bytes = &self.buffer[self.start..self.end];
            match scan(bytes) {
                Scan::Frame {
                    frame,
                    skipped,
                    consumed,
                } => {
                    let payload = self.start + consumed - frame.payload.len();
                    let header = frame.header;
                    self.damaged += skipped as u64;
                    self.advance(consumed);
                    return Ok(Some(Found {
                        header,
                        payload,
                        sequence_checked: false,
                    }));
                }
                Scan::OtherVersion {
                    version, consumed, ..
                } => {
                    self.other_version.get_or_insert(version);
                    self.damaged += consumed as u64;
                    self.advance(consumed);
                }
                Scan::Incomplete { skipped, .. } => {
                    self.damaged += skipped as u64;
                    self.advance(skipped);
                    if !self.finished {
                        self.fill()?;
                    } else if self.start < self.end && self.hides_a_frame() {
                        self.damaged += 1;
                        self.advance(1);
                    } else {
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// Whether behind what looks like the cut-off last frame stands an intact one:
    /// then it was damage that looked like a frame.
    fn hides_a_frame(&self) -> bool {
        let mut bytes = &self.buffer[self.start + 1..self.end];
        loop {
            match scan(bytes) {
                Scan::Frame { .. } => return true,
                Scan::OtherVersion { consumed, .. } => bytes = &bytes[consumed..],
                Scan::Incomplete { skipped, .. } if skipped + 1 < bytes.len() => {
                    bytes = &bytes[skipped + 1..];
                }
                Scan::Incomplete { .. } => return false,
            }
        }
    }

    fn advance(&mut self, count: usize) {
        self.start += count;
        self.offset += count as u64;
    }

    /// Moves what is left to the front and reads behind it. The window holds more
    /// than one longest frame, so there is always room.
    fn fill(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let read = self.bytes.read(&mut self.buffer[self.end..])?;
        self.finished = read == 0;
        self.end += read;
        Ok(())
    }
}

/// The bytes of the stream.
enum Bytes<R> {
    Raw { reader: R, first: Vec<u8> },
    Archive(Archive<R>),
}

impl<R: Read> Bytes<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Archive(archive) => archive.read(to),
            Self::Raw { reader, first } if first.is_empty() => read_some(reader, to),
            Self::Raw { first, .. } => {
                let length = first.len().min(to.len());
                to[..length].copy_from_slice(&first[..length]);
                first.drain(..length);
                Ok(length)
            }
        }
    }

    fn take_warning(&mut self) -> Option<Warning> {
        match self {
            Self::Raw { .. } => None,
            Self::Archive(archive) => archive.warnings.pop(),
        }
    }
}

/// A zstd file that survives damage: a frame that does not decompress is left at
/// the next frame's magic.
struct Archive<R> {
    reader: R,
    decoder: Decoder<'static>,
    input: Vec<u8>,
    at: usize,
    /// Offset of `input` in the file.
    offset: u64,
    finished: bool,
    /// Inside a zstd frame, whose end is still to come.
    inside: bool,
    warnings: Vec<Warning>,
    /// Bytes of the stream so far.
    expanded: u64,
}

impl<R: Read> Archive<R> {
    fn new(reader: R, first: &[u8]) -> io::Result<Self> {
        Ok(Self {
            reader,
            decoder: Decoder::new()?,
            input: first.to_vec(),
            at: 0,
            offset: 0,
            finished: false,
            inside: false,
            warnings: Vec::new(),
            expanded: 0,
        })
    }

    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.at == self.input.len() && !self.finished {
                self.fill()?;
            }
            // At the end the decoder may still hold output: ask it once more with
            // no input before believing that it is over.
            let mut input = InBuffer::around(&self.input[self.at..]);
            let mut output = OutBuffer::around(&mut *to);
            let hint = self.decoder.run(&mut input, &mut output);
            let (consumed, written) = (input.pos(), output.pos());
            self.at += consumed;
            match hint {
                // Between two frames a call without input asks for the next header.
                Ok(hint) if consumed + written > 0 => self.inside = hint != 0,
                Ok(_) => {}
                Err(_) => self.skip_damage()?,
            }
            if written > 0 {
                self.expanded += written as u64;
                let compressed = self.offset + self.at as u64;
                if self.expanded > EXPANSION_FREE + EXPANSION_MAX * compressed {
                    self.warn(|offset| Warning::ArchiveExpands { offset });
                    self.finished = true;
                    self.at = self.input.len();
                    self.inside = false;
                    return Ok(0);
                }
                return Ok(written);
            }
            if self.finished && self.at == self.input.len() && consumed == 0 {
                if std::mem::take(&mut self.inside) {
                    self.warn(|offset| Warning::ArchiveCut { offset });
                }
                return Ok(0);
            }
        }
    }

    /// Goes on at the next zstd frame, if there is one.
    fn skip_damage(&mut self) -> io::Result<()> {
        self.warn(|offset| Warning::ArchiveDamaged { offset });
        self.decoder = Decoder::new()?;
        self.inside = false;
        self.at = (self.at + 1).min(self.input.len());
        loop {
            let rest = &self.input[self.at..];
            if let Some(distance) = rest.windows(4).position(|bytes| bytes == ZSTD_MAGIC) {
                self.at += distance;
                return Ok(());
            }
            if self.finished {
                self.at = self.input.len();
                return Ok(());
            }
            // The magic may have begun in the last three bytes.
            self.at = self.input.len() - rest.len().min(3);
            self.fill()?;
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        self.offset += self.at as u64;
        self.input.drain(..self.at);
        self.at = 0;
        let kept = self.input.len();
        self.input.resize(kept + WINDOW, 0);
        let read = read_some(&mut self.reader, &mut self.input[kept..])?;
        self.input.truncate(kept + read);
        self.finished = read == 0;
        Ok(())
    }

    fn warn(&mut self, warning: fn(u64) -> Warning) {
        // Each is taken before the next read; more at once tell nothing new.
        if self.warnings.is_empty() {
            self.warnings.push(warning(self.offset + self.at as u64));
        }
    }
}

fn read_some(reader: &mut impl Read, to: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(to) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
