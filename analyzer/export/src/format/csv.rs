//! Comma-separated values, RFC 4180: a header line, `"` around fields that need it,
//! nothing at all for null.

use std::num::NonZeroUsize;

use polars_core::prelude::Schema;
use polars_io::SerWriter;
use polars_io::csv::write::CsvWriter;

use crate::error::ExportError;
use crate::file::OutFile;
use crate::tables::Feed;

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
        writer.write_batch(&batch).map_err(failed())
    })?;
    // Writes the header where no batch came.
    writer.finish().map_err(failed())?;
    Ok(rows)
}
