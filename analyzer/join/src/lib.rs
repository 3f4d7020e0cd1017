//! Joins what boots say into tables, and judges what only a join shows.
//!
//! ```text
//! figures of each boot ─┐
//!                       ├─ instruments ─► one table: program | instrument | allowed
//! rules ────────────────┘                     │
//!                                             ├─► findings   (where they disagree)
//!                                             └─► agreements (what results keep)
//!
//! results ┬─ mappings ─── matrix ─► comparisons
//!         └─ (again)
//! ```
//!
//! It and the crates that write and keep tables see polars: what comes before decodes
//! without, and reports show what they were given. Tables are small (rows of a run,
//! not records of a trace), so queries are written for reading, not for speed.

mod column;
pub mod instruments;
pub mod matrix;

pub use polars::error::PolarsError;
pub use polars::frame::DataFrame;
