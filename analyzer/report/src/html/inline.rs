//! Pieces of a line.

use crate::document::{Inline, Inlines, shown, status_words};
use crate::reference::reference;
use capbench_results::Status;
use maud::{Markup, html};

pub(super) fn line(line: &Inlines) -> Markup {
    html! { @for piece in &line.0 { (self::piece(piece)) } }
}

fn piece(piece: &Inline) -> Markup {
    match piece {
        Inline::Text(text) => html! { (shown(text)) },
        Inline::Code(text) => html! { code { (shown(text)) } },
        Inline::Strong(text) => html! { strong { (shown(text)) } },
        Inline::Dim(text) => html! { span .dim { (shown(text)) } },
        Inline::Status(status) => self::status(*status),
        Inline::Place { anchor, text } => html! { a href={ "#" (anchor) } { (shown(text)) } },
        Inline::File { path, text } => html! { a href=(reference(path)) { (shown(text)) } },
    }
}

/// A sign and the word; the sign repeats the word and is not read out.
pub(super) fn status(status: Status) -> Markup {
    let (sign, words) = status_words(status);
    html! {
        span .status.(status.as_str()) { span aria-hidden="true" { (sign) } " " (words) }
    }
}
