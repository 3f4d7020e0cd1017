//! Shows results: tables for a terminal, a report as HTML and Markdown, plots.
//!
//! Promises to add nothing: every number printed stands in the data, in its unit,
//! with the words that say what it is; a row without a number shows its reason in
//! the same place. Width and colour are the caller's decision ([`Look`]), and no
//! meaning depends on colour. Nothing here does arithmetic beyond rounding for
//! print and counting samples for a histogram (flags come from `capbench_frames`),
//! and nothing touches a file.

pub mod appendix;
mod beside;
mod document;
mod extent;
mod flags;
mod html;
mod json;
mod last_words;
mod leaning;
mod look;
mod markdown;
mod number;
mod plot;
mod refusals;
mod report;
mod section;
mod table;
mod text;

pub use extent::Extent;
pub use json::trace_json;
pub use last_words::{LastWords, Log};
pub use look::Look;
pub use plot::{Plot, PlotError, plots};
pub use report::Report;
pub use text::breakdown::breakdowns;
pub use text::instruments::instruments;
pub use text::matrix::matrix;
pub use text::results::{reasons, results};
pub use text::stitched::stitched;
pub use text::trace::trace;
