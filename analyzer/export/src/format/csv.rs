//! Comma-separated values, RFC 4180: a header line, `"` around fields that need it,
//! nothing at all for null.

use std::borrow::Cow;
use std::num::NonZeroUsize;

use capbench_results::plain_lines;
use polars_core::prelude::{DataFrame, IntoColumn, PolarsResult, Schema, StringChunked};
use polars_io::SerWriter;
use polars_io::csv::write::CsvWriter;

use crate::error::ExportError;
use crate::file::OutFile;
use crate::write::Feed;

/// A spreadsheet takes a cell that begins so for a formula (OWASP, CSV injection).
const FORMULAS: [char; 4] = ['=', '+', '-', '@'];

/// Rows that are put into text at once.
const LINES: NonZeroUsize = NonZeroUsize::new(4096).expect("not zero");

/// Writes the batches of `feed`.
pub(crate) fn write(out: &mut OutFile, schema: &Schema, feed: Feed) -> Result<u64, ExportError> {
    let path = out.path().to_owned();
    let failed = || ExportError::encode(&path);
    let writer = CsvWriter::new(&mut *out)
        .n_threads(1)
        .with_batch_size(LINES);
    let mut writer = writer.batched(schema).map_err(failed())?;
    let rows = feed(&mut |batch| {
        let batch = batch.map_err(failed())?;
        let batch = without_formulas(batch).map_err(failed())?;
        writer.write_batch(&batch).map_err(failed())
    })?;
    // Writes the header where no batch came.
    writer.finish().map_err(failed())?;
    Ok(rows)
}

/// Cells of text that no spreadsheet executes, and no terminal obeys. Numbers stay.
fn without_formulas(mut batch: DataFrame) -> PolarsResult<DataFrame> {
    for index in 0..batch.width() {
        let column = &batch.columns()[index];
        let Ok(texts) = column.str() else { continue };
        let name = column.name().clone();
        let cells = texts.iter().map(|cell| cell.map(harmless));
        let cells: StringChunked = cells.collect();
        batch.replace_column(index, cells.with_name(name).into_column())?;
    }
    Ok(batch)
}

fn harmless(cell: &str) -> Cow<'_, str> {
    let plain = plain_lines(cell);
    match plain.starts_with(FORMULAS) || plain.starts_with('\t') {
        true => Cow::Owned(format!("'{plain}")),
        false => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_begins_like_a_formula_is_text() {
        assert_eq!(harmless("=1+1"), "'=1+1");
        assert_eq!(harmless("@sum"), "'@sum");
        assert_eq!(harmless("-2"), "'-2");
        assert_eq!(harmless("ring/nop/1"), "ring/nop/1");
        assert_eq!(harmless("a\u{1b}[2J"), "a\\u001b[2J");
    }
}
