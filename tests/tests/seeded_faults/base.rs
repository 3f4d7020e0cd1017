//! The undamaged inputs: two small runs, booted once, a store of both, and the golden traces.

use std::fs;
use std::path::{Path, PathBuf};

use capbench_runner::hash;
use capbench_tests::command::executable;
use capbench_tests::source_copy::repository;
use serde_json::Value;

/// File of a run that lists the hashes of the others.
pub const SUMS: &str = "SHA256SUMS";

pub struct Base {
    pub run: PathBuf,
    pub other_run: PathBuf,
    pub store: PathBuf,
    pub golden: Vec<PathBuf>,
    _directory: tempfile::TempDir,
}

impl Base {
    /// Boots the guest twice.
    pub fn make() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let run = boot("ring/nop", &directory.path().join("runs"));
        let other_run = boot("ring/null-empty", &directory.path().join("others"));
        let store = directory.path().join("store");
        for run in [&run, &other_run] {
            let (store, run) = (store.to_str().unwrap(), run.to_str().unwrap());
            succeed(&["store", "--store", store, "add", run]);
        }
        let golden = fs::read_dir(repository().join("tests/golden")).unwrap();
        let mut golden: Vec<PathBuf> = golden.map(|entry| entry.unwrap().path()).collect();
        golden.retain(|path| path.extension().is_some_and(|ending| ending == "ktrace"));
        golden.sort();
        Self {
            run,
            other_run,
            store,
            golden,
            _directory: directory,
        }
    }

    /// Names of the run's files, relative to it.
    pub fn run_files(&self) -> Vec<String> {
        files(&self.run)
    }
}

fn boot(selection: &str, out: &Path) -> PathBuf {
    let to = out.to_str().unwrap();
    succeed(&[
        "run",
        selection,
        "--guest=capos",
        "--boots=1",
        "--no-audit",
        "--no-native",
        "--out",
        to,
    ]);
    out.join("latest").canonicalize().unwrap()
}

fn succeed(arguments: &[&str]) {
    let mut command = std::process::Command::new(executable());
    let output = command.args(arguments).current_dir(repository()).output();
    let output = output.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
}

/// Names of the regular files below a directory, sorted.
pub fn files(directory: &Path) -> Vec<String> {
    let (mut names, mut folders) = (Vec::new(), vec![directory.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let kind = entry.file_type().unwrap();
            let path = entry.path();
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                let name = path.strip_prefix(directory).unwrap();
                names.push(name.to_str().unwrap().to_owned());
            }
        }
    }
    names.sort();
    names
}

/// A copy whose files are links to the original's: to change one, replace it.
pub fn copy(from: &Path, to: &Path) {
    for name in files(from) {
        let path = to.join(&name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let from = from.join(&name);
        if fs::hard_link(&from, &path).is_err() {
            fs::copy(&from, &path).unwrap();
        }
    }
}

/// Other content at a path, whatever is there.
pub fn replace(path: &Path, bytes: &[u8]) {
    let _ = fs::remove_file(path);
    fs::write(path, bytes).unwrap();
}

/// Makes the hashes those of the files that are there now, as whoever lies would.
pub fn seal(run: &Path) {
    /// A file that no hash is made of: it is longer than the disk.
    const SPARSE: u64 = 1 << 32;
    let names = files(run).into_iter();
    let lines = names.filter(|name| name != SUMS).filter_map(|name| {
        let path = run.join(&name);
        let is_sparse = fs::metadata(&path).unwrap().len() > SPARSE;
        (!is_sparse).then(|| format!("{}  {name}\n", hash::of_file(&path).unwrap()))
    });
    replace(&run.join(SUMS), lines.collect::<String>().as_bytes());
}

/// Changes one JSON file of a run.
pub fn edit(path: &Path, change: impl FnOnce(&mut Value)) {
    let mut value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    change(&mut value);
    replace(path, value.to_string().as_bytes());
}
