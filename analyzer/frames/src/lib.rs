//! Turns trace bytes into columns, histograms, segment trees and checks.
pub mod check;
mod histogram;
pub mod load;
pub mod segments;
pub mod statements;
pub mod trace;
pub mod windows;
pub use histogram::{BUCKET_ERROR, Budget, EXACT_LIMIT, Estimate, Histogram};
