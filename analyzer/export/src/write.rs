//! All tables of a run in one format.

use std::path::Path;

use capbench_results::Results;
use capbench_tables::{
    Table, TableSpec, comparisons, context, instruments, mispriced, perturbations, results,
    samples, segments,
};
use polars_core::prelude::{DataFrame, PolarsResult};

use crate::boot::Boot;
use crate::error::ExportError;
use crate::file::{OutFile, Written, name_part};
use crate::format::{arrow, csv, json, parquet};
use crate::spans;

/// Gives batches to a format and returns how many rows they had.
pub(crate) type Feed<'a> = &'a mut dyn FnMut(
    &mut dyn FnMut(PolarsResult<DataFrame>) -> Result<(), ExportError>,
) -> Result<u64, ExportError>;

/// A format for tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableFormat {
    /// Comma-separated values.
    Csv,
    /// An array of objects.
    Json,
    /// Parquet.
    Parquet,
    /// Arrow's file format.
    Arrow,
}

impl TableFormat {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Csv, Self::Json, Self::Parquet, Self::Arrow];

    /// How its files end.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Parquet => "parquet",
            Self::Arrow => "arrow",
        }
    }

    fn write(
        self,
        to: &Path,
        name: &str,
        spec: &TableSpec,
        feed: Feed,
    ) -> Result<Written, ExportError> {
        let mut out = OutFile::create(to, &format!("{name}.{}", self.extension()))?;
        let schema = spec.schema();
        let rows = match self {
            Self::Csv => csv::write(&mut out, &schema, feed),
            Self::Json => json::write(&mut out, &schema, feed),
            Self::Parquet => parquet::write(&mut out, &schema, feed),
            Self::Arrow => arrow::write(&mut out, &schema, feed),
        }?;
        out.commit(count(rows, "row"))
    }
}

/// Writes every table of a run's results.
///
/// # Errors
///
/// A file could not be written; those before it are there.
pub fn write_results(
    run: &Results,
    format: TableFormat,
    to: &Path,
) -> Result<Vec<Written>, ExportError> {
    let file = Files { format, to };
    Ok(vec![
        file.write(results::table(), results::rows(run))?,
        file.write(samples::table(), samples::rows(run))?,
        file.write(segments::table(), segments::rows(run))?,
        file.write(comparisons::table(), comparisons::rows(run))?,
        file.write(instruments::table(), instruments::rows(run))?,
        file.write(perturbations::table(), perturbations::rows(run))?,
        file.write(mispriced::table(), mispriced::rows(run))?,
        file.write(context::table(), context::rows(run))?,
    ])
}

/// Where tables of results go, and in which format.
struct Files<'a> {
    format: TableFormat,
    to: &'a Path,
}

impl Files<'_> {
    fn write<'r, R>(
        &self,
        table: Table<'r, R>,
        of: impl Iterator<Item = R>,
    ) -> Result<Written, ExportError> {
        let table = table.exported();
        let spec = table.spec();
        let mut rows = table.rows();
        rows.extend(of);
        let count = rows.count() as u64;
        self.format.write(self.to, spec.name, &spec, &mut |batch| {
            if count > 0 {
                batch(rows.take())?;
            }
            Ok(count)
        })
    }
}

/// Writes the spans of a boot.
///
/// # Errors
///
/// The trace could not be read or the file not written.
pub fn write_spans(boot: &Boot, format: TableFormat, to: &Path) -> Result<Written, ExportError> {
    let spec = capbench_tables::spans::table().exported().spec();
    let name = format!("{}-{}", spec.name, name_part(&boot.stem));
    format.write(to, &name, &spec, &mut |batch| spans::feed(boot, batch))
}

/// `1 row`, `2 rows`.
pub(crate) fn count(count: u64, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}
