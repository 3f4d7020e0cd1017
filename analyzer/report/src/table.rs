//! Aligned columns.

use crate::look::Look;

/// How a column is aligned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// A cell: its text, and the same with colour.
pub(crate) struct Cell {
    text: String,
    painted: String,
}

impl Cell {
    pub(crate) fn painted(text: String, painted: String) -> Self {
        Self { text, painted }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        let text = text.into();
        Self {
            painted: text.clone(),
            text,
        }
    }
}

/// Lines of cells under one header.
pub(crate) struct Table {
    header: Vec<(&'static str, Align)>,
    rows: Vec<Vec<Cell>>,
}

/// Between two columns.
const GAP: usize = 2;

impl Table {
    pub(crate) fn new(header: &[(&'static str, Align)]) -> Self {
        Self {
            header: header.to_vec(),
            rows: Vec::new(),
        }
    }

    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        debug_assert!(cells.len() <= self.header.len());
        self.rows.push(cells);
    }

    pub(crate) fn render(&self, look: Look) -> String {
        let header: Vec<Cell> = self
            .header
            .iter()
            .map(|(name, _)| Cell::painted((*name).into(), look.dim(name)))
            .collect();
        let lines = || std::iter::once(&header).chain(&self.rows);
        let widths: Vec<usize> = (0..header.len())
            .map(|column| {
                // The last cell of a short row may run over the columns behind it.
                let full =
                    lines().filter(|row| row.len() == header.len() || row.len() > column + 1);
                full.filter_map(|row| row.get(column))
                    .map(|cell| width(&cell.text))
                    .max()
            })
            .map(|width| width.unwrap_or(0))
            .collect();
        lines().map(|row| self.line(row, &widths)).collect()
    }

    fn line(&self, row: &[Cell], widths: &[usize]) -> String {
        let mut line = String::new();
        for (index, cell) in row.iter().enumerate() {
            let last = index + 1 == row.len();
            let padding = widths[index].saturating_sub(width(&cell.text));
            let right = self.header[index].1 == Align::Right && row.len() == widths.len();
            let right = right || self.header[index].1 == Align::Right && !last;
            if right {
                line.push_str(&" ".repeat(padding));
            }
            line.push_str(&cell.painted);
            if !last {
                let padding = if right { 0 } else { padding };
                line.push_str(&" ".repeat(padding + GAP));
            }
        }
        let mut line = line.trim_end().to_owned();
        line.push('\n');
        line
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_and_a_short_row_runs_on() {
        let mut table = Table::new(&[
            ("name", Align::Left),
            ("n", Align::Right),
            ("p", Align::Right),
        ]);
        table.row(vec!["a".into(), "10".into(), "7".into()]);
        table.row(vec!["bcdef".into(), "why there is no number".into()]);
        table.row(vec!["g".into(), "5".into(), "1234".into()]);
        assert_eq!(
            table.render(Look::PLAIN),
            "name    n     p\na      10     7\nbcdef  why there is no number\ng       5  1234\n"
        );
    }

    #[test]
    fn colour_does_not_count_as_width() {
        let mut table = Table::new(&[("a", Align::Left), ("b", Align::Left)]);
        table.row(vec![
            Cell::painted("x".into(), "\x1b[1mx\x1b[0m".into()),
            "y".into(),
        ]);
        assert_eq!(table.render(Look::PLAIN), "a  b\n\x1b[1mx\x1b[0m  y\n");
    }
}
