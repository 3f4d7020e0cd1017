//! Arrow's file format (also called Feather 2), uncompressed so that it can be
//! mapped; one record batch per batch.

use polars_core::prelude::{CompatLevel, Schema};
use polars_io::SerWriter;
use polars_io::ipc::IpcWriter;

use crate::error::ExportError;
use crate::file::OutFile;
use crate::write::Feed;

/// Writes the batches of `feed`.
pub(crate) fn write(out: &mut OutFile, schema: &Schema, feed: Feed) -> Result<u64, ExportError> {
    let path = out.path().to_owned();
    let failed = || ExportError::encode(&path);
    // Text as plain strings: not every reader knows views.
    let writer = IpcWriter::new(&mut *out)
        .with_compat_level(CompatLevel::oldest())
        .with_parallel(false);
    // One per column, or readers find a file without columns; none is a dictionary.
    let fields = schema.iter().map(|_| Default::default()).collect();
    let mut writer = writer.batched(schema, fields).map_err(failed())?;
    let rows = feed(&mut |batch| {
        let batch = batch.map_err(failed())?;
        writer.write_batch(&batch).map_err(failed())
    })?;
    writer.finish().map_err(failed())?;
    Ok(rows)
}
