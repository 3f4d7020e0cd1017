//! Pure statistics: slices in, numbers out.
//!
//! Promises: no I/O, no state, no types but slices and small plain values; every
//! definition is written beside its function with its source, because "the 95th
//! percentile" has at least nine; what draws random numbers takes a seed and draws
//! the same ones for it on every machine. Costs a sort where order matters, and
//! says so where it costs more. Values must be finite.
//! An estimate that its data cannot support is `None` or a reason, never a made-up
//! number.
//!
//! | question | module |
//! |---|---|
//! | where is the middle, how far are the tails? | `quantile` |
//! | how far do values lie apart? | `spread` |
//! | what do several boots say together? | `boots` |
//! | how sure is that? | `bootstrap` |
//! | are two sets of boots apart? | `mann_whitney` |
//! | how clearly, how far? | `cliffs_delta`, `hodges_lehmann` |
//! | is one number the wrong answer? | `bimodality`, `modes`, `rare_mode` |
//! | had it settled? | `warm_up` |

mod bimodality;
mod boots;
mod bootstrap;
mod cliffs_delta;
mod dip;
mod hodges_lehmann;
mod mann_whitney;
mod modes;
mod normal;
mod pairs;
mod quantile;
mod random;
mod ranks;
mod rare_mode;
mod spread;
mod warm_up;

pub use bimodality::{Bimodality, Rounding, bimodality};
pub use boots::{Boot, Summary, summarize};
pub use bootstrap::{
    Confidence, FEWEST_BOOTS, Interval, NoInterval, REPORT_RESAMPLES, Replicates, Resampling,
};
pub use cliffs_delta::{Magnitude, cliffs_delta};
pub use dip::dip;
pub use hodges_lehmann::hodges_lehmann_shift;
pub use mann_whitney::{
    Alternative, Computation, EXACT_TIED_TOTAL, EXACT_TOTAL, MannWhitney, mann_whitney,
};
pub use modes::{Mode, split_at_modes, two_modes};
pub use quantile::{Quantile, median, quantile, quantile_of_sorted};
pub use rare_mode::{RareMode, rare_mode};
pub use spread::{
    Range, coefficient_of_variation, mean, median_absolute_deviation, range, standard_deviation,
};
pub use warm_up::{Change, Onset, warm_up};
