//! Pieces of a line.

use crate::document::{Inline, Inlines, status_words};
use crate::reference::reference;
use capbench_results::Status;
use maud::{Markup, html};

pub(super) fn line(line: &Inlines) -> Markup {
    html! { @for piece in &line.0 { (self::piece(piece)) } }
}

fn piece(piece: &Inline) -> Markup {
    match piece {
        Inline::Text(text) => html! { (text) },
        Inline::Code(text) => html! { code { (text) } },
        Inline::Strong(text) => html! { strong { (text) } },
        Inline::Dim(text) => html! { span .dim { (text) } },
        Inline::Status(status) => self::status(*status),
        Inline::Place { anchor, text } => html! { a href={ "#" (anchor) } { (text) } },
        Inline::File { path, text } => html! { a href=(reference(path)) { (text) } },
    }
}

/// A sign and the word; the sign repeats the word and is not read out.
pub(super) fn status(status: Status) -> Markup {
    let (sign, words) = status_words(status);
    html! {
        span .status.(status.as_str()) { span aria-hidden="true" { (sign) } " " (words) }
    }
}
