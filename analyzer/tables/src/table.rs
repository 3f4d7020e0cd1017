//! Tables: columns in order, and how rows become data frames.

use polars_core::prelude::{
    BooleanChunkedBuilder, ChunkedBuilder, Column as Filled, DataFrame, Field, Float64Type,
    Int64Type, IntoColumn, PolarsResult, PrimitiveChunkedBuilder, Schema, StringChunkedBuilder,
    UInt64Type,
};

use crate::cell::Cell;
use crate::column::{Column, ColumnSpec, Held, Kind};

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
            .retain(|column| column.spec.held == Held::Everywhere);
        self
    }

    /// The table as a file of a store holds it: without the keys that its path carries.
    pub fn stored(mut self, keys: &[&str]) -> Self {
        self.columns
            .retain(|column| !keys.contains(&column.spec.name));
        self
    }

    /// Its name and columns.
    pub fn spec(&self) -> TableSpec {
        let columns = self.columns.iter();
        TableSpec {
            name: self.name,
            columns: columns.map(|column| column.spec).collect(),
        }
    }

    /// The table without rows.
    pub fn rows(self) -> Rows<'a, R> {
        let builders = builders(&self.columns);
        Rows {
            columns: self.columns,
            builders,
            count: 0,
        }
    }
}

/// Rows of a table on their way into columns.
pub struct Rows<'a, R> {
    columns: Vec<Column<'a, R>>,
    builders: Vec<Builder>,
    count: usize,
}

impl<R> Rows<'_, R> {
    /// Rows since the last frame.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Appends a row.
    pub fn push(&mut self, row: &R) {
        for (column, builder) in self.columns.iter().zip(&mut self.builders) {
            builder.push((column.value)(row));
        }
        self.count += 1;
    }

    /// The rows so far as a data frame; further ones start afresh.
    pub fn take(&mut self) -> PolarsResult<DataFrame> {
        let filled = std::mem::replace(&mut self.builders, builders(&self.columns));
        let height = std::mem::take(&mut self.count);
        DataFrame::new(height, filled.into_iter().map(Builder::finish).collect())
    }
}

impl<R> Extend<R> for Rows<'_, R> {
    fn extend<I: IntoIterator<Item = R>>(&mut self, rows: I) {
        rows.into_iter().for_each(|row| self.push(&row));
    }
}

fn builders<R>(columns: &[Column<'_, R>]) -> Vec<Builder> {
    let specs = columns.iter().map(|column| &column.spec);
    specs.map(Builder::new).collect()
}

enum Builder {
    Text(StringChunkedBuilder),
    Count(PrimitiveChunkedBuilder<UInt64Type>),
    Integer(PrimitiveChunkedBuilder<Int64Type>),
    Number(PrimitiveChunkedBuilder<Float64Type>),
    Flag(BooleanChunkedBuilder),
}

impl Builder {
    fn new(column: &ColumnSpec) -> Self {
        let name = column.name.into();
        match column.kind {
            Kind::Text => Self::Text(StringChunkedBuilder::new(name, 0)),
            Kind::Count => Self::Count(PrimitiveChunkedBuilder::new(name, 0)),
            Kind::Integer => Self::Integer(PrimitiveChunkedBuilder::new(name, 0)),
            Kind::Number => Self::Number(PrimitiveChunkedBuilder::new(name, 0)),
            Kind::Flag => Self::Flag(BooleanChunkedBuilder::new(name, 0)),
        }
    }

    fn push(&mut self, cell: Cell) {
        match (self, cell) {
            (Self::Text(column), Cell::Text(value)) => column.append_value(value),
            (Self::Count(column), Cell::Count(value)) => column.append_value(value),
            (Self::Integer(column), Cell::Integer(value)) => column.append_value(value),
            (Self::Number(column), Cell::Number(value)) => column.append_value(value),
            (Self::Flag(column), Cell::Flag(value)) => column.append_value(value),
            (Self::Text(column), Cell::Null) => column.append_null(),
            (Self::Count(column), Cell::Null) => column.append_null(),
            (Self::Integer(column), Cell::Null) => column.append_null(),
            (Self::Number(column), Cell::Null) => column.append_null(),
            (Self::Flag(column), Cell::Null) => column.append_null(),
            (_, cell) => unreachable!("{cell:?} is not of its column's kind"),
        }
    }

    fn finish(self) -> Filled {
        match self {
            Self::Text(column) => column.finish().into_column(),
            Self::Count(column) => column.finish().into_column(),
            Self::Integer(column) => column.finish().into_column(),
            Self::Number(column) => column.finish().into_column(),
            Self::Flag(column) => column.finish().into_column(),
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
