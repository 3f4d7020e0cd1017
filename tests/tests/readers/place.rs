//! The run that all tests read, and what was made of it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use capbench_results::{BenchmarkResult, Outcome, Results};
use capbench_tests::checkout::Checkout;
use capbench_tests::command::{capbench, run};
use capbench_tests::component::target;
use capbench_tests::source_copy::repository;

/// The boot whose spans are exported.
pub const BOOT: &str = "capos-ring-segments-1";

/// A directory that is this program's alone while it runs.
pub struct Place {
    /// `target/readers`.
    pub root: PathBuf,
    /// The run's own results.
    pub results: Results,
    run: PathBuf,
    _lock: File,
}

/// The one place. Whoever comes first makes the run, which takes a boot of each
/// variant of both guests.
pub fn place() -> &'static Place {
    static PLACE: LazyLock<Place> = LazyLock::new(Place::make);
    &PLACE
}

impl Place {
    fn make() -> Self {
        let root = target().join("readers");
        fs::create_dir_all(&root).unwrap();
        let lock = File::create(root.with_extension("lock")).unwrap();
        lock.lock().unwrap();
        fs::remove_dir_all(&root).unwrap();
        fs::create_dir_all(&root).unwrap();
        let run = run_suite(&root);
        let text = fs::read_to_string(run.join("results.json")).unwrap();
        let results = Results::from_json(&text).unwrap_or_else(|error| panic!("{error}"));
        Self {
            root,
            results,
            run,
            _lock: lock,
        }
    }

    /// Where a kind of file is written.
    pub fn directory(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Directory of the run.
    pub fn run(&self) -> &Path {
        &self.run
    }

    /// The run's rows with a number.
    pub fn passed(
        &self,
    ) -> impl Iterator<Item = (&BenchmarkResult, &capbench_results::Measurement)> {
        self.results
            .results
            .iter()
            .filter_map(|row| match &row.outcome {
                Outcome::Passed(measurement) => Some((row, measurement)),
                _ => None,
            })
    }

    /// Writes an export of the run and returns its directory, which is `name`.
    pub fn export(&self, name: &str, format: &str, more: &[&str]) -> PathBuf {
        let to = self.directory(name);
        let mut command = self.capbench(&["export"]);
        command
            .arg(&self.run)
            .args(["--format", format, "-o"])
            .arg(&to);
        command.args(more);
        succeed(command);
        to
    }

    /// `capbench` in the repository.
    pub fn capbench(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(capbench_tests::command::executable());
        command
            .args(arguments)
            .current_dir(repository())
            .env("NO_COLOR", "1");
        command
    }
}

/// Runs a command that must end well.
pub fn succeed(command: Command) {
    let what = format!("{command:?}");
    let said = run(command);
    assert_eq!(said.status, 0, "{what}: {}", said.text);
}

/// A script beside this file.
pub fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/readers")
        .join(name)
}

/// Whether two numbers are the same; what cannot be stored exactly would be a fault of
/// a format.
pub fn equal(one: Option<f64>, other: Option<f64>) -> bool {
    one.map(f64::to_bits) == other.map(f64::to_bits)
}

fn run_suite(root: &Path) -> PathBuf {
    let checkout = Checkout::new().unwrap();
    checkout.edit(
        "benchmarks/ring/park-generic.toml",
        "requires = [\"ring\"",
        "requires = [\"ring_tap\", \"ring\"",
    );
    let runs = root.join("runs");
    let mut command = capbench(&checkout, &["run", "ring", "--boots=1", "--quiet"]);
    command.arg("--out").arg(&runs);
    // What is unsupported is an answer.
    succeed(command);
    runs.join("latest").canonicalize().unwrap()
}
