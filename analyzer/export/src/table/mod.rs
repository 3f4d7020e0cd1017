//! Tables: what their columns are, and how rows become data frames.
//!
//! A table's columns are declared once, beside the code that fills them; the
//! chapter *Exports* of the book documents each, and a test holds the two equal.

pub(crate) mod comparisons;
pub(crate) mod context;
pub(crate) mod instruments;
pub(crate) mod mispriced;
pub(crate) mod perturbations;
pub(crate) mod results;
pub(crate) mod samples;
pub(crate) mod segments;
pub(crate) mod spans;

use capbench_results::BenchmarkName;
use polars_core::prelude::*;

/// What a column holds. Any may be null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8.
    Text,
    /// 64 bits, from 0 up.
    Count,
    /// 64 bits, with a sign.
    Integer,
    /// A double.
    Number,
    /// True or false.
    Flag,
}

impl Kind {
    /// As the book spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Count => "count",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Flag => "flag",
        }
    }

    fn data_type(self) -> DataType {
        match self {
            Self::Text => DataType::String,
            Self::Count => DataType::UInt64,
            Self::Integer => DataType::Int64,
            Self::Number => DataType::Float64,
            Self::Flag => DataType::Boolean,
        }
    }
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColumnSpec {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Its unit: a word, [`UNIT`] where another column says it, or [`NONE`].
    pub unit: &'static str,
}

/// The unit stands in the row's column `unit`.
pub const UNIT: &str = "`unit`";
/// Not a quantity.
pub const NONE: &str = "–";
/// How often an instruction was executed.
pub const EXECUTIONS: &str = "executions";
/// Ticks of the boot's clock.
pub const TICKS: &str = "ticks";

/// A table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableSpec {
    /// Its name, and that of its file.
    pub name: &'static str,
    /// Its columns, in order.
    pub columns: &'static [ColumnSpec],
}

/// Every table there is.
pub const TABLES: &[TableSpec] = &[
    results::SPEC,
    samples::SPEC,
    segments::SPEC,
    comparisons::SPEC,
    instruments::SPEC,
    perturbations::SPEC,
    mispriced::SPEC,
    context::SPEC,
    spans::SPEC,
];

pub(crate) const fn column(name: &'static str, kind: Kind, unit: &'static str) -> ColumnSpec {
    ColumnSpec { name, kind, unit }
}

impl TableSpec {
    pub(crate) fn schema(&self) -> Schema {
        let fields = self.columns.iter();
        fields
            .map(|column| Field::new(column.name.into(), column.kind.data_type()))
            .collect()
    }
}

/// One value of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cell<'a> {
    Text(&'a str),
    Count(u64),
    Integer(i64),
    Number(f64),
    Flag(bool),
    Null,
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a BenchmarkName> for Cell<'a> {
    fn from(name: &'a BenchmarkName) -> Self {
        Self::Text(name.as_str())
    }
}

impl<'a> From<&'a String> for Cell<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

macro_rules! cells {
    ($($from:ty => $variant:ident),+ $(,)?) => {$(
        impl From<$from> for Cell<'_> {
            fn from(value: $from) -> Self {
                Self::$variant(value.into())
            }
        }
    )+};
}
cells! {
    u64 => Count,
    u32 => Count,
    u16 => Count,
    u8 => Count,
    i32 => Integer,
    f64 => Number,
    bool => Flag,
}

impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Rows of a table on their way into columns.
pub(crate) struct Rows {
    spec: TableSpec,
    columns: Vec<Builder>,
    count: usize,
}

enum Builder {
    Text(StringChunkedBuilder),
    Count(PrimitiveChunkedBuilder<UInt64Type>),
    Integer(PrimitiveChunkedBuilder<Int64Type>),
    Number(PrimitiveChunkedBuilder<Float64Type>),
    Flag(BooleanChunkedBuilder),
}

impl Rows {
    pub(crate) fn new(spec: TableSpec) -> Self {
        Self {
            spec,
            columns: spec.columns.iter().map(Builder::new).collect(),
            count: 0,
        }
    }

    /// Rows since the last frame.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Appends a row, one cell per column.
    pub(crate) fn push<const N: usize>(&mut self, row: [Cell; N]) {
        assert_eq!(N, self.columns.len(), "a row has the table's columns");
        for (column, cell) in self.columns.iter_mut().zip(row) {
            column.push(cell);
        }
        self.count += 1;
    }

    /// The rows so far as a data frame; further ones start afresh.
    pub(crate) fn take(&mut self) -> PolarsResult<DataFrame> {
        let empty = self.spec.columns.iter().map(Builder::new).collect();
        let columns = std::mem::replace(&mut self.columns, empty);
        let height = std::mem::take(&mut self.count);
        DataFrame::new(height, columns.into_iter().map(Builder::finish).collect())
    }
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

    fn finish(self) -> Column {
        match self {
            Self::Text(column) => column.finish().into_column(),
            Self::Count(column) => column.finish().into_column(),
            Self::Integer(column) => column.finish().into_column(),
            Self::Number(column) => column.finish().into_column(),
            Self::Flag(column) => column.finish().into_column(),
        }
    }
}
