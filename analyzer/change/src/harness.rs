//! Runs on other revisions, each in a process of its own, as it would be typed.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use capbench_runner::artifact::{Artifact, ReadError, names};
use capbench_runner::plan::Overrides;
use miette::Diagnostic;

/// Status of a run that ended, and of one of which a result cannot be used.
const CARRIED_OUT: [i32; 2] = [0, 2];

/// The program that runs suites, and the emulator it boots with.
#[derive(Clone, Debug)]
pub struct Harness {
    /// This program.
    pub program: PathBuf,
    /// The emulator, where one was named.
    pub qemu: Option<PathBuf>,
}

/// A run that did not come to results.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum HarnessError {
    /// The program does not start.
    #[error("{}: {source}", program.display())]
    #[diagnostic(code(capbench::harness), help("install capbench again"))]
    NotStarted {
        /// The program.
        program: PathBuf,
        /// The system's message.
        source: std::io::Error,
    },
    /// It ended without results.
    #[error("`{selection}` cannot be run in {}:\n{said}", root.display())]
    #[diagnostic(code(capbench::harness::run), help("by hand: {command}"))]
    NoResults {
        /// What was to run.
        selection: String,
        /// The checkout.
        root: PathBuf,
        /// The last lines that it printed.
        said: String,
        /// The command.
        command: String,
    },
    /// What it left cannot be read.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Read(#[from] ReadError),
}

/// Most lines of a failed run that are repeated.
const LINES_REPEATED: usize = 12;

impl Harness {
    /// Runs a selection on the guests of `root` and opens what it left below `out`.
    ///
    /// # Errors
    ///
    /// The run did not come to results, or they cannot be read.
    pub fn run(
        &self,
        root: &Path,
        out: &Path,
        selection: &str,
        overrides: &Overrides,
    ) -> Result<Artifact, HarnessError> {
        let mut command = Command::new(&self.program);
        command.args(self.words(root, out, selection, overrides));
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let output = command.output();
        let output = output.map_err(|source| HarnessError::NotStarted {
            program: self.program.clone(),
            source,
        })?;
        match output.status.code() {
            Some(code) if CARRIED_OUT.contains(&code) => {
                Ok(Artifact::open(&out.join(names::LATEST))?)
            }
            _ => Err(HarnessError::NoResults {
                selection: selection.to_owned(),
                root: root.to_owned(),
                said: last_lines(&String::from_utf8_lossy(&output.stderr)),
                command: format!("{command:?}"),
            }),
        }
    }

    fn words(
        &self,
        root: &Path,
        out: &Path,
        selection: &str,
        overrides: &Overrides,
    ) -> Vec<OsString> {
        let mut words: Vec<OsString> = vec!["--root".into(), root.into(), "run".into()];
        words.extend(["--quiet".into(), "--out".into(), out.into()]);
        if let Some(qemu) = &self.qemu {
            words.extend(["--qemu".into(), qemu.into()]);
        }
        words.extend(overrides.options().into_iter().map(OsString::from));
        // Whatever follows is no option.
        words.extend(["--".into(), selection.into()]);
        words
    }
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(LINES_REPEATED);
    lines[from..].join("\n")
}
