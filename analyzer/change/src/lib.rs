//! Compares a run with another, row by row, and says which segments moved.
//!
//! ```text
//! run · trace · stored run ─ reading ─► pair ─► verdict ─► Change
//!                                         └─► attribution ─┘
//! ```
//!
//! Promises: values are compared within one series only, and whatever else differs is
//! named; a row that has no value on a side, or that is gone, is refused and not passed
//! over; counts of instructions repeat to the bit, so that any difference beyond the
//! floor is one; values that do not repeat are `inconclusive` until boots took turns.
//!
//! The document that it makes is [`capbench_results::change::Change`]. Files are touched
//! by the gate alone, which runs base and head and keeps the floors of a base.

mod attribution;
pub mod bisect;
mod ending;
mod floors;
pub mod gate;
mod harness;
pub mod limits;
mod pair;
mod reading;
mod stored;
mod traces;
mod verdict;

pub use ending::Ending;
pub use floors::{NoFloor, measured};
pub use harness::{Harness, HarnessError};
pub use pair::compare;
pub use reading::{Identity, Reading, Source, Value};
