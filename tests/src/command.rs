//! The `capbench` command as a person runs it.

use crate::checkout::Checkout;
use crate::source_copy::repository;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The command built beside this test (`cargo test --workspace` builds it).
///
/// # Panics
///
/// If it was not built.
pub fn executable() -> PathBuf {
    let test = std::env::current_exe().expect("a running test");
    let path = test
        .ancestors()
        .nth(2)
        .expect("target/…/deps")
        .join("capbench");
    assert!(path.is_file(), "build it first: cargo build -p capbench");
    path
}

/// `capbench` with arguments, inside a checkout.
pub fn capbench(checkout: &Checkout, arguments: &[&str]) -> Command {
    let mut command = Command::new(executable());
    command
        .args(arguments)
        .current_dir(checkout.root())
        .env("NO_COLOR", "1")
        .env("COLUMNS", "200");
    command
}

/// `capbench guest exec` of a program, with this repository's own guest.
pub fn guest_exec(program: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(executable());
    command
        .args(["guest", "exec"])
        .arg(program)
        .args(arguments)
        .current_dir(repository())
        .env("NO_COLOR", "1");
    command
}

/// What a command printed, and its exit status.
pub struct Said {
    /// Exit status.
    pub status: i32,
    /// Standard output and standard error.
    pub text: String,
}

/// Runs a command to its end.
///
/// # Panics
///
/// If it does not start or is killed.
pub fn run(mut command: Command) -> Said {
    said(&command.output().expect("capbench starts"))
}

/// Checks the latest run by its raw evidence.
///
/// # Panics
///
/// If anything of it does not hold.
pub fn assert_verifies(checkout: &Checkout) {
    let latest = checkout.latest_run();
    let run_directory = latest.to_str().expect("paths of tests are text");
    let said = run(capbench(checkout, &["verify", run_directory]));
    assert!(said.text.contains(", 0 broken,"), "{}", said.text);
}

/// What a finished command said.
///
/// # Panics
///
/// If it was killed.
pub fn said(output: &Output) -> Said {
    Said {
        status: output.status.code().expect("capbench ends by itself"),
        text: [&output.stdout[..], &output.stderr[..]]
            .map(String::from_utf8_lossy)
            .concat(),
    }
}
