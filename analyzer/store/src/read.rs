//! Reads files of a store, with the columns that they must have.

use std::fs::File;

use polars_core::prelude::*;
use polars_io::SerReader;
use polars_io::prelude::ParquetReader;

use crate::error::StoreError;
use crate::scan::Found;
#[cfg(feature = "sql")]
use crate::table::Table;

/// A file as a frame, the keys of its path before its own columns.
pub(crate) fn frame(found: &Found) -> Result<DataFrame, StoreError> {
    let path = found.path.as_path();
    let file = File::open(path).map_err(StoreError::io(path))?;
    let read = ParquetReader::new(file).finish();
    let read = read.map_err(StoreError::file(path))?;
    check(found, &read)?;
    let keys = found.table.partition_keys().iter().zip(&found.keys);
    let mut columns: Vec<Column> = keys
        .map(|(key, value)| {
            let scalar = Scalar::from(PlSmallStr::from_str(value));
            Column::new_scalar((*key).into(), scalar, read.height())
        })
        .collect();
    columns.extend(read.columns().iter().cloned());
    DataFrame::new(read.height(), columns).map_err(StoreError::Table)
}

/// How many bytes a file's columns are, uncompressed, by its footer.
#[cfg(feature = "sql")]
pub(crate) fn size(found: &Found) -> Result<u64, StoreError> {
    let path = found.path.as_path();
    let file = File::open(path).map_err(StoreError::io(path))?;
    let mut reader = ParquetReader::new(file);
    let footer = reader.get_metadata().map_err(StoreError::file(path))?;
    let groups = footer.row_groups.iter();
    Ok(groups.map(|group| group.total_byte_size() as u64).sum())
}

/// All these files one below the other; without any, the table without rows.
#[cfg(feature = "sql")]
pub(crate) fn table<'a>(
    table: Table,
    files: impl Iterator<Item = &'a Found>,
) -> Result<DataFrame, StoreError> {
    let mut whole: Option<DataFrame> = None;
    for found in files.filter(|found| found.table == table) {
        let part = frame(found)?;
        match &mut whole {
            Some(whole) => {
                whole.vstack_mut_owned(part).map_err(StoreError::Table)?;
            }
            None => whole = Some(part),
        }
    }
    Ok(whole.unwrap_or_else(|| DataFrame::empty_with_schema(&full_schema(table))))
}

/// The keys of the path, as text whatever they look like, and a file's columns.
#[cfg(feature = "sql")]
fn full_schema(table: Table) -> Schema {
    let keys = table.partition_keys().iter();
    let mut schema: Schema = keys
        .map(|key| Field::new((*key).into(), DataType::String))
        .collect();
    schema.merge(table.file_schema());
    schema
}

fn check(found: &Found, read: &DataFrame) -> Result<(), StoreError> {
    let file_error = |reason: String| StoreError::File {
        path: found.path.clone(),
        reason,
    };
    let expected = found.table.file_schema();
    let differs = || {
        for (name, kind) in expected.iter() {
            match read.schema().get(name) {
                Some(found) if found == kind => {}
                Some(found) => return Some(format!("its column {name} is {found}, not {kind}")),
                None => return Some(format!("it has no column {name}")),
            }
        }
        let more = read
            .schema()
            .iter_names()
            .find(|name| !expected.contains(name));
        more.map(|name| format!("its column {name} is of no version that this capbench knows"))
    };
    if let Some(reason) = differs() {
        return Err(file_error(reason));
    }
    // The schema may be equal and its order not: rows are stacked by position.
    if !read.schema().iter_names().eq(expected.iter_names()) {
        return Err(file_error("its columns are in another order".into()));
    }
    let ids = read.column("run_id").and_then(|ids| ids.str().cloned());
    let ids = ids.map_err(StoreError::Table)?;
    if ids.iter().any(|id| id != Some(found.run_id.as_str())) {
        return Err(file_error(
            "it holds rows of another run than its name says".into(),
        ));
    }
    Ok(())
}
