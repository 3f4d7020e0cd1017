//! Shows results: tables, breakdowns, exports.
//!
//! Promises to add nothing: every number printed stands in the data, in its unit,
//! with the words that say what it is; a row without a number shows its reason in
//! the same place. Width and colour are the caller's decision ([`Look`]), and no
//! meaning depends on colour. Nothing here does arithmetic beyond rounding for
//! print, and nothing touches a file.

mod json;
mod look;
mod number;
mod table;
mod text;

pub use json::trace_json;
pub use look::Look;
pub use text::breakdown::breakdowns;
pub use text::instruments::instruments;
pub use text::matrix::matrix;
pub use text::results::results;
pub use text::trace::trace;
