//! Columns of a table as plain values.

use polars::prelude::*;

/// A table that can be read cell by cell.
pub(crate) struct Cells<'a>(pub(crate) &'a DataFrame);

impl Cells<'_> {
    pub(crate) fn rows(&self) -> usize {
        self.0.height()
    }

    pub(crate) fn text(&self, column: &str, row: usize) -> PolarsResult<String> {
        Ok(self.optional_text(column, row)?.unwrap_or_default())
    }

    pub(crate) fn optional_text(&self, column: &str, row: usize) -> PolarsResult<Option<String>> {
        let column = self.0.column(column)?.str()?;
        Ok(column.get(row).map(str::to_owned))
    }

    pub(crate) fn number(&self, column: &str, row: usize) -> PolarsResult<Option<f64>> {
        Ok(self.0.column(column)?.f64()?.get(row))
    }

    pub(crate) fn count(&self, column: &str, row: usize) -> PolarsResult<u32> {
        Ok(self.0.column(column)?.u32()?.get(row).unwrap_or(0))
    }
}
