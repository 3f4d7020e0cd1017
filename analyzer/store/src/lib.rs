//! Keeps the results of many runs as one Parquet dataset that other tools read.
//!
//! ```text
//! results ─ tables ─► STORE/<table>/mode=…/guest=…/<run id>.parquet
//!                           │
//!                           └─► list | sql
//! ```
//!
//! Promises: a run is there whole or not at all, its row in the table `runs` being
//! written last; adding it again changes nothing, and another content under its id
//! is refused; a row that did not pass has no number. A file of a store is never
//! changed, so that one is safe to copy while it is read.
//!
//! Costs one file per run, table and partition: some kilobytes and a rename each.
//! One process adds at a time: two that add the same run write the same files.
//!
//! Makes no table: `capbench-tables` says what each holds, and this keeps it.
//! Knows no run directory: results come from the caller.

mod add;
mod error;
mod layout;
mod list;
mod read;
mod scan;
mod sql;
mod stored;
mod table;

pub use add::Added;
pub use error::StoreError;
pub use layout::{MARKER, SCHEMA, Store};
pub use list::{Listing, RunEntry, SeriesEntry};
pub use sql::{Answer, AnswerFormat, BYTE_LIMIT};
pub use stored::{StoredRow, StoredRun, StoredValue};
pub use table::{PARTITION_KEYS, Table};
