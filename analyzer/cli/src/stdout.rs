//! Standard output, for data. Its reader may go away and its disk may be full.
//!
//! Every piece is written to its end before the next step: an error is known where
//! it can still be said what was kept, and none is lost when the process ends. `main`
//! turns it into the exit status.

use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal, Write};

use capbench_runner::stderr::{Colors, shown};
use miette::Diagnostic;

/// Not everything was written.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum Unwritten {
    /// The other end of a pipe has seen enough, as `head` has.
    #[error("the reader of standard output went away")]
    ReaderGone,
    /// It takes no more, a full disk for instance.
    #[error("cannot write to standard output: {0}")]
    #[diagnostic(
        code(capbench::output),
        help(
            "free some space, or send standard output to another place; files that the \
             command wrote by name are whole"
        )
    )]
    Failed(io::Error),
}

impl From<io::Error> for Unwritten {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::BrokenPipe => Self::ReaderGone,
            _ => Self::Failed(error),
        }
    }
}

/// Writes text, without what a terminal would obey: names in it may be anybody's.
pub fn text(text: impl Display) -> Result<(), Unwritten> {
    let mut out = io::stdout().lock();
    let colors = match out.is_terminal() {
        true => Colors::Kept,
        false => Colors::Escaped,
    };
    let text = text.to_string();
    out.write_all(shown(&text, colors).as_bytes())?;
    Ok(out.flush()?)
}

/// Writes text and ends the line.
pub fn line(text: impl Display) -> Result<(), Unwritten> {
    self::text(format_args!("{text}\n"))
}
