//! Columns: name, type, unit and value.

use polars_core::prelude::DataType;

use crate::cell::Cell;

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

    pub(crate) const fn data_type(self) -> DataType {
        match self {
            Self::Text => DataType::String,
            Self::Count => DataType::UInt64,
            Self::Integer => DataType::Int64,
            Self::Number => DataType::Float64,
            Self::Flag => DataType::Boolean,
        }
    }
}

/// Where a column is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// In exports and stores.
    Everywhere,
    /// In stores only: it tells runs apart, or stands for a table that stores lack.
    InStores,
}

/// The unit stands in the row's column `unit`.
pub const UNIT: &str = "`unit`";
/// Not a quantity.
pub const NONE: &str = "–";
/// How often an instruction was executed.
pub const EXECUTIONS: &str = "executions";
/// Ticks of the boot's clock.
pub const TICKS: &str = "ticks";

/// What is known of a column without any row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColumnSpec {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Its unit: a word, [`UNIT`] where another column says it, or [`NONE`].
    pub unit: &'static str,
    /// Where it is held.
    pub held: Held,
}

/// A column, filled from rows of type `R`.
pub struct Column<'a, R> {
    /// Its name, type and unit.
    pub spec: ColumnSpec,
    pub(crate) value: fn(&R) -> Cell<'a>,
}

impl<R> Column<'_, R> {
    /// The same column, held by stores only.
    pub(crate) const fn in_stores(mut self) -> Self {
        self.spec.held = Held::InStores;
        self
    }
}

/// A column that exports and stores hold.
pub(crate) const fn column<'a, R>(
    name: &'static str,
    kind: Kind,
    unit: &'static str,
    value: fn(&R) -> Cell<'a>,
) -> Column<'a, R> {
    let held = Held::Everywhere;
    let spec = ColumnSpec {
        name,
        kind,
        unit,
        held,
    };
    Column { spec, value }
}
