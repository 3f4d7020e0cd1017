//! Nothing that a file, a directory or an output can be makes the command panic, hang,
//! grow, hold a broken run for a good one, or fail without saying what to do.
//!
//! Each case is a seed, an input made from it, a command, and what must come of it,
//! stated before it runs. `CAPBENCH_FAULTS=all` runs all of them; otherwise a sample,
//! in which every kind is. `CAPBENCH_FAULTS=area/kind/seed` runs one, or all whose
//! names begin so, and shows what they said.

mod base;
mod case;
mod child;
mod damage;
mod driver;
mod manifests;
mod output;
mod random;
mod replay;
mod run_directories;
mod store;
mod traces;

use std::process::ExitCode;

fn main() -> ExitCode {
    let areas = [
        traces::cases(),
        run_directories::cases(),
        manifests::cases(),
        store::cases(),
        output::cases(),
        replay::cases(),
    ];
    driver::drive(areas.into_iter().flatten().collect())
}
