//! Turns trace bytes into columns, histograms, segment trees and checks.
mod histogram;
pub mod load;
pub use histogram::{BUCKET_ERROR, Budget, EXACT_LIMIT, Estimate, Histogram};
