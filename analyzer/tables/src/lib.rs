//! Each table once: a column's name, type, unit and value in one place.
//!
//! ```text
//! results ─┬─ runs, results, samples, segments, comparisons,
//!          │  instruments, perturbations, mispriced, context ─┐
//! trace ───┴─ spans ──────────────────────────────────────────┴─► data frame
//! ```
//!
//! Promises: a column that exports and stores share has one declaration, so that it
//! cannot mean two things; a row that did not pass yields no number. The book
//! documents each column, and tests hold the two equal.
//!
//! Writes no file: `export` and `store` do.

mod cell;
mod column;
pub mod comparisons;
pub mod context;
mod identity;
pub mod instruments;
pub mod mispriced;
pub mod perturbations;
pub mod results;
pub mod runs;
pub mod samples;
pub mod segments;
pub mod spans;
mod table;

pub use column::{Column, ColumnSpec, EXECUTIONS, Held, Kind, NONE, TICKS, UNIT};
pub use table::{Rows, Table, TableSpec};

/// The tables of an export.
pub fn exported() -> Vec<TableSpec> {
    vec![
        results::table().exported().spec(),
        samples::table().exported().spec(),
        segments::table().exported().spec(),
        comparisons::table().exported().spec(),
        instruments::table().exported().spec(),
        perturbations::table().exported().spec(),
        mispriced::table().exported().spec(),
        context::table().exported().spec(),
        spans::table().exported().spec(),
    ]
}
