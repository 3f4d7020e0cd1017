//! What faults are put into: golden traces, a small run of its own, a store of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use capbench_tests::command::executable;
use capbench_tests::source_copy::{copy_tree, repository};

/// Copied for every case that changes it.
pub struct Subject {
    directory: tempfile::TempDir,
}

impl Subject {
    /// Boots the smallest run there is, once.
    pub fn new() -> Self {
        let subject = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        let runs = subject.path("runs");
        let run = [
            "run",
            "ring/nop",
            "--guest=capos",
            "--boots=1",
            "--no-native",
            "--quiet",
        ];
        subject.command(&[&run[..], &["--out", word(&runs)]].concat());
        let latest = runs.join("latest").canonicalize().unwrap();
        fs::rename(latest, subject.run()).unwrap();
        let store = subject.store();
        subject.command(&[
            "store",
            "--store",
            word(&store),
            "add",
            word(&subject.run()),
        ]);
        subject
    }

    fn command(&self, arguments: &[&str]) {
        let mut command = Command::new(executable());
        command.current_dir(repository()).args(arguments);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The run as it was sealed.
    pub fn run(&self) -> PathBuf {
        self.path("sealed")
    }

    /// A copy of the run that a case may change.
    pub fn copy_of_run(&self, to: &Path) -> PathBuf {
        let copy = to.join("sealed");
        copy_tree(&self.run(), &copy).unwrap();
        copy
    }

    /// A store of that run.
    pub fn store(&self) -> PathBuf {
        self.path("store")
    }

    /// A copy of the store.
    pub fn copy_of_store(&self, to: &Path) -> PathBuf {
        let copy = to.join("store");
        copy_tree(&self.store(), &copy).unwrap();
        copy
    }

    /// Traces to damage.
    pub fn traces(&self) -> Vec<PathBuf> {
        let golden = repository().join("tests/golden");
        let names = ["ring-samples-v1", "ring-segments-v1", "linux-counts-v1"];
        names
            .map(|name| golden.join(format!("{name}.ktrace")))
            .into()
    }
}

/// A path as a word of a command line.
pub fn word(path: &Path) -> &str {
    path.to_str().expect("temporary paths are text")
}

/// What can be read for ever: a FIFO that nobody writes to, or a link to a device.
pub fn endless(path: &Path, seed: u64) {
    if seed.is_multiple_of(2) {
        let status = Command::new("mkfifo").arg(path).status().unwrap();
        assert!(status.success(), "coreutils make FIFOs");
    } else {
        std::os::unix::fs::symlink("/dev/zero", path).unwrap();
    }
}
