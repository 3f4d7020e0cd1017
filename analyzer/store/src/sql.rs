//! Answers SQL over a store.
//!
//! Only the tables that a query names are read, whole and into memory, after their
//! size was taken from the files' footers: a query that would read more than
//! [`BYTE_LIMIT`] is refused before it reads any. What a join of them makes is not
//! bounded; the planner of polars has no limit to set.

use polars_core::prelude::DataFrame;
use polars_io::SerWriter;
use polars_io::prelude::{CsvWriter, JsonFormat, JsonWriter};

use crate::error::StoreError;
use crate::layout::Store;

/// Most bytes of columns, uncompressed, that a query reads: 1 GiB. Joins and sorts
/// hold several copies, and a developer's machine has some 8 GiB.
pub const BYTE_LIMIT: u64 = 1 << 30;

/// The rows that a query selects.
#[derive(Clone, Debug)]
pub struct Answer {
    frame: DataFrame,
}

/// A format for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerFormat {
    /// Comma-separated values with a header; null is nothing.
    Csv,
    /// An array of objects.
    Json,
}

impl Answer {
    /// Names of its columns, in order.
    pub fn titles(&self) -> Vec<String> {
        let names = self.frame.get_column_names();
        names.into_iter().map(ToString::to_string).collect()
    }

    /// Its rows as text, for people; null is `None`.
    pub fn rows(&self) -> Vec<Vec<Option<String>>> {
        let cell = |column: &polars_core::prelude::Column, at: usize| {
            let value = column.get(at).ok().filter(|value| !value.is_null())?;
            Some(match value.get_str() {
                Some(text) => text.to_owned(),
                None => value.to_string(),
            })
        };
        let row = |at| self.frame.columns().iter().map(|c| cell(c, at)).collect();
        (0..self.frame.height()).map(row).collect()
    }

    /// As text for programs.
    ///
    /// # Errors
    ///
    /// A column's type has no form there: lists in CSV, say.
    pub fn text(&self, format: AnswerFormat) -> Result<String, StoreError> {
        let mut frame = self.frame.clone();
        let mut bytes = Vec::new();
        match format {
            AnswerFormat::Csv => CsvWriter::new(&mut bytes).finish(&mut frame),
            AnswerFormat::Json => JsonWriter::new(&mut bytes)
                .with_json_format(JsonFormat::Json)
                .finish(&mut frame),
        }
        .map_err(StoreError::Table)?;
        if format == AnswerFormat::Json {
            bytes.push(b'\n');
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

impl Store {
    /// Answers a query over the tables `runs`, `results`, `samples`, `segments`
    /// and `comparisons`. Keys of the partitions are columns of type text.
    ///
    /// # Errors
    ///
    /// The query is wrong or reads too much, a file does not belong here or cannot be
    /// read, or this build has no SQL.
    pub fn query(&self, sql: &str) -> Result<Answer, StoreError> {
        let frame = answer(self, sql)?;
        Ok(Answer { frame })
    }
}

#[cfg(not(feature = "sql"))]
fn answer(_: &Store, _: &str) -> Result<DataFrame, StoreError> {
    Err(StoreError::NoSql)
}

#[cfg(feature = "sql")]
fn answer(store: &Store, sql: &str) -> Result<DataFrame, StoreError> {
    use crate::read;
    use crate::table::Table;
    use polars_lazy::prelude::IntoLazy;
    use polars_sql::{SQLContext, extract_table_identifiers};

    let wrong = |error: polars_core::prelude::PolarsError| StoreError::Sql(error.to_string());
    let named = extract_table_identifiers(sql, false, true).map_err(wrong)?;
    let tables = Table::ALL.into_iter();
    let tables: Vec<Table> = tables
        .filter(|table| {
            named
                .iter()
                .any(|name| name.eq_ignore_ascii_case(table.name()))
        })
        .collect();
    let scan = store.scan()?;
    let of_query = scan
        .files
        .iter()
        .filter(|file| tables.contains(&file.table));
    let bytes = of_query.map(read::size).sum::<Result<u64, _>>()?;
    if bytes > BYTE_LIMIT {
        let limit = BYTE_LIMIT;
        return Err(StoreError::TooLarge { bytes, limit });
    }
    let mut context = SQLContext::new();
    for table in tables {
        let frame = read::table(table, scan.files.iter())?;
        context.register(table.name(), frame.lazy());
    }
    let plan = context.execute(sql).map_err(wrong)?;
    plan.collect().map_err(wrong)
}
