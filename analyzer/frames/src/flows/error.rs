//! Why a sample cannot be shown in parts.

use super::records;

/// A sample cannot be shown in parts.
#[derive(Debug, thiserror::Error)]
pub enum StitchError {
    /// No such window.
    #[error("no row {row:?} in this trace; it has: {rows}")]
    NoRow {
        /// The row that was asked for.
        row: String,
        /// The rows that there are.
        rows: String,
    },
    /// The guest was built without segment probes.
    #[error("no segments in this trace: its guest is the {variant:?} variant, not \"segments\"")]
    NoSegments {
        /// Its variant.
        variant: String,
    },
    /// The row has no samples to choose from.
    #[error("row {row:?} has no samples")]
    NoSamples {
        /// The row.
        row: String,
    },
    /// No such sample.
    #[error("row {row:?} has samples 1 to {count}, and none with the number {number}")]
    NoSample {
        /// The row.
        row: String,
        /// How many it has.
        count: usize,
        /// The number that was asked for.
        number: usize,
    },
    /// Records of the window may be missing.
    #[error("the window of {row:?} is incomplete: {why}")]
    Incomplete {
        /// The row.
        row: String,
        /// The missing part.
        why: String,
    },
    /// Several processors recorded, and one sample's time is on more than one.
    #[error("the sample's records come from several processors; only one can be followed")]
    SeveralProcessors,
    /// Too many records.
    #[error("the sample holds more than {} records", records::RECORD_LIMIT)]
    TooLong,
    /// Two records overlap without nesting.
    #[error("two records overlap at tick {at} of the sample, so that its time cannot be divided")]
    Overlapping {
        /// Where, from the sample's start.
        at: u64,
    },
    /// The file does not read.
    #[error("the trace does not read: {0}")]
    Io(std::io::Error),
}
