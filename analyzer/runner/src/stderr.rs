//! Standard error, for everything that is not data: progress, notes, errors.
//!
//! Who reads it may go away and its disk may be full. Nobody is left to be told of
//! that, and no work stops for a note, so what cannot be written is left out.

use std::fmt::Display;
use std::io::{self, Write};

/// Writes text as it is.
pub fn text(text: impl Display) {
    let _ = write!(io::stderr(), "{text}");
}

/// Writes text and ends the line.
pub fn line(text: impl Display) {
    let _ = writeln!(io::stderr(), "{text}");
}
