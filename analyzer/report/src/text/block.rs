//! Parts of a section.

use super::inline::line;
use super::table::table;
use crate::document::{Block, Inlines, Refused, shown, status_words};
use crate::look::Look;
use capbench_results::plain;

/// Pieces of evidence printed; results.json holds all.
const EVIDENCE_SHOWN: usize = 4;

pub(super) fn block(block: &Block, look: Look) -> String {
    match block {
        Block::Heading(title) => format!("{}\n", look.bold(&line(title))),
        Block::Text(text) => look.wrap(&line(text), 0),
        Block::List(lines) => lines.iter().map(|l| item("-", l, look)).collect(),
        Block::Notes(notes) => {
            let numbered = (1..).zip(notes);
            numbered
                .map(|(number, note)| item(&format!("{number}."), note, look))
                .collect()
        }
        Block::Terms(terms) => {
            let term = |(term, meaning): &(String, Inlines)| {
                look.wrap(&format!("{}: {}", shown(term), line(meaning)), 0)
            };
            terms.iter().map(term).collect()
        }
        Block::Table(table) => self::table(table, look),
        Block::Code(text) => copied(text),
        Block::Plot(_) => String::new(),
        Block::Refusal(refused) => refusal(refused, look),
    }
}

fn item(mark: &str, inlines: &Inlines, look: Look) -> String {
    look.wrap(&format!("{mark} {}", line(inlines)), 2)
}

fn copied(text: &str) -> String {
    let lines = text.lines().map(|line| format!("    | {}\n", plain(line)));
    lines.collect()
}

fn refusal(refused: &Refused, look: Look) -> String {
    let (sign, words) = status_words(refused.status);
    let title = format!(
        "{}: {sign} {words}, {}",
        line(&refused.subject),
        shown(&refused.reason)
    );
    let mut text = format!("{}\n", look.bold(&title));
    text.push_str(&look.wrap(&shown(&refused.detail), 2));
    // The detail often is the first piece.
    let evidence = refused.evidence.iter().map(line);
    let mut evidence = evidence.filter(|piece| !refused.detail.contains(piece));
    for piece in evidence.by_ref().take(EVIDENCE_SHOWN) {
        text.push_str(&look.wrap(&format!("- {piece}"), 4));
    }
    let more = evidence.count();
    if more > 0 {
        text.push_str(&format!("    and {more} more in results.json\n"));
    }
    if let Some(rows) = &refused.rows {
        text.push_str(&look.wrap(&format!("Rows: {}", shown(rows)), 2));
    }
    for (log, lines) in &refused.logs {
        text.push_str(&format!("  {} ends:\n{}", line(log), copied(lines)));
    }
    text
}
