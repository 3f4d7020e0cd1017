//! A value of a row.

use std::borrow::Cow;

use capbench_results::BenchmarkName;

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)] // As the kinds of columns.
pub enum Cell<'a> {
    Text(Cow<'a, str>),
    Count(u64),
    Integer(i64),
    Number(f64),
    Flag(bool),
    Null,
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a BenchmarkName> for Cell<'a> {
    fn from(name: &'a BenchmarkName) -> Self {
        name.as_str().into()
    }
}

impl<'a> From<&'a String> for Cell<'a> {
    fn from(text: &'a String) -> Self {
        text.as_str().into()
    }
}

impl From<String> for Cell<'_> {
    fn from(text: String) -> Self {
        Self::Text(Cow::Owned(text))
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
