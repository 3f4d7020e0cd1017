//! Parquet with zstd, one row group per batch.

use polars_core::prelude::Schema;
use polars_io::prelude::{ParquetCompression, ParquetWriter};

use crate::error::ExportError;
use crate::file::OutFile;
use crate::write::Feed;

/// Writes the batches of `feed`.
pub(crate) fn write(out: &mut OutFile, schema: &Schema, feed: Feed) -> Result<u64, ExportError> {
    let path = out.path().to_owned();
    let failed = || ExportError::encode(&path);
    let writer = ParquetWriter::new(&mut *out)
        .with_compression(ParquetCompression::Zstd(None))
        .set_parallel(false);
    let mut writer = writer.batched(schema).map_err(failed())?;
    let rows = feed(&mut |batch| {
        let batch = batch.map_err(failed())?;
        writer.write_batch(&batch).map_err(failed())
    })?;
    writer.finish().map_err(failed())?;
    Ok(rows)
}
