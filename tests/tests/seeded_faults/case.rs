//! One fault, the command that meets it, and how it must end.

use std::fmt;
use std::fs;
use std::path::Path;

use capbench_tests::source_copy::repository;

use crate::ended::Ended;
use crate::run_directories::files;
use crate::subject::Subject;
pub use crate::verdict::{Expected, Found};
use crate::verdict::{found, has_control_characters};

/// Where cases let commands write, below their own directory.
pub const OUT: &str = "out";

/// Files that people open in programs which obey control characters.
const SHOWN: [&str; 4] = ["csv", "svg", "html", "md"];

/// What came of a case.
pub struct Outcome {
    pub found: Vec<Found>,
    /// The status, and the beginning of what was said.
    pub said: String,
}

type Prepare = Box<dyn Fn(&Path, &Subject) -> Vec<String> + Send + Sync>;

/// A fault from a seed.
pub struct Case {
    pub area: &'static str,
    pub fault: String,
    pub seed: u64,
    pub expected: Expected,
    /// Makes the fault in a directory; returns the command that meets it.
    pub prepare: Prepare,
    /// The same command without the fault, where the two are compared.
    pub sound: Option<Vec<String>>,
    /// A file that must not come to be.
    pub never_made: Option<&'static str>,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} (seed {}): {:?}",
            self.area, self.fault, self.seed, self.expected
        )
    }
}

impl Case {
    pub fn run(&self, subject: &Subject) -> Outcome {
        let directory = tempfile::tempdir().unwrap();
        let arguments = (self.prepare)(directory.path(), subject);
        let ended = Ended::of(&arguments, directory.path());
        let sound = self.sound.as_ref().filter(|_| ended.status == Some(0));
        let sound = sound.map(|arguments| Ended::of(arguments, repository()).output);
        let mut found = found(self.expected, &ended, sound.as_deref());
        if self
            .never_made
            .is_some_and(|name| directory.path().join(name).exists())
        {
            found.push(Found::FalseHold);
        }
        if writes_control_characters(&directory.path().join(OUT)) {
            found.push(Found::ControlCharacters);
        }
        let error = String::from_utf8_lossy(&ended.error);
        let said: String = error.chars().take(300).collect();
        Outcome {
            found,
            said: format!(
                "status {:?}, {} KiB: {said}",
                ended.status, ended.resident_kib
            ),
        }
    }
}

fn writes_control_characters(out: &Path) -> bool {
    if !out.is_dir() {
        return false;
    }
    let is_shown = |file: &Path| {
        let ending = file.extension().and_then(|ending| ending.to_str());
        ending.is_some_and(|ending| SHOWN.contains(&ending))
    };
    let written = files(out).into_iter().filter(|file| is_shown(file));
    written
        .filter_map(|file| fs::read_to_string(out.join(file)).ok())
        .any(|text| has_control_characters(&text))
}
