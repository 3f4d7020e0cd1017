//! Text for a terminal or a log, one file per thing that is shown.

pub(crate) mod breakdown;
pub(crate) mod instruments;
pub(crate) mod matrix;
pub(crate) mod results;
pub(crate) mod stitched;
pub(crate) mod trace;
