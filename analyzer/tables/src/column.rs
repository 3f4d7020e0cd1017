//! Columns: name, type, unit and value.

use std::borrow::Cow;

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
    /// In stores only: it distinguishes runs, or stands for a table that stores lack.
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
    /// The kind of its values.
    pub kind: Kind,
    /// Its unit: a word, [`UNIT`] where another column says it, or [`NONE`].
    pub unit: &'static str,
    /// Where it is held.
    pub held: Held,
}

/// A column, filled from rows of type `R`.
pub struct Column<'a, R> {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) held: Held,
    pub(crate) value: Value<'a, R>,
}

/// What a row has in a column; its type is the column's.
pub(crate) enum Value<'a, R> {
    Text(fn(&R) -> Cell<Cow<'a, str>>),
    Count(fn(&R) -> Cell<u64>),
    Integer(fn(&R) -> Cell<i64>),
    Number(fn(&R) -> Cell<f64>),
    Flag(fn(&R) -> Cell<bool>),
}

impl<R> Column<'_, R> {
    /// What is known of it without any row.
    pub(crate) const fn spec(&self) -> ColumnSpec {
        ColumnSpec {
            name: self.name,
            kind: match self.value {
                Value::Text(_) => Kind::Text,
                Value::Count(_) => Kind::Count,
                Value::Integer(_) => Kind::Integer,
                Value::Number(_) => Kind::Number,
                Value::Flag(_) => Kind::Flag,
            },
            unit: self.unit,
            held: self.held,
        }
    }

    /// The same column, held by stores only.
    pub(crate) const fn in_stores(mut self) -> Self {
        self.held = Held::InStores;
        self
    }
}

const fn column<'a, R>(
    name: &'static str,
    unit: &'static str,
    value: Value<'a, R>,
) -> Column<'a, R> {
    let held = Held::Everywhere;
    Column {
        name,
        unit,
        held,
        value,
    }
}

/// A column of text.
pub(crate) const fn text<'a, R>(
    name: &'static str,
    value: fn(&R) -> Cell<Cow<'a, str>>,
) -> Column<'a, R> {
    column(name, NONE, Value::Text(value))
}

/// A column of counts.
pub(crate) const fn count<'a, R>(
    name: &'static str,
    unit: &'static str,
    value: fn(&R) -> Cell<u64>,
) -> Column<'a, R> {
    column(name, unit, Value::Count(value))
}

/// A column of integers.
pub(crate) const fn integer<'a, R>(
    name: &'static str,
    unit: &'static str,
    value: fn(&R) -> Cell<i64>,
) -> Column<'a, R> {
    column(name, unit, Value::Integer(value))
}

/// A column of numbers.
pub(crate) const fn number<'a, R>(
    name: &'static str,
    unit: &'static str,
    value: fn(&R) -> Cell<f64>,
) -> Column<'a, R> {
    column(name, unit, Value::Number(value))
}

/// A column of flags.
pub(crate) const fn flag<'a, R>(name: &'static str, value: fn(&R) -> Cell<bool>) -> Column<'a, R> {
    column(name, NONE, Value::Flag(value))
}
