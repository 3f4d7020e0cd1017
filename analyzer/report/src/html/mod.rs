//! A report as one HTML file that needs nothing beside it.
//!
//! Promises: no script, no request (a content policy forbids both), everything
//! foreign escaped by the template, landmarks and headings to move by, a header
//! for every cell, no meaning in colour alone, dark where the reader's system is,
//! and a page that prints.

mod block;
mod inline;
mod table;

use crate::document::{Document, Section};
use crate::plot::{COLORS, PlotError};
use capbench_results::plain_lines;
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// The style sheet, by hand.
const STYLE: &str = include_str!("style.css");

/// Nothing may be fetched, whatever a result is named.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// Attributes in which plots have colours.
const PAINTED: [&str; 2] = ["fill", "stroke"];

pub(crate) fn render(document: &Document) -> Result<String, PlotError> {
    let sections: Vec<Markup> = document
        .sections
        .iter()
        .map(section)
        .collect::<Result<_, _>>()?;
    let style = format!("{STYLE}{}", plot_colors());
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (document.title) " · capbench" }
                style { (PreEscaped(style)) }
            }
            body {
                a .skip href="#content" { "Skip to the content" }
                (header(document))
                div .columns {
                    (contents(document))
                    main #content { @for section in &sections { (section) } }
                }
                footer { p { "Made by capbench from results.json and run.json of the run." } }
            }
        }
    };
    // Names of anybody stand in texts, cells and attributes.
    Ok(plain_lines(&page.into_string()).into_owned())
}

fn header(document: &Document) -> Markup {
    html! {
        header {
            p .kind { "capbench report" }
            h1 { (document.title) }
            dl .facts {
                @for (term, fact) in &document.facts {
                    div { dt { (term) } dd { (inline::line(fact)) } }
                }
            }
            section .warnings aria-label="Read first" {
                ul { @for warning in &document.warnings { li { (inline::line(warning)) } } }
            }
        }
    }
}

fn contents(document: &Document) -> Markup {
    html! {
        nav aria-label="Contents" {
            ol {
                @for section in &document.sections {
                    li { a href={ "#" (section.id) } { (section.title) } }
                }
            }
        }
    }
}

fn section(section: &Section) -> Result<Markup, PlotError> {
    let title = format!("{}-title", section.id);
    let blocks: Vec<Markup> = section
        .blocks
        .iter()
        .enumerate()
        .map(|(index, block)| block::block(block, &format!("{}-{index}", section.id)))
        .collect::<Result<_, _>>()?;
    Ok(html! {
        section id=(section.id) aria-labelledby=(title) {
            h2 id=(title) { (section.title) }
            @for block in &blocks { (block) }
        }
    })
}

/// Plots carry fixed colours; here each becomes a variable of the style sheet.
fn plot_colors() -> String {
    let mut rules = String::new();
    for (name, color) in COLORS {
        let plotters::style::RGBColor(red, green, blue) = color;
        for attribute in PAINTED {
            rules.push_str(&format!(
                "svg [{attribute}=\"#{red:02X}{green:02X}{blue:02X}\"]\
                 {{{attribute}:var(--plot-{name})}}\n"
            ));
        }
    }
    rules
}
