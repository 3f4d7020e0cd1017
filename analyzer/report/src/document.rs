//! A report as a tree of plain parts, before it is text, Markdown or HTML.
//!
//! Promises that the words do not depend on the form: sections build
//! these parts, renderers escape and arrange them, and neither does the other's
//! work. No part holds markup, so foreign text cannot become any.

use crate::look::Look;
use crate::plot::Plot;
use crate::text;
use capbench_results::{Status, plain};

/// A whole report.
pub struct Document {
    pub(crate) title: String,
    /// Facts below the title.
    pub(crate) facts: Vec<(&'static str, Inlines)>,
    pub(crate) warnings: Vec<Inlines>,
    pub(crate) sections: Vec<Section>,
}

/// A part of a report that can be linked to.
pub(crate) struct Section {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) blocks: Vec<Block>,
}

pub(crate) enum Block {
    /// A heading below the section's.
    Heading(Inlines),
    Text(Inlines),
    List(Vec<Inlines>),
    /// Numbered, because tables refer to the numbers.
    Notes(Vec<Inlines>),
    Terms(Vec<(String, Inlines)>),
    Table(Table),
    /// Lines to copy.
    Code(String),
    Plot(Plot),
    /// The cause for which rows have no value.
    Refusal(Refused),
}

/// A cause, the rows without a value, and the evidence.
pub(crate) struct Refused {
    /// Tables link here.
    pub(crate) anchor: String,
    pub(crate) subject: Inlines,
    pub(crate) status: Status,
    pub(crate) reason: String,
    pub(crate) detail: String,
    pub(crate) evidence: Vec<Inlines>,
    /// The rows' names, where there are several.
    pub(crate) rows: Option<String>,
    /// Ends of logs: what each is and where, and its last lines.
    pub(crate) logs: Vec<(Inlines, String)>,
}

/// A piece of a line.
pub(crate) enum Inline {
    Text(String),
    /// A name as it is spelled.
    Code(String),
    Strong(String),
    /// A minor piece.
    Dim(String),
    Status(Status),
    /// Another part of the document, by its anchor.
    Place {
        anchor: String,
        text: String,
    },
    /// A file beside the document.
    File {
        path: String,
        text: String,
    },
}

/// A line.
#[derive(Default)]
pub struct Inlines(pub(crate) Vec<Inline>);

impl Inlines {
    pub(crate) fn code(text: impl Into<String>) -> Self {
        Self(vec![Inline::Code(text.into())])
    }

    pub(crate) fn and(mut self, piece: Inline) -> Self {
        self.0.push(piece);
        self
    }

    pub(crate) fn text(self, text: impl Into<String>) -> Self {
        self.and(Inline::Text(text.into()))
    }

    pub(crate) fn dim(self, text: impl Into<String>) -> Self {
        self.and(Inline::Dim(text.into()))
    }

    pub(crate) fn with_code(self, text: impl Into<String>) -> Self {
        self.and(Inline::Code(text.into()))
    }
}

impl From<String> for Inlines {
    fn from(text: String) -> Self {
        Self(vec![Inline::Text(text)])
    }
}

impl From<&str> for Inlines {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<u64> for Inlines {
    fn from(count: u64) -> Self {
        count.to_string().into()
    }
}

impl From<Status> for Inlines {
    fn from(status: Status) -> Self {
        Self(vec![Inline::Status(status)])
    }
}

/// The content of a column, which decides how it is set.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text, from the left.
    Words,
    /// Numbers under each other.
    Number,
    /// A number from outside the envelope: set apart from those inside.
    Context,
}

pub(crate) struct Column {
    pub(crate) title: String,
    pub(crate) kind: Kind,
}

/// Lines under one header; the first cell of each names it.
pub struct Table {
    /// Empty where a table needs none.
    pub(crate) caption: String,
    pub(crate) columns: Vec<Column>,
    /// A line with fewer cells than columns lets its last cell run over the rest.
    pub(crate) rows: Vec<Vec<Inlines>>,
}

impl Table {
    /// A table without rows.
    pub fn new(caption: impl Into<String>, columns: &[(&str, Kind)]) -> Self {
        let column = |(title, kind): &(&str, Kind)| Column {
            title: (*title).to_owned(),
            kind: *kind,
        };
        Self {
            caption: caption.into(),
            columns: columns.iter().map(column).collect(),
            rows: Vec::new(),
        }
    }

    /// A table with a row for each item, column by column.
    pub fn of<T>(caption: impl Into<String>, items: impl IntoIterator<Item = T>) -> Columns<T> {
        let items: Vec<T> = items.into_iter().collect();
        let mut table = Self::new(caption, &[]);
        table.rows = items.iter().map(|_| Vec::new()).collect();
        Columns { items, table }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<Inlines>) {
        debug_assert!(!cells.is_empty() && cells.len() <= self.columns.len());
        self.rows.push(cells);
    }

    /// The table by itself, as wide as its cells: scripts read columns.
    pub fn text(&self, look: Look) -> String {
        let wide = Look {
            width: usize::MAX,
            ..look
        };
        text::table(self, wide)
    }
}

/// A table that gains its columns, each with its title and its cells.
pub struct Columns<T> {
    items: Vec<T>,
    table: Table,
}

impl<T> Columns<T> {
    /// A column of text.
    pub fn words<C: Into<Inlines>>(self, title: &str, cell: impl Fn(&T) -> C) -> Self {
        self.column(title, Kind::Words, cell)
    }

    /// A column of numbers.
    pub fn number<C: Into<Inlines>>(self, title: &str, cell: impl Fn(&T) -> C) -> Self {
        self.column(title, Kind::Number, cell)
    }

    /// A column of numbers from outside the envelope.
    pub(crate) fn context<C: Into<Inlines>>(self, title: &str, cell: impl Fn(&T) -> C) -> Self {
        self.column(title, Kind::Context, cell)
    }

    fn column<C: Into<Inlines>>(mut self, title: &str, kind: Kind, cell: impl Fn(&T) -> C) -> Self {
        let title = title.to_owned();
        self.table.columns.push(Column { title, kind });
        for (row, item) in self.table.rows.iter_mut().zip(&self.items) {
            row.push(cell(item).into());
        }
        self
    }

    /// The table.
    pub fn end(self) -> Table {
        self.table
    }
}

/// Foreign words on one line, without anything that a terminal or a browser would obey.
pub(crate) fn shown(text: &str) -> String {
    let blank = |c: char| {
        if matches!(c, '\n' | '\r' | '\t') {
            ' '
        } else {
            c
        }
    };
    let line: String = text.chars().map(blank).collect();
    plain(&line).into_owned()
}

/// The word and a sign of its own, so that no colour is needed to tell them apart.
pub(crate) const fn status_words(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Passed => ("✓", "passed"),
        Status::Failed => ("✕", "failed"),
        Status::Invalid => ("!", "invalid"),
        Status::Unsupported => ("○", "unsupported"),
        Status::NotApplicable => ("–", "not applicable"),
    }
}
