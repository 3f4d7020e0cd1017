//! The raw files behind the numbers.

use crate::appendix::{Appendix, Boot, File};
use crate::document::{Block, Inline, Inlines, Section, Table};
use crate::number::{NONE, short};

pub(super) fn section(appendix: &Appendix) -> Section {
    let mut section = super::section("artifacts", "Raw artifacts");
    let blocks = &mut section.blocks;
    if appendix.files.is_empty() && appendix.boots.is_empty() {
        blocks.push(Block::Text(
            "The directory of the run was not available.".into(),
        ));
        return section;
    }
    blocks.push(Block::Text(
        "Links are relative to this file: they hold as long as this file and the run keep their places."
            .into(),
    ));
    blocks.push(Block::List(
        appendix.files.iter().map(|file| links([file])).collect(),
    ));
    if !appendix.boots.is_empty() {
        blocks.push(Block::Table(boots(&appendix.boots)));
    }
    section
}

fn boots(boots: &[Boot]) -> Table {
    let hash = |boot: &Boot| match boot.sha256.as_deref() {
        Some(hash) => Inlines::code(short(hash)),
        None => NONE.into(),
    };
    let seconds = |boot: &Boot| format!("{:.1}", boot.wall_ms as f64 / 1e3);
    Table::of("Boots, in the order they ended", boots)
        .words("boot", |boot| Inlines::code(&boot.name))
        .words("end", |boot| boot.end.as_str())
        .number("host seconds", |boot| seconds(boot))
        .words("stream, SHA-256", |boot| hash(boot))
        .words("files", |boot| links(&boot.files))
        .end()
}

fn links<'a>(files: impl IntoIterator<Item = &'a File>) -> Inlines {
    let mut line = Inlines::default();
    for (index, file) in files.into_iter().enumerate() {
        if index > 0 {
            line = line.text(" · ");
        }
        line = line.and(file_of(file, file.label.clone()));
    }
    line
}

/// A file under other words than its label.
pub(super) fn link(file: &File, text: String) -> Inlines {
    Inlines::default().and(file_of(file, text))
}

fn file_of(file: &File, text: String) -> Inline {
    Inline::File {
        path: file.path.clone(),
        text,
    }
}
