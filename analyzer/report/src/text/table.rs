//! Aligned columns: no lines between them, and no colour that a word does not repeat.

use super::inline::{line, painted};
use crate::document::{Inlines, Kind, Table, shown};
use crate::look::Look;

/// Between two columns.
const GAP: usize = 2;

/// A table under its caption. One that is wider than the place folds its titles, and says
/// once above its lines what is the same in all of them; its cells stay whole.
pub(crate) fn table(table: &Table, look: Look) -> String {
    let all: Vec<usize> = (0..table.columns.len()).collect();
    let titles: Vec<String> = all
        .iter()
        .map(|c| shown(&table.columns[*c].title))
        .collect();
    let mut text = match table.caption.as_str() {
        "" => String::new(),
        caption => look.wrap(&shown(caption), 0),
    };
    let widest = |column: usize| titles[column].chars().count();
    let mut columns = widths(table, &all, widest);
    if !fits(&columns, look) {
        let (same, different): (Vec<usize>, Vec<usize>) =
            all.into_iter().partition(|column| is_same(table, *column));
        if !same.is_empty() {
            let cell = |column: &usize| line(&table.rows[0][*column]);
            let same = same.iter().map(|c| format!("{} {}", titles[*c], cell(c)));
            let same = same.collect::<Vec<_>>().join("; ");
            text.push_str(&look.wrap(&format!("In all lines: {same}"), 0));
        }
        let longest_word = |column: usize| {
            let words = titles[column].split(' ');
            words.map(|word| word.chars().count()).max().unwrap_or(0)
        };
        columns = widths(table, &different, longest_word);
    }
    text.push_str(&header(table, &titles, &columns, look));
    for row in &table.rows {
        let cells = columns.iter().filter_map(|(column, width)| {
            let cell = row.get(*column)?;
            let runs_over = column + 1 == row.len() && row.len() < table.columns.len();
            let kind = if runs_over {
                Kind::Words
            } else {
                table.columns[*column].kind
            };
            Some((line(cell), painted(cell, look), kind, *width))
        });
        text.push_str(&aligned(cells));
    }
    text
}

/// Columns and their widths: of their cells, and of at least so many characters of the
/// title.
fn widths(table: &Table, columns: &[usize], title: impl Fn(usize) -> usize) -> Vec<(usize, usize)> {
    let width = |column: usize| {
        // The last cell of a short row may run over the columns behind it.
        let own = table
            .rows
            .iter()
            .filter(|row| row.len() == table.columns.len() || row.len() > column + 1);
        let cells = own.filter_map(|row| row.get(column));
        let cells = cells.map(|cell| line(cell).chars().count());
        cells.max().unwrap_or(0).max(title(column))
    };
    columns
        .iter()
        .map(|column| (*column, width(*column)))
        .collect()
}

fn fits(columns: &[(usize, usize)], look: Look) -> bool {
    let width: usize = columns.iter().map(|(_, width)| width + GAP).sum();
    width <= look.width.saturating_add(GAP)
}

/// Whether all lines have the same in this column, which is not their name.
fn is_same(table: &Table, column: usize) -> bool {
    let is_full = |row: &Vec<Inlines>| row.len() == table.columns.len();
    let first = || line(&table.rows[0][column]);
    column > 0
        && table.rows.len() > 1
        && table.rows.iter().all(is_full)
        && table.rows.iter().all(|row| line(&row[column]) == first())
}

/// The titles, on as many lines as the longest needs.
fn header(table: &Table, titles: &[String], columns: &[(usize, usize)], look: Look) -> String {
    let folded: Vec<Vec<String>> = columns
        .iter()
        .map(|(column, width)| fold(&titles[*column], *width))
        .collect();
    let lines = folded.iter().map(Vec::len).max().unwrap_or(0);
    let at = |index: usize| {
        let cells = columns.iter().zip(&folded).map(|((column, width), parts)| {
            // They stand right above the cells.
            let above = lines - parts.len();
            let part = index.checked_sub(above).and_then(|part| parts.get(part));
            let part = part.cloned().unwrap_or_default();
            (
                part.clone(),
                look.dim(&part),
                table.columns[*column].kind,
                *width,
            )
        });
        aligned(cells)
    };
    (0..lines).map(at).collect()
}

fn fold(title: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in title.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A line of cells: text, the same with colour, kind and width.
fn aligned(cells: impl Iterator<Item = (String, String, Kind, usize)>) -> String {
    let mut text = String::new();
    for (plain, painted, kind, width) in cells {
        let padding = " ".repeat(width.saturating_sub(plain.chars().count()));
        match kind {
            Kind::Words => text.extend([painted, padding]),
            Kind::Number | Kind::Context => text.extend([padding, painted]),
        }
        text.push_str(&" ".repeat(GAP));
    }
    format!("{}\n", text.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Inline;

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
    fn a_table_that_is_too_wide_folds_titles_and_says_once_what_is_the_same() {
        let columns = [
            ("name", Kind::Words),
            ("unit", Kind::Words),
            ("a very long title", Kind::Number),
        ];
        let mut table = Table::new("", &columns);
        table.row(vec!["a".into(), "ns".into(), "10".into()]);
        table.row(vec!["b".into(), "ns".into(), "7".into()]);
        let narrow = Look {
            width: 25,
            ..Look::PLAIN
        };
        assert_eq!(
            super::table(&table, narrow),
            "In all lines: unit ns\n          a\n       very\n       long\nname  title\na        10\nb         7\n"
        );
        assert!(
            table
                .text(Look::PLAIN)
                .starts_with("name  unit  a very long title\n")
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
