//! Shows results: one document, as text for a terminal, as Markdown or as HTML; plots.
//!
//! Promises to add nothing: every number printed stands in the data, in its unit,
//! with the words that say what it is; a row without a number shows its reason in
//! the same place. Width and colour are the caller's decision ([`Look`]), and no
//! meaning depends on colour. Nothing here does arithmetic beyond rounding for
//! print and counting samples for a histogram (flags come from `capbench_frames`),
//! and nothing touches a file.

mod annotations;
pub mod appendix;
mod bias;
mod comparison;
mod document;
mod extent;
mod flags;
mod html;
mod json;
mod junit;
mod last_words;
mod look;
mod markdown;
mod nesting;
mod number;
mod plot;
mod reference;
mod refusals;
mod report;
mod section;
mod text;

pub use annotations::annotations;
pub use document::{Columns, Inlines, Kind, Table};
pub use extent::Extent;
pub use json::trace_json;
pub use junit::{JunitError, junit};
pub use last_words::{LastWords, Log};
pub use look::Look;
pub use plot::{Plot, PlotError, plots};
pub use report::Report;
