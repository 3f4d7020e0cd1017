//! Turns trace bytes into columns, windows, histograms and segment trees.
//!
//! The way of the data, one module each:
//!
//! ```text
//! file ─ load ─► frames ─ trace ─► statements, windows(nesting ─► segments ─► histograms)
//!                                        │
//!                     breakdown ◄────────┼──► summary  (one trace, for people)
//!                     samples ◄──────────┼──► figures  (what second instruments say)
//!                     flags ◄────────────┴──► flows    (one sample in parts)
//! ```
//!
//! Promises: one pass, memory that does not grow with the length of a trace (only
//! with what it declares and, up to a limit, with its samples), no panic and no unbounded memory
//! on any input. What may be believed is not for here to say.

mod breakdown;
mod counts;
pub mod difference;
pub mod figures;
pub mod flags;
pub mod flows;
mod histogram;
pub mod load;
pub mod nesting;
mod pattern;
pub mod samples;
mod segments;
pub mod statements;
pub mod story;
pub mod summary;
pub mod synthetic;
mod text;
pub mod trace;
pub mod windows;
pub use breakdown::breakdown;
pub use histogram::{BUCKET_ERROR, Budget, EXACT_LIMIT, Estimate, Histogram};
