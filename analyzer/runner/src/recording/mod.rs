//! A stream of a kernel that capbench did not boot, kept as a trace.
//!
//! Nothing that was read is lost, and no file is overwritten. What comes through a
//! FIFO, a terminal or standard input is on disk, as it came, before it is compressed,
//! and leaves there once the trace is whole on disk. A file is compressed from where it
//! is and stays: so what a recording that was cut short left is recovered by recording
//! it, without space for another copy.

mod error;
mod source;

use std::fs::{self, File, Metadata};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

pub use error::RecordError;
use source::Source;

use crate::capture::{self, Stream};
use crate::interrupt::Interrupt;

/// Bytes read at a time: what a pipe holds.
const READ_BYTES: usize = 64 << 10;

/// How a recording ended.
#[derive(Debug)]
pub enum Recorded {
    /// With its source.
    Whole(Stream),
    /// By the user; no stream where nothing had arrived.
    Stopped(Option<Stream>),
}

/// Records `origin` (`-` is standard input) as the trace `out` until it ends or the user
/// stops.
pub fn record(origin: &Path, out: &Path, interrupt: &Interrupt) -> Result<Recorded, RecordError> {
    let recording = Recording {
        origin,
        out,
        part: out.with_extension("trace.part"),
    };
    let found = source::look(origin).map_err(|error| recording.unreadable(error))?;
    recording.refuse_to_overwrite(&found)?;
    let mut source =
        Source::open(origin, interrupt).map_err(|error| recording.unreadable(error))?;
    let stream = if found.is_file() {
        recording.compress(&mut source)?
    } else {
        recording.keep(&mut source)?
    };
    match stream {
        stream if source.is_stopped() => Ok(Recorded::Stopped(stream)),
        Some(stream) => Ok(Recorded::Whole(stream)),
        None => Err(RecordError::Nothing {
            origin: origin.to_owned(),
        }),
    }
}

struct Recording<'a> {
    origin: &'a Path,
    out: &'a Path,
    /// The stream as it comes, of a source that keeps none.
    part: PathBuf,
}

impl Recording<'_> {
    /// Says so before a source is opened and what comes from it is gone. The files are
    /// also made so that none is replaced which appears meanwhile.
    fn refuse_to_overwrite(&self, found: &Metadata) -> Result<(), RecordError> {
        let identity = |metadata: &Metadata| (metadata.dev(), metadata.ino());
        let there = fs::metadata(self.out);
        if there.is_ok_and(|there| identity(&there) == identity(found)) {
            return Err(RecordError::SameFile {
                origin: self.origin.to_owned(),
                out: self.out.to_owned(),
            });
        }
        if is_taken(self.out) {
            return Err(self.trace_exists());
        }
        if !found.is_file() && is_taken(&self.part) {
            return Err(self.left_over());
        }
        Ok(())
    }

    /// From a file, which stays.
    fn compress(&self, source: &mut Source<'_>) -> Result<Option<Stream>, RecordError> {
        let mut source = BufReader::with_capacity(READ_BYTES, source);
        let first = source.fill_buf();
        if first.map_err(|error| self.unreadable(error))?.is_empty() {
            return Ok(None);
        }
        let stream = capture::compress(source, self.out);
        stream.map(Some).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => self.trace_exists(),
            _ => unwritable(self.out, error),
        })
    }

    /// From a source that forgets what was read.
    fn keep(&self, source: &mut Source<'_>) -> Result<Option<Stream>, RecordError> {
        let kept = File::create_new(&self.part).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => self.left_over(),
            _ => unwritable(&self.part, error),
        })?;
        let copied = copy(source, &kept);
        if kept.metadata().is_ok_and(|metadata| metadata.len() == 0) {
            let _ = fs::remove_file(&self.part);
            return match copied {
                Ok(()) => Ok(None),
                Err(Failure::Reading(error)) => Err(self.unreadable(error)),
                Err(Failure::Writing(error)) => Err(unwritable(&self.part, error)),
            };
        }
        copied.map_err(|failure| match failure {
            Failure::Reading(error) => self.kept("read", self.origin, error),
            Failure::Writing(error) => self.kept("write", &self.part, error),
        })?;
        let stream = capture::store(&self.part, self.out);
        let stream = stream.map_err(|error| self.kept("write", self.out, error))?;
        Ok(Some(stream))
    }

    fn trace_exists(&self) -> RecordError {
        RecordError::TraceExists {
            out: self.out.to_owned(),
        }
    }

    fn left_over(&self) -> RecordError {
        RecordError::LeftOver {
            part: self.part.clone(),
            out: self.out.to_owned(),
        }
    }

    fn unreadable(&self, error: io::Error) -> RecordError {
        RecordError::Unreadable {
            origin: self.origin.to_owned(),
            error,
        }
    }

    fn kept(&self, verb: &'static str, path: &Path, error: io::Error) -> RecordError {
        RecordError::Kept {
            verb,
            path: path.to_owned(),
            error,
            part: self.part.clone(),
            out: self.out.to_owned(),
        }
    }
}

/// Whether there is anything by that name, a link that leads nowhere included.
fn is_taken(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

fn unwritable(path: &Path, error: io::Error) -> RecordError {
    RecordError::Unwritable {
        path: path.to_owned(),
        error,
    }
}

/// Which end of a copy failed.
enum Failure {
    Reading(io::Error),
    Writing(io::Error),
}

/// Writes what arrives, as it arrives.
fn copy(source: &mut Source<'_>, mut kept: &File) -> Result<(), Failure> {
    let mut buffer = vec![0; READ_BYTES];
    loop {
        let read = source.read(&mut buffer).map_err(Failure::Reading)?;
        if read == 0 {
            return kept.sync_all().map_err(Failure::Writing);
        }
        let written = kept.write_all(&buffer[..read]);
        written.map_err(Failure::Writing)?;
    }
}
