//! How far a run came.

/// How many of a run's boots took place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// All that were planned, as far as the record says.
    #[default]
    Whole,
    /// Somebody or something stopped it.
    Part {
        /// Boots that took place.
        booted: usize,
        /// Boots that were planned.
        planned: usize,
    },
}
