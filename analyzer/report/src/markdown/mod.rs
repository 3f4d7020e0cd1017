//! A report as Markdown, for a place that shows no HTML: the same words and
//! tables. Plots are described in words; their numbers stand in tables.

mod escape;

use crate::document::{Block, Document, Inline, Inlines, Kind, Refused, Table, status_words};
use crate::reference::reference;
use capbench_results::plain_lines;
use escape::{cell, code, plain};

pub(crate) fn render(document: &Document) -> String {
    let mut text = format!("# {}\n\n", plain(&document.title));
    for (term, fact) in &document.facts {
        text.push_str(&format!("- {}: {}\n", plain(term), line(fact)));
    }
    for warning in &document.warnings {
        text.push_str(&format!("\n> {}\n", line(warning)));
    }
    for section in &document.sections {
        text.push_str(&format!("\n## {}\n", plain(&section.title)));
        for block in &section.blocks {
            text.push('\n');
            text.push_str(&self::block(block));
        }
    }
    text
}

fn block(block: &Block) -> String {
    match block {
        Block::Heading(title) => format!("### {}\n", line(title)),
        Block::Text(text) => format!("{}\n", line(text)),
        Block::List(lines) => lines.iter().map(|l| format!("- {}\n", line(l))).collect(),
        Block::Notes(notes) => {
            let numbered = notes.iter().enumerate();
            numbered
                .map(|(index, note)| format!("{}. {}\n", index + 1, line(note)))
                .collect()
        }
        Block::Terms(terms) => {
            let term = |(term, meaning): &(String, Inlines)| {
                format!("- **{}**: {}\n", plain(term), line(meaning))
            };
            terms.iter().map(term).collect()
        }
        Block::Table(table) => self::table(table),
        Block::Code(text) => fenced(text),
        Block::Plot(plot) => format!("*{}.* {}\n", plain(&plot.title), plain(&plot.description)),
        Block::Refusal(refused) => refusal(refused),
    }
}

fn line(line: &Inlines) -> String {
    let pieces = line.0.iter().map(|piece| match piece {
        Inline::Text(text) | Inline::Dim(text) => plain(text),
        Inline::Code(text) => code(text),
        Inline::Strong(text) => format!("**{}**", plain(text)),
        Inline::Status(status) => {
            let (sign, words) = status_words(*status);
            plain(&format!("{sign} {words}"))
        }
        // Places on the page are numbers of notes and the like; they read as they are.
        Inline::Place { text, .. } => plain(text),
        Inline::File { path, text } => format!("[{}]({})", plain(text), reference(path)),
    });
    pieces.collect()
}

fn table(table: &Table) -> String {
    let mut text = format!("**{}**\n\n", plain(&table.caption));
    let titles = table
        .columns
        .iter()
        .map(|column| cell(&plain(&column.title)));
    text.push_str(&row(titles));
    let rules = table.columns.iter().map(|column| match column.kind {
        Kind::Words => "---".to_owned(),
        Kind::Number | Kind::Context => "---:".to_owned(),
    });
    text.push_str(&row(rules));
    for cells in &table.rows {
        let missing = table.columns.len() - cells.len();
        let cells = cells.iter().map(|inlines| cell(&line(inlines)));
        text.push_str(&row(
            cells.chain(std::iter::repeat_n(String::new(), missing))
        ));
    }
    text
}

fn row(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = cells.collect();
    format!("| {} |\n", cells.join(" | "))
}

/// A block that no line of the text can close.
fn fenced(text: &str) -> String {
    let text = plain_lines(text);
    let fence = "`".repeat(escape::longest_run(&text).max(2) + 1);
    format!("{fence}\n{text}\n{fence}\n")
}

fn refusal(refused: &Refused) -> String {
    let (sign, words) = status_words(refused.status);
    let mut text = format!(
        "{}: {sign} {words}, {}: {}\n",
        line(&refused.subject),
        code(&refused.reason),
        plain(&refused.detail)
    );
    if !refused.evidence.is_empty() {
        text.push('\n');
    }
    for piece in &refused.evidence {
        text.push_str(&format!("- {}\n", line(piece)));
    }
    if let Some(rows) = &refused.rows {
        text.push_str(&format!("\nRows: {}\n", plain(rows)));
    }
    for (log, lines) in &refused.logs {
        text.push_str(&format!("\n{} ends:\n\n{}\n", line(log), fenced(lines)));
    }
    text
}
