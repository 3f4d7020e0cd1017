//! Answers that people can use: every file that `capbench` writes of a real run, read
//! by programs that share no code with it.
//!
//! One run serves all tests. It is the ring suite on both guests, with one benchmark
//! that asks for a subsystem no guest has, so that there are rows without a number.
//! What was made of it stays below `target/readers/`: exports, store, report, pictures
//! of it, the executed notebook.
//!
//! Readers are installed by `make deps-test`; a test whose reader is missing says
//! `skipped` and is reported as ignored.

mod browser;
mod message;
mod metrics;
mod notebook;
mod place;
mod store;
mod tables;
mod trace;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let tests = [
        tables::tests(),
        trace::tests(),
        message::tests(),
        metrics::tests(),
        store::tests(),
        notebook::tests(),
        browser::tests(),
    ];
    let tests = tests.into_iter().flatten().collect();
    libtest_mimic::run(&Arguments::from_args(), tests).exit_code()
}
