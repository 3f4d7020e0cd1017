//! A value of a row.

use std::borrow::Cow;

/// A value of a row, null where there is none.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cell<T>(pub(crate) Option<T>);

impl<T, U: Into<T>> From<Option<U>> for Cell<T> {
    fn from(value: Option<U>) -> Self {
        Self(value.map(Into::into))
    }
}

impl<'a> From<&'a str> for Cell<Cow<'a, str>> {
    fn from(text: &'a str) -> Self {
        Self(Some(Cow::Borrowed(text)))
    }
}

impl<'a> From<&'a String> for Cell<Cow<'a, str>> {
    fn from(text: &'a String) -> Self {
        text.as_str().into()
    }
}

impl From<String> for Cell<Cow<'_, str>> {
    fn from(text: String) -> Self {
        Self(Some(Cow::Owned(text)))
    }
}

macro_rules! cells {
    ($($from:ty => $to:ty),+ $(,)?) => {$(
        impl From<$from> for Cell<$to> {
            fn from(value: $from) -> Self {
                Self(Some(value.into()))
            }
        }
    )+};
}
cells! {
    u64 => u64,
    u32 => u64,
    u16 => u64,
    u8 => u64,
    i32 => i64,
    f64 => f64,
    bool => bool,
}
