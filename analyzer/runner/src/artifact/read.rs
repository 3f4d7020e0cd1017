//! Reading a sealed run back.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use capbench_results::{Contradiction, Results, brief, is_plain_name};
use miette::Diagnostic;

use super::inside::{self, NotInside};
use super::names;
use crate::boot::{Capture, CapturedBoot};

use crate::guest::GuestName;
use crate::record::{RunRecord, SCHEMA};

/// A run directory, read: what decided its numbers, and the numbers.
#[derive(Clone, Debug)]
pub struct Artifact {
    directory: PathBuf,
    /// Everything that decided the numbers.
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
        /// The path that was asked for.
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
        /// The path that was asked for.
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
        /// The path that was asked for.
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
        /// The path that was asked for.
        path: PathBuf,
    },
    /// A file of it cannot be read.
    #[error(transparent)]
    #[diagnostic(transparent)]
    File(#[from] NotInside),
    /// A name in the record would become a path to somewhere else.
    #[error("{}: {name:?} is no {what}: paths are made of it", path.display())]
    #[diagnostic(
        code(capbench::artifact::name),
        help(
            "the file was changed after it was written: copy the run again from where it was made"
        )
    )]
    Name {
        /// The file.
        path: PathBuf,
        /// What it should be the name of.
        what: &'static str,
        /// The name that it states.
        name: String,
    },
    /// A path in the record is to somewhere else.
    #[error("{}: {named:?} is no path of {what} inside of it", path.display())]
    #[diagnostic(
        code(capbench::artifact::leads_out),
        help(
            "the file was changed after it was written: copy the run again from where it was made"
        )
    )]
    LeadsOut {
        /// The file.
        path: PathBuf,
        /// What it should be the path of.
        what: &'static str,
        /// The name that it states.
        named: String,
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
        /// The fault.
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
        /// The fault.
        source: Contradiction,
    },
}

/// Older results do not say what a reader must know of their guests.
fn introduced(mut results: Results) -> Results {
    if results.run.guests.is_empty() {
        let rows = results.results.iter();
        let guests: BTreeSet<GuestName> = rows.filter_map(|row| row.guest.parse().ok()).collect();
        results.run.guests = guests.into_iter().map(GuestName::into).collect();
    }
    results
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
            let bytes = inside::read(directory, Path::new(name));
            let bytes = bytes.map_err(|error| match error.is_missing() {
                true => missing(directory, name),
                false => ReadError::File(error),
            })?;
            String::from_utf8(bytes).map_err(|error| ReadError::Record {
                path: directory.join(name),
                message: error.to_string(),
            })
        };
        let path = directory.join(names::RECORD);
        let record = parse_record(&text(names::RECORD)?, &path)?;
        check_names(&record, &path)?;
        check_paths(&record, &path)?;
        let results = Results::from_json(&text(names::RESULTS_JSON)?);
        Ok(Self {
            directory: directory.to_owned(),
            record,
            results: results
                .map(introduced)
                .map_err(|source| ReadError::Results {
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
    ///
    /// # Errors
    ///
    /// It is no file of the run.
    pub fn locate(&self, path: &Path) -> Result<PathBuf, NotInside> {
        inside::open(&self.directory, path)?;
        Ok(self.directory.join(path))
    }

    /// The content of one of its files.
    ///
    /// # Errors
    ///
    /// It is no file of the run, or too large.
    pub fn read(&self, name: &str) -> Result<Vec<u8>, NotInside> {
        inside::read(&self.directory, Path::new(name))
    }

    /// Boots that count and left a trace.
    pub fn traces(&self) -> impl Iterator<Item = &CapturedBoot> {
        let boots = self.record.counted_boots();
        boots.filter(|boot| boot.stream().is_some())
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

/// What becomes a part of paths and commands: directories are made for a run, files for
/// its boots, and its commit is to be checked out.
fn check_names(record: &RunRecord, path: &Path) -> Result<(), ReadError> {
    let mut names = vec![
        ("run id", &record.run_id),
        ("commit", &record.checkout.commit),
    ];
    let boots = record.boots.iter();
    names.extend(boots.map(|boot| ("system's name", &boot.id.system)));
    match names.into_iter().find(|(_, name)| !is_plain_name(name)) {
        None => Ok(()),
        Some((what, name)) => Err(ReadError::Name {
            path: path.to_owned(),
            what,
            name: brief(name),
        }),
    }
}

/// What is opened, printed or linked to as a file of the run, and the sources' place in
/// their repository.
fn check_paths(record: &RunRecord, path: &Path) -> Result<(), ReadError> {
    let logs = record.boots.iter().flat_map(|boot| {
        let logs = [Some(&boot.console), Some(&boot.emulator_log)];
        let logs = logs.into_iter().chain([boot.instruction_log.as_ref()]);
        logs.flatten().map(|log| ("a boot's log", log))
    });
    let boots = record.boots.iter().map(|boot| &boot.capture);
    let native = record.native.iter();
    let captures = boots.chain(native.clone().map(|native| &native.capture));
    let streams = captures.filter_map(|capture| match capture {
        Capture::Stored(stream) => Some(("a stream", &stream.file)),
        Capture::Absent | Capture::Failed { .. } => None,
    });
    let images = record
        .boot_images
        .keys()
        .map(|image| ("a boot image", image));
    let sources = record.checkout.directory.iter();
    let mut paths = logs
        .chain(streams)
        .chain(images)
        .chain(native.map(|native| ("a log", &native.log)))
        .chain(sources.map(|sources| ("the sources", sources)));
    match paths.find(|(_, named)| !inside::is_plain_path(named)) {
        None => Ok(()),
        Some((what, named)) => Err(ReadError::LeadsOut {
            path: path.to_owned(),
            what,
            named: brief(named.display()),
        }),
    }
}

fn parse_record(text: &str, path: &Path) -> Result<RunRecord, ReadError> {
    let broken = |message: String| ReadError::Record {
        path: path.to_owned(),
        message,
    };
    let value: serde_json::Value =
        serde_json::from_str(text).map_err(|error| broken(brief(error)))?;
    let schema = value["schema"].as_str().unwrap_or("of no known schema");
    if schema != SCHEMA {
        return Err(broken(format!(
            "the record is `{}`, this program reads `{SCHEMA}`",
            brief(schema)
        )));
    }
    serde_json::from_value(value).map_err(|error| broken(brief(error)))
}

#[cfg(test)]
mod tests {
    use std::fs;

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

    #[test]
    fn older_results_get_the_cautions_of_their_guests() {
        let hash = "00".repeat(32);
        let document = serde_json::json!({
            "schema": capbench_results::SCHEMA,
            "run": {
                "id": "r", "suite": "s", "mode": "exact", "startedAt": "", "tool": "",
                "commit": "", "dirty": false, "boots": 1,
                "envelope": { "hash": hash, "description": "" },
            },
            "results": [{
                "runId": "r", "benchmarkName": "b/1", "tier": 1, "status": "failed",
                "correctnessId": "", "configHash": hash, "artifactHash": null, "notes": "",
                "guest": GuestName::ALL[0].name, "mode": "exact", "authorityProfile": "",
                "failure": { "reason": "timedOut", "detail": "", "evidence": [] },
            }],
        });
        let read = Results::from_json(&document.to_string()).unwrap();
        assert!(read.run.guests.is_empty());
        let read = introduced(read);
        assert_eq!(read.run.guests, [GuestName::ALL[0].into()]);
        let cautions: Vec<&str> = read.run.cautions().collect();
        assert_eq!(cautions, [GuestName::ALL[0].caution.unwrap()]);
    }
}
