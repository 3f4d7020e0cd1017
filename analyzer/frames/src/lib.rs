//! Turns trace bytes into columns, histograms, segment trees and checks.
//!
//! The way of the data, one module each:
//!
//! ```text
//! file ─ load ─► frames ─ trace ─► statements, windows(segments ─► histograms)
//!                                        │
//!                     check: findings ◄──┤
//!                                        ├──► summary  (one trace, for people)
//!                                        ├──► figures  (what second instruments say)
//!                     breakdown ◄────────┴──► outcome  (several boots, one result)
//!                                                 └─► flags (what its median hides)
//! ```
//!
//! Promises: one pass, memory that does not grow with the length of a trace (only
//! with what it declares and, up to a limit, with its samples), no panic and no unbounded memory
//! on any input, and no number that a rule objects to.

pub mod audit;
mod breakdown;
pub mod check;
mod counts;
pub mod difference;
pub mod figures;
pub mod flags;
pub mod flows;
mod histogram;
pub mod load;
pub mod outcome;
mod pattern;
pub mod segments;
pub mod statements;
pub mod summary;
pub mod synthetic;
pub mod trace;
pub mod windows;
pub use breakdown::breakdown;
pub use histogram::{BUCKET_ERROR, Budget, EXACT_LIMIT, Estimate, Histogram};
