//! Aligned columns: no lines between them, and no colour that a word does not repeat.

use super::inline::{line, painted};
use crate::document::{Inline, Inlines, Kind, Table, shown};
use crate::look::Look;

/// Between two columns.
const GAP: usize = 2;

/// A table under its caption. It is as wide as its cells.
pub(crate) fn table(table: &Table, look: Look) -> String {
    let titles = table.columns.iter();
    let titles = titles.map(|column| Inlines(vec![Inline::Dim(column.title.clone())]));
    let titles: Vec<Inlines> = titles.collect();
    let rows = || std::iter::once(&titles).chain(&table.rows);
    let columns = titles.len();
    let width_of = |column: usize| {
        // The last cell of a short row may run over the columns behind it.
        let own = rows().filter(|row| row.len() == columns || row.len() > column + 1);
        let cells = own.filter_map(|row| row.get(column)).map(width);
        cells.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width_of).collect();
    let caption = match table.caption.as_str() {
        "" => String::new(),
        caption => look.wrap(&shown(caption), 0),
    };
    let rows = rows().map(|row| aligned(table, row, &widths, look));
    caption + &rows.collect::<String>()
}

fn aligned(table: &Table, row: &[Inlines], widths: &[usize], look: Look) -> String {
    let mut text = String::new();
    for (index, cell) in row.iter().enumerate() {
        let is_last = index + 1 == row.len();
        let runs_over = is_last && row.len() < widths.len();
        let padding = " ".repeat(widths[index].saturating_sub(width(cell)));
        let painted = painted(cell, look);
        match table.columns[index].kind {
            Kind::Number | Kind::Context if !runs_over => text.extend([padding, painted]),
            _ => text.extend([painted, padding]),
        }
        if !is_last {
            text.push_str(&" ".repeat(GAP));
        }
    }
    format!("{}\n", text.trim_end())
}

fn width(cell: &Inlines) -> usize {
    line(cell).chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_and_a_short_row_runs_on() {
        let columns = [
            ("name", Kind::Words),
            ("n", Kind::Number),
            ("p", Kind::Number),
        ];
        let mut table = Table::new("", &columns);
        table.row(vec!["a".into(), "10".into(), "7".into()]);
        table.row(vec!["bcdef".into(), "why there is no number".into()]);
        table.row(vec!["g".into(), "5".into(), "1234".into()]);
        assert_eq!(
            table.text(Look::PLAIN),
            "name    n     p\na      10     7\nbcdef  why there is no number\ng       5  1234\n"
        );
    }

    #[test]
    fn colour_does_not_count_as_width() {
        let mut table = Table::new("", &[("a", Kind::Words), ("b", Kind::Words)]);
        let strong = Inlines(vec![Inline::Strong("x".to_owned())]);
        table.row(vec![strong, "y".into()]);
        let look = Look {
            color: true,
            ..Look::PLAIN
        };
        let text = table.text(look);
        assert!(text.ends_with("\n\u{1b}[1mx\u{1b}[0m  y\n"), "{text:?}");
    }
}
