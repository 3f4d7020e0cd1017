//! Pieces of a line.

use crate::document::{Inline, Inlines, shown, status_words};
use crate::look::Look;

/// A line without colour.
pub(super) fn line(line: &Inlines) -> String {
    line.0.iter().map(words).collect()
}

/// The same with colour, as wide as without.
pub(super) fn painted(line: &Inlines, look: Look) -> String {
    let paint = |piece: &Inline| match piece {
        Inline::Strong(_) => look.bold(&words(piece)),
        Inline::Dim(_) => look.dim(&words(piece)),
        Inline::Status(status) => look.status(*status, &words(piece)),
        _ => words(piece),
    };
    line.0.iter().map(paint).collect()
}

fn words(piece: &Inline) -> String {
    match piece {
        Inline::Text(text) | Inline::Code(text) | Inline::Strong(text) | Inline::Dim(text) => {
            // A terminal's blanks are narrow.
            shown(text).replace('\u{2003}', "  ")
        }
        Inline::Status(status) => {
            let (sign, words) = status_words(*status);
            format!("{sign} {words}")
        }
        Inline::Place { text, .. } => shown(text),
        Inline::File { path, text } if path.ends_with(text.as_str()) => shown(path),
        Inline::File { path, text } => format!("{} ({})", shown(text), shown(path)),
    }
}
