//! A finished run, looked at again by somebody who did not write it.
//!
//! [`verify()`] holds a run directory against its own raw bytes and answers with a
//! list of named checks: each holds, is broken, or was not checked and says why.
//! [`explain()`] puts together everything that stands behind one number, and
//! [`replay`] says where a repetition differs from its original.
//!
//! Promises independence from the code that writes runs: of ours it uses only the
//! frame decoder (`trace-format`) and the published result types. Hashes, the
//! canonical form, medians and the reading of samples are written again here, in
//! the shortest way there is; that two programs agree is the evidence. Nothing here
//! repairs, and nothing writes a file. Traces are read one after another, each
//! wholly into memory: no more of one than its record says, and 1 GiB.

mod canonical;
mod check;
mod explain;
mod record;
pub mod replay;
mod rows;
mod run;
mod statistics;
mod stream;

pub use check::{Check, Report, Verdict, verify};
pub use explain::{
    Attempt, Beside, Cell, Definition, Explanation, KernelUsed, Mechanism, NoSuchCell, explain,
};
pub use run::{Definitions, NoRun, Run};
