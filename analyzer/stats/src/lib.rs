//! Pure statistics: slices in, numbers out.
//!
//! Promises: no I/O, no state, no types but slices and small plain values; every
//! definition is written beside its function, because "the 95th percentile" has
//! at least nine. Costs a sort where order matters. Values must be finite.
//! An estimate that its data cannot support is `None`, never a made-up number.

mod boots;
mod quantile;
mod spread;

pub use boots::{Boot, Summary, summarize};
pub use quantile::{Quantile, median, quantile, quantile_of_sorted};
pub use spread::{
    Range, coefficient_of_variation, mean, median_absolute_deviation, range, standard_deviation,
};
