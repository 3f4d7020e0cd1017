//! Tables: columns in order, and how rows become data frames.

use std::borrow::Cow;

use polars_core::prelude::{
    BooleanChunkedBuilder, ChunkedBuilder, Column as Filled, DataFrame, Field, Float64Type,
    Int64Type, IntoColumn, PolarsResult, PrimitiveChunkedBuilder, Schema, StringChunkedBuilder,
    UInt64Type,
};

use crate::cell::Cell;
use crate::column::{Column, ColumnSpec, Held, Value};

/// A table, filled from rows of type `R`.
pub struct Table<'a, R> {
    /// Its name.
    pub name: &'static str,
    columns: Vec<Column<'a, R>>,
}

/// What is known of a table without any row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSpec {
    /// Its name, and that of its file.
    pub name: &'static str,
    /// Its columns, in order.
    pub columns: Vec<ColumnSpec>,
}

impl TableSpec {
    /// Names and types of its columns.
    pub fn schema(&self) -> Schema {
        let fields = self.columns.iter();
        fields
            .map(|column| Field::new(column.name.into(), column.kind.data_type()))
            .collect()
    }
}

impl<'a, R> Table<'a, R> {
    pub(crate) fn new(
        name: &'static str,
        columns: impl IntoIterator<Item = Column<'a, R>>,
    ) -> Self {
        let columns = columns.into_iter().collect();
        Self { name, columns }
    }

    /// The table as an export holds it.
    pub fn exported(mut self) -> Self {
        self.columns
            .retain(|column| column.held == Held::Everywhere);
        self
    }

    /// The table as a file of a store holds it: without the keys that its path carries.
    pub fn stored(mut self, keys: &[&str]) -> Self {
        self.columns.retain(|column| !keys.contains(&column.name));
        self
    }

    /// Its name and columns.
    pub fn spec(&self) -> TableSpec {
        let columns = self.columns.iter();
        TableSpec {
            name: self.name,
            columns: columns.map(Column::spec).collect(),
        }
    }

    /// The table without rows.
    pub fn rows(self) -> Rows<'a, R> {
        let filling = self.columns.iter().map(Filling::new).collect();
        Rows {
            columns: self.columns,
            filling,
            count: 0,
        }
    }
}

/// Rows of a table on their way into columns.
pub struct Rows<'a, R> {
    columns: Vec<Column<'a, R>>,
    filling: Vec<Filling<'a, R>>,
    count: usize,
}

impl<R> Rows<'_, R> {
    /// Rows since the last frame.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Appends a row.
    pub fn push(&mut self, row: &R) {
        for column in &mut self.filling {
            column.push(row);
        }
        self.count += 1;
    }

    /// The rows so far as a data frame; further ones start afresh.
    pub fn take(&mut self) -> PolarsResult<DataFrame> {
        let afresh = self.columns.iter().map(Filling::new).collect();
        let filled = std::mem::replace(&mut self.filling, afresh).into_iter();
        let height = std::mem::take(&mut self.count);
        DataFrame::new(height, filled.map(Filling::finish).collect())
    }
}

impl<R> Extend<R> for Rows<'_, R> {
    fn extend<I: IntoIterator<Item = R>>(&mut self, rows: I) {
        rows.into_iter().for_each(|row| self.push(&row));
    }
}

/// A column on its way into a data frame.
enum Filling<'a, R> {
    Text(fn(&R) -> Cell<Cow<'a, str>>, StringChunkedBuilder),
    Count(fn(&R) -> Cell<u64>, PrimitiveChunkedBuilder<UInt64Type>),
    Integer(fn(&R) -> Cell<i64>, PrimitiveChunkedBuilder<Int64Type>),
    Number(fn(&R) -> Cell<f64>, PrimitiveChunkedBuilder<Float64Type>),
    Flag(fn(&R) -> Cell<bool>, BooleanChunkedBuilder),
}

impl<'a, R> Filling<'a, R> {
    fn new(column: &Column<'a, R>) -> Self {
        let name = column.name.into();
        match column.value {
            Value::Text(value) => Self::Text(value, StringChunkedBuilder::new(name, 0)),
            Value::Count(value) => Self::Count(value, PrimitiveChunkedBuilder::new(name, 0)),
            Value::Integer(value) => Self::Integer(value, PrimitiveChunkedBuilder::new(name, 0)),
            Value::Number(value) => Self::Number(value, PrimitiveChunkedBuilder::new(name, 0)),
            Value::Flag(value) => Self::Flag(value, BooleanChunkedBuilder::new(name, 0)),
        }
    }

    fn push(&mut self, row: &R) {
        match self {
            Self::Text(value, filled) => filled.append_option(value(row).0),
            Self::Count(value, filled) => filled.append_option(value(row).0),
            Self::Integer(value, filled) => filled.append_option(value(row).0),
            Self::Number(value, filled) => filled.append_option(value(row).0),
            Self::Flag(value, filled) => filled.append_option(value(row).0),
        }
    }

    fn finish(self) -> Filled {
        match self {
            Self::Text(_, filled) => filled.finish().into_column(),
            Self::Count(_, filled) => filled.finish().into_column(),
            Self::Integer(_, filled) => filled.finish().into_column(),
            Self::Number(_, filled) => filled.finish().into_column(),
            Self::Flag(_, filled) => filled.finish().into_column(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{Held, comparisons, exported, results, runs, samples, segments};

    #[test]
    fn no_table_has_two_columns_of_one_name() {
        let stored = [
            runs::table().spec(),
            results::table().spec(),
            samples::table().spec(),
            segments::table().spec(),
            comparisons::table().spec(),
        ];
        for table in exported().into_iter().chain(stored) {
            let mut names: Vec<_> = table.columns.iter().map(|column| column.name).collect();
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), count, "{}", table.name);
        }
    }

    #[test]
    fn an_export_has_no_column_that_only_stores_hold() {
        let mut tables = exported().into_iter();
        assert!(tables.all(|table| table.columns.iter().all(|c| c.held == Held::Everywhere)));
        let whole = results::table().spec();
        assert!(whole.columns.iter().any(|c| c.held == Held::InStores));
    }

    #[test]
    fn a_file_of_a_store_has_all_columns_but_the_keys_of_its_path() {
        let whole = results::table().spec().columns;
        let stored = results::table().stored(&["mode", "guest"]).spec().columns;
        assert_eq!(stored.len(), whole.len() - 2);
        assert!(stored.iter().all(|column| whole.contains(column)));
        assert!(stored.iter().all(|c| !["mode", "guest"].contains(&c.name)));
    }
}
