//! Why nothing was recorded, or where it is what was.

use std::io::{self, ErrorKind};
use std::path::PathBuf;

use miette::Diagnostic;

use crate::remedy;

/// A recording that did not become a trace.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum RecordError {
    /// The source cannot be opened, or gives nothing but an error.
    #[error("cannot read {}: {error}", origin.display())]
    #[diagnostic(code(capbench::record), help("{}", unreadable(error.kind())))]
    Unreadable {
        /// Where the frames were to come from.
        origin: PathBuf,
        /// The system's message.
        error: io::Error,
    },
    /// The trace would take its source's place.
    #[error("{} and {} are the same file", origin.display(), out.display())]
    #[diagnostic(
        code(capbench::record),
        help("name another file to write: the source stays as it is")
    )]
    SameFile {
        /// Where the frames come from.
        origin: PathBuf,
        /// The trace to write.
        out: PathBuf,
    },
    /// The trace would take another file's place.
    #[error("{} exists, and recording never overwrites a trace", out.display())]
    #[diagnostic(
        code(capbench::record),
        help("name another file, or move that one away")
    )]
    TraceExists {
        /// The trace to write.
        out: PathBuf,
    },
    /// Another recording's stream is where this one's would go.
    #[error("{} exists: the stream of a recording that runs or was cut short", part.display())]
    #[diagnostic(
        code(capbench::record),
        help(
            "name another file to write; if none runs, `capbench record {} --out {}` makes a \
             trace of that stream",
            part.display(),
            out.display()
        )
    )]
    LeftOver {
        /// The file.
        part: PathBuf,
        /// The trace to write.
        out: PathBuf,
    },
    /// A file cannot be written, and its source has all that there is.
    #[error("cannot write {}: {error}", path.display())]
    #[diagnostic(
        code(capbench::output),
        help("{}", remedy::unwritable(error.kind()))
    )]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The system's message.
        error: io::Error,
    },
    /// The source ended at once.
    #[error("nothing came from {}", origin.display())]
    #[diagnostic(
        code(capbench::record),
        help("is the kernel built to measure, and its transport led here?")
    )]
    Nothing {
        /// Where the frames were to come from.
        origin: PathBuf,
    },
    /// The source or the disk failed in the middle, or no trace could be made at the end.
    #[error(
        "cannot {verb} {}: {error}; what arrived is kept in {}",
        path.display(),
        part.display()
    )]
    #[diagnostic(
        code(capbench::record),
        help(
            "mend that first (space, permissions, a file that took the name), then make a \
             trace of it: `capbench record {} --out {}`",
            part.display(),
            out.display()
        )
    )]
    Kept {
        /// What failed: to read or to write.
        verb: &'static str,
        /// The file in question.
        path: PathBuf,
        /// The system's message.
        error: io::Error,
        /// The stream as it came.
        part: PathBuf,
        /// The trace to write.
        out: PathBuf,
    },
}

fn unreadable(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::PermissionDenied => "name a source that you have permissions to read",
        ErrorKind::IsADirectory => "a directory has no stream: name a file in it",
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            "name a file, a FIFO (made by `mkfifo`), a terminal, or `-` for standard input"
        }
        _ => {
            "name a file, a FIFO, a terminal, or `-` for standard input; of a socket, let a \
             program such as `socat` print the stream and record that from standard input"
        }
    }
}
