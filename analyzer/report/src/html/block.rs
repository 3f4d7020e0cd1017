//! Parts of a section.

use super::{inline, table};
use crate::document::{Block, Inlines, Refused};
use crate::plot::{Plot, PlotError};
use maud::{Markup, PreEscaped, html};

pub(super) fn block(block: &Block, id: &str) -> Result<Markup, PlotError> {
    Ok(match block {
        Block::Heading(title) => html! { h3 { (inline::line(title)) } },
        Block::Text(text) => html! { p { (inline::line(text)) } },
        Block::List(lines) => html! {
            ul { @for line in lines { li { (inline::line(line)) } } }
        },
        Block::Notes(notes) => self::notes(notes),
        Block::Terms(terms) => self::terms(terms),
        Block::Table(table) => table::table(table, id),
        Block::Code(text) => html! { pre tabindex="0" { code { (text) } } },
        Block::Plot(plot) => figure(plot)?,
        Block::Refusal(refused) => refusal(refused),
    })
}

/// Tables link to these by number.
fn notes(notes: &[Inlines]) -> Markup {
    html! {
        ol .notes {
            @for (index, note) in notes.iter().enumerate() {
                li id={ "note-" (index + 1) } { (inline::line(note)) }
            }
        }
    }
}

fn terms(terms: &[(String, Inlines)]) -> Markup {
    html! {
        dl .terms {
            @for (term, meaning) in terms {
                div { dt { (term) } dd { (inline::line(meaning)) } }
            }
        }
    }
}

/// The drawing is our own text with foreign words escaped in it.
fn figure(plot: &Plot) -> Result<Markup, PlotError> {
    let svg = plot
        .svg()?
        .replacen(" xmlns=\"http://www.w3.org/2000/svg\"", "", 1);
    Ok(html! {
        figure {
            (PreEscaped(svg))
            figcaption { (plot.title) }
        }
    })
}

fn refusal(refused: &Refused) -> Markup {
    html! {
        article .refusal id=(refused.anchor) {
            h4 { (inline::line(&refused.subject)) " " (inline::status(refused.status)) }
            p { code { (refused.reason) } ": " (refused.detail) }
            @if !refused.evidence.is_empty() {
                ul { @for piece in &refused.evidence { li { (inline::line(piece)) } } }
            }
            @if let Some(rows) = &refused.rows {
                p { "Rows: " (rows) }
            }
            @for (log, lines) in &refused.logs {
                p { (inline::line(log)) " ends:" }
                pre tabindex="0" { code { (lines) } }
            }
        }
    }
}
