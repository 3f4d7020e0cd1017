//! Writes results and traces for other tools, one file of code per format.
//!
//! ```text
//! results ─┬─ tables ─► csv | json | parquet | arrow
//!          ├─ openmetrics
//!          └─ capnp            (the stored message, proven equal)
//! trace ─ boot ─ trees ┬─ spans ─► csv | json | parquet | arrow
//!                      ├─ perfetto
//!                      └─ folded ─► flamegraph
//! ```
//!
//! Promises: a row that did not pass yields no number in any format; a file is
//! there whole or not at all; text from a guest cannot leave its field. Memory
//! follows what a trace declares and its samples, not how long it is.
//!
//! Makes no table: `capbench-tables` says what each holds, and this writes it.
//! Knows no run directory: results and paths come from the caller.

mod boot;
mod error;
mod file;
mod format;
mod spans;
mod symbols;
mod write;

pub use boot::{Boot, Tick};
pub use error::ExportError;
pub use file::{Exported, Written};
pub use format::capnp::write as write_message;
pub use format::flamegraph::write as write_flamegraphs;
pub use format::folded::write as write_folded;
pub use format::openmetrics::write as write_metrics;
pub use format::perfetto::write as write_perfetto;
pub use spans::BATCH_ROWS;
pub use symbols::Symbols;
pub use write::{TableFormat, write_results, write_spans};
