//! Tables: a caption, a header for every column and line, numbers under each other.

use super::inline;
use crate::document::{Column, Inline, Inlines, Kind, Table};
use maud::{Markup, html};

/// A table that is wider than the page scrolls by itself, also by keyboard.
pub(super) fn table(table: &Table, id: &str) -> Markup {
    let caption = format!("{id}-caption");
    let decimals: Vec<usize> = (0..table.columns.len())
        .map(|column| decimals(table, column))
        .collect();
    html! {
        div .scroll role="region" tabindex="0" aria-labelledby=(caption) {
            table {
                caption id=(caption) { (table.caption) }
                thead { tr { @for column in &table.columns { (head(column)) } } }
                tbody { @for row in &table.rows { (line(table, row, &decimals)) } }
            }
        }
    }
}

const fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Words => "words",
        Kind::Number => "number",
        Kind::Context => "number context",
    }
}

/// Few words stay on one line.
fn cell_class(cell: &Inlines, kind: Kind) -> String {
    let brief = if brief(cell) { " brief" } else { "" };
    format!("{}{brief}", class(kind))
}

fn head(column: &Column) -> Markup {
    html! { th scope="col" class=(class(column.kind)) { (column.title) } }
}

fn line(table: &Table, row: &[Inlines], decimals: &[usize]) -> Markup {
    let short = row.len() < table.columns.len();
    let rest = table.columns.len() - row.len() + 1;
    html! {
        tr {
            @for (index, cell) in row.iter().enumerate() {
                @if index == 0 {
                    th scope="row" { (inline::line(cell)) }
                } @else if short && index + 1 == row.len() {
                    td .words colspan=(rest) { (inline::line(cell)) }
                } @else {
                    @let kind = table.columns[index].kind;
                    td class=(cell_class(cell, kind)) data-pad=[padding(cell, kind, decimals[index])] {
                        (inline::line(cell))
                    }
                }
            }
        }
    }
}

/// Characters up to which a cell is not broken.
const BRIEF: usize = 24;

fn brief(cell: &Inlines) -> bool {
    let length = |piece: &Inline| match piece {
        Inline::Text(text) | Inline::Code(text) | Inline::Strong(text) | Inline::Dim(text) => {
            text.chars().count()
        }
        Inline::Place { text, .. } | Inline::File { text, .. } => text.chars().count(),
        Inline::Status(status) => status.as_str().len(),
    };
    cell.0.iter().map(length).sum::<usize>() <= BRIEF
}

/// The most decimals of a column's numbers.
fn decimals(table: &Table, column: usize) -> usize {
    let full = table
        .rows
        .iter()
        .filter(|row| row.len() == table.columns.len());
    let cells = full.filter_map(|row| number_of(row.get(column)?));
    cells.map(fraction).max().unwrap_or(0)
}

/// Content of an invisible tail that aligns decimal points.
fn padding(cell: &Inlines, kind: Kind, decimals: usize) -> Option<String> {
    let own = match kind {
        Kind::Words => return None,
        Kind::Number | Kind::Context => fraction(number_of(cell)?),
    };
    let zeros = "0".repeat(decimals - own.min(decimals));
    match (own, decimals) {
        (own, decimals) if own >= decimals => None,
        (0, _) => Some(format!(".{zeros}")),
        _ => Some(zeros),
    }
}

/// The text of a cell that is one plain number.
fn number_of(cell: &Inlines) -> Option<&str> {
    let [Inline::Text(text) | Inline::Strong(text)] = cell.0.as_slice() else {
        return None;
    };
    text.parse::<f64>().is_ok().then_some(text)
}

fn fraction(number: &str) -> usize {
    number.split_once('.').map_or(0, |(_, digits)| digits.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_points_stand_under_each_other() {
        let pad = |text: &str| padding(&text.into(), Kind::Number, 2);
        assert_eq!(pad("315").as_deref(), Some(".00"));
        assert_eq!(pad("144.5").as_deref(), Some("0"));
        assert_eq!(pad("144.38"), None);
        assert_eq!(pad("–"), None);
    }
}
