//! A run directory, opened: what could be read of it, and why the rest could not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use crate::audit::{self, Audit};
use crate::inside;
use crate::kept::Kept;
use crate::record::Record;
use crate::rows::Document;
use crate::stream::{Budget, Stream, VALUES_MAX};

/// The record of a run.
pub const RECORD: &str = "run.json";
/// Its results for programs and people.
pub const RESULTS_JSON: &str = "results.json";
/// The same as a message.
pub const RESULTS_MESSAGE: &str = "results.capnp";
/// The definitions it rests on.
pub const DEFINITIONS: &str = "definitions.json";
/// The hash of every other file.
pub const SUMS: &str = "SHA256SUMS";

/// There is no run to look at.
#[derive(Debug, thiserror::Error)]
#[error("there is no run at {}: it holds none of {RECORD}, {RESULTS_JSON} and {SUMS}", path.display())]
pub struct NoRun {
    /// The path that was asked for.
    pub path: PathBuf,
}

/// Definitions of the checkout that a run's are held against.
#[derive(Clone, Debug)]
pub enum Definitions {
    /// There is a checkout.
    Of {
        /// Its commit.
        commit: String,
        /// Whether it has changes that the commit does not hold.
        dirty: bool,
        /// The hash of each definition by kind and name, `benchmarks/ring/nop`.
        hashes: BTreeMap<String, String>,
    },
    /// There is none, or it cannot be read: why.
    Unknown(String),
}

/// A run directory. Opening reads everything in it once.
#[derive(Debug)]
pub struct Run {
    pub(crate) directory: PathBuf,
    pub(crate) definitions: Definitions,
    pub(crate) record: Result<Record, String>,
    pub(crate) document: Result<Document, String>,
    pub(crate) kept: Result<Kept, String>,
    audits: OnceLock<Vec<Audit>>,
    /// Every stream of the record, by file.
    pub(crate) streams: BTreeMap<String, Result<Stream, String>>,
}

impl Run {
    /// Opens the run in `directory`. What is damaged is found by the checks; only
    /// a directory that holds nothing of a run is an error.
    pub fn open(directory: &Path, definitions: Definitions) -> Result<Self, NoRun> {
        // Whatever it is: the checks say what is wrong with it.
        let holds = |name: &&str| directory.join(name).symlink_metadata().is_ok();
        if ![RECORD, RESULTS_JSON, SUMS].iter().any(holds) {
            let path = directory.to_owned();
            return Err(NoRun { path });
        }
        let text = |name: &str| {
            let text = inside::text(directory, name);
            text.map_err(|error| format!("{name} cannot be read: {error}"))
        };
        let named = |name: &'static str| move |error: String| format!("{name}: {error}");
        let record = text(RECORD).and_then(|text| Record::parse(&text).map_err(named(RECORD)));
        let document =
            text(RESULTS_JSON).and_then(|text| Document::parse(&text).map_err(named(RESULTS_JSON)));
        let kept =
            text(DEFINITIONS).and_then(|text| Kept::parse(&text).map_err(named(DEFINITIONS)));
        let mut budget = Budget::new(VALUES_MAX);
        let stored = record.iter().flat_map(Record::stored);
        let streams = stored
            .map(|stored| {
                let stream = inside::open(directory, &stored.file)
                    .map_err(|error| error.to_string())
                    .and_then(|file| Stream::read(file, stored.bytes, &mut budget));
                (stored.file.clone(), stream)
            })
            .collect();
        Ok(Self {
            directory: directory.to_owned(),
            definitions,
            record,
            document,
            kept,
            audits: OnceLock::new(),
            streams,
        })
    }

    /// Where it lies.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    pub(crate) fn record(&self) -> Result<&Record, String> {
        self.record.as_ref().map_err(Clone::clone)
    }

    pub(crate) fn document(&self) -> Result<&Document, String> {
        self.document.as_ref().map_err(Clone::clone)
    }

    pub(crate) fn kept(&self) -> Result<&Kept, String> {
        self.kept.as_ref().map_err(Clone::clone)
    }

    /// Its audits, counted when first asked for: a log takes a second or two.
    pub(crate) fn audits(&self) -> &[Audit] {
        self.audits.get_or_init(|| audit::count(self))
    }

    /// A stream and what it says.
    pub(crate) fn stream(&self, file: &str) -> Result<&Stream, String> {
        match self.streams.get(file) {
            Some(Ok(stream)) => Ok(stream),
            Some(Err(error)) => Err(format!("{file}: {error}")),
            None => Err(format!("{file}: no boot of the record stored it")),
        }
    }

    pub(crate) fn said(&self, file: &str) -> Result<&crate::stream::Said, String> {
        let stream = self.stream(file)?;
        let said = stream.said.as_ref();
        said.map_err(|error| format!("{file}: {error}"))
    }
}
