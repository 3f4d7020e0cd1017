//! A document for a terminal or a pipe: the same words and tables. A terminal draws no
//! plots; their numbers stand in tables.

mod block;
mod inline;
mod table;

use crate::document::{Block, Document};
use crate::look::Look;
use block::block;

pub(crate) use table::table;

pub(crate) fn render(document: &Document, look: Look) -> String {
    let mut text = title(&document.title, look);
    for (term, fact) in &document.facts {
        text.push_str(&look.wrap(&format!("{term}: {}", inline::line(fact)), 0));
    }
    for warning in &document.warnings {
        text.push_str(&look.wrap(&inline::line(warning), 0));
    }
    for section in &document.sections {
        text.push('\n');
        text.push_str(&title(&section.title, look));
        // What stands directly below a title needs no room above it.
        let mut is_below_title = true;
        let shown = section.blocks.iter();
        for part in shown.filter(|part| !matches!(part, Block::Plot(_))) {
            if !is_below_title {
                text.push('\n');
            }
            is_below_title = matches!(part, Block::Heading(_));
            text.push_str(&block(part, look));
        }
    }
    text
}

fn title(title: &str, look: Look) -> String {
    format!("{}\n", look.bold(&crate::document::shown(title)))
}
