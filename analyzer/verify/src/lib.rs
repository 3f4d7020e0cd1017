//! A finished run, looked at again by somebody who did not write it.
//!
//! [`verify()`] holds a run directory against its own raw bytes and answers with a
//! list of named checks: each holds, is broken, or was not checked and says why.
//! [`explain()`] puts together everything that stands behind one number, and
//! [`replay`] says where a repetition differs from its original.
//!
//! Promises independence from the code that writes runs, for everything that it counts
//! as held: of ours that half uses only the frame decoder (`trace-format`) and the
//! published result types. Hashes, the canonical form, statistics, trees of segments,
//! accounts, losses, denials, what streams say of themselves and the counting of an
//! instruction log are written again here, in the shortest way there is; that two
//! programs agree is the evidence. The rules of validity are not: `check`
//! asks the judge itself, and says so. Nothing here repairs, and nothing writes a file.
//!
//! | module | has |
//! |---|---|
//! | `inside` | which files of a run are opened |
//! | `run`, `record`, `rows`, `kept` | the files of a run, as data |
//! | `stream`, `readings` | what a raw stream says, and what its records add up to |
//! | `rules` | what arithmetic on one stream objects to, one file for each kind |
//! | `audit` | the emulator's instruction log, counted |
//! | `check` | the named checks, which apply to which run, and the run judged again |
//!
//! Memory: traces are read one after another, each wholly, no more of one than its
//! record says and 1 GiB; what is kept of all of them is bounded by
//! `stream::VALUES_MAX`. A log is read as a stream.

mod audit;
mod canonical;
mod check;
mod explain;
mod inside;
mod kept;
mod readings;
mod record;
pub mod replay;
mod rows;
mod rules;
mod run;
mod statistics;
mod stream;

pub use check::sums;
pub use check::{Check, Report, Verdict, verify};
pub use explain::{
    Attempt, Beside, Cell, Definition, Explanation, KernelUsed, Mechanism, NoSuchCell, explain,
};
pub use run::{Definitions, NoRun, Run};
pub use stream::STATEMENTS_MAX;
