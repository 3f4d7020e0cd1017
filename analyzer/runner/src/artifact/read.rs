//! Reading a sealed run back.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use capbench_results::{Contradiction, Results};
use miette::Diagnostic;

use super::names;
use crate::boot::CapturedBoot;
use crate::record::{RunRecord, SCHEMA};

/// A run directory, read: what decided its numbers, and the numbers.
#[derive(Clone, Debug)]
pub struct Artifact {
    directory: PathBuf,
    /// What decided the numbers.
    pub record: RunRecord,
    /// The numbers.
    pub results: Results,
}

/// The directory holds no run that this version can read.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum ReadError {
    /// There is no such directory.
    #[error("there is no run at {}", path.display())]
    #[diagnostic(
        code(capbench::artifact::missing),
        help("name a directory below runs/, or make one: `capbench run ring`")
    )]
    Missing {
        /// What was asked for.
        path: PathBuf,
    },
    /// Nothing of a run is there.
    #[error("{} is no run's directory: it holds neither {} nor {}", path.display(), names::RECORD, names::BOOTS)]
    #[diagnostic(
        code(capbench::artifact::not_a_run),
        help(
            "name a directory below runs/, such as runs/latest, or make one: `capbench run ring`"
        )
    )]
    NotARun {
        /// What was asked for.
        path: PathBuf,
    },
    /// It was sealed, and a file is gone.
    #[error("the run at {} has lost its {lost}", path.display())]
    #[diagnostic(
        code(capbench::artifact::lost),
        help(
            "fetch the run again from where it was copied from; its traces are readable as they are: `capbench inspect TRACE`"
        )
    )]
    Lost {
        /// What was asked for.
        path: PathBuf,
        /// The file's name.
        lost: &'static str,
    },
    /// It was never sealed.
    #[error("{} was stopped before its results were written", path.display())]
    #[diagnostic(
        code(capbench::artifact::partial),
        help("its traces are readable: `capbench inspect TRACE`")
    )]
    Partial {
        /// What was asked for.
        path: PathBuf,
    },
    /// A file of it cannot be read.
    #[error("{}: {source}", path.display())]
    #[diagnostic(code(capbench::artifact::file), help("check that the run is complete"))]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The record is of another version or damaged.
    #[error("{}: {message}", path.display())]
    #[diagnostic(
        code(capbench::artifact::record),
        help("use the version of capbench that wrote it; run.json names it")
    )]
    Record {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// The results contradict themselves, or are of another version.
    #[error("{}: {source}", path.display())]
    #[diagnostic(
        code(capbench::artifact::results),
        help("the file was changed after it was written, or by another version")
    )]
    Results {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: Contradiction,
    },
}

impl Artifact {
    /// Reads the run in `directory`.
    ///
    /// # Errors
    ///
    /// There is none, it was never sealed, or it cannot be read by this version.
    pub fn open(directory: &Path) -> Result<Self, ReadError> {
        if !directory.is_dir() {
            let path = directory.to_owned();
            return Err(ReadError::Missing { path });
        }
        let text = |name: &'static str| {
            let path = directory.join(name);
            let text = fs::read_to_string(&path);
            text.map_err(|source| match source.kind() {
                io::ErrorKind::NotFound => missing(directory, name),
                _ => ReadError::File { path, source },
            })
        };
        let record = parse_record(&text(names::RECORD)?, &directory.join(names::RECORD))?;
        let results = Results::from_json(&text(names::RESULTS_JSON)?);
        Ok(Self {
            directory: directory.to_owned(),
            record,
            results: results.map_err(|source| ReadError::Results {
                path: directory.join(names::RESULTS_JSON),
                source,
            })?,
        })
    }

    /// Where it lies.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where a path of the record lies.
    pub fn locate(&self, path: &Path) -> PathBuf {
        self.directory.join(path)
    }

    /// Boots that count and left a trace, with where it lies.
    pub fn traces(&self) -> impl Iterator<Item = (&CapturedBoot, PathBuf)> {
        self.record.counted_boots().filter_map(|boot| {
            let stream = boot.stream()?;
            Some((boot, self.locate(&stream.file)))
        })
    }
}

/// What a directory is that lacks a file which every finished run has.
fn missing(directory: &Path, lost: &'static str) -> ReadError {
    let path = directory.to_owned();
    let holds = |name: &str| directory.join(name).exists();
    // Runs are named so until they are sealed.
    let is_partial = directory.canonicalize().is_ok_and(|directory| {
        let extension = directory.extension();
        extension.is_some_and(|extension| extension == names::PARTIAL)
    });
    if is_partial {
        ReadError::Partial { path }
    } else if holds(names::RECORD) || holds(names::BOOTS) {
        ReadError::Lost { path, lost }
    } else {
        ReadError::NotARun { path }
    }
}

fn parse_record(text: &str, path: &Path) -> Result<RunRecord, ReadError> {
    let broken = |message: String| ReadError::Record {
        path: path.to_owned(),
        message,
    };
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|error| broken(error.to_string()))?;
    let schema = value["schema"].as_str().unwrap_or("of no known schema");
    if schema != SCHEMA {
        return Err(broken(format!(
            "the record is `{schema}`, this program reads `{SCHEMA}`"
        )));
    }
    serde_json::from_value(value).map_err(|error| broken(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_run_says_what_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let error = |path: &Path| Artifact::open(path).unwrap_err();
        assert!(matches!(error(&path.join("x")), ReadError::Missing { .. }));
        assert!(matches!(error(path), ReadError::NotARun { .. }));
        let run = path.join("r");
        fs::create_dir_all(run.join(names::BOOTS)).unwrap();
        let lost = error(&run).to_string();
        assert!(lost.ends_with("has lost its run.json"), "{lost}");
        let partial = path.join("r.partial");
        fs::rename(&run, &partial).unwrap();
        assert!(matches!(error(&partial), ReadError::Partial { .. }));
        fs::write(path.join(names::RECORD), r#"{"schema":"capbench.run/9"}"#).unwrap();
        let other = error(path).to_string();
        assert!(other.contains("capbench.run/9"), "{other}");
    }
}
