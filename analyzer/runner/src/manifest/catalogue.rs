//! All definitions of a manifest directory, checked against each other.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use serde::de::DeserializeOwned;

use super::check::check_authority;
use super::words::guess;
use super::{AuthorityProfile, Benchmark, Gate, ManifestError, Mapping, SourceFile, Suite, System};

/// Every definition, by name. All references resolve.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// Benchmarks by name (`ring/nop`).
    pub benchmarks: BTreeMap<String, Benchmark>,
    /// Authority profiles by name.
    pub authority: BTreeMap<String, AuthorityProfile>,
    /// Systems by name.
    pub systems: BTreeMap<String, System>,
    /// Suites by name.
    pub suites: BTreeMap<String, Suite>,
    /// Mappings by the name of the benchmark that is divided.
    pub mappings: BTreeMap<String, Mapping>,
    /// Limits by the name of the benchmark that they are of, where they are not the
    /// default.
    pub gates: BTreeMap<String, Gate>,
}

/// Neither a suite nor a benchmark has this name.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("there is no suite or benchmark named `{name}`")]
#[diagnostic(code(capbench::unknown_name))]
pub struct UnknownName {
    /// The name that was asked for.
    pub name: String,
    #[help]
    remedy: String,
}

impl Catalogue {
    /// Reads and checks every definition below `directory`.
    pub fn load(directory: &Path) -> Result<Self, Box<ManifestError>> {
        let authority = read_all(&directory.join("authority"), |p: &AuthorityProfile| &p.name)?;
        let systems = read_all(&directory.join("systems"), |s: &System| &s.name)?;
        let benchmarks = read_all(&directory.join("benchmarks"), |b: &Benchmark| &b.name)?;
        let suites = read_all(&directory.join("suites"), |s: &Suite| &s.name)?;
        let mappings = read_all(&directory.join("mappings"), |m: &Mapping| &m.name)?;
        let gates = directory.join("gates");
        let gates = match gates.is_dir() {
            true => read_all(&gates, |g: &Gate| &g.name)?,
            false => BTreeMap::new(),
        };

        let catalogue = Self {
            authority: values(&authority),
            systems: values(&systems),
            benchmarks: values(&benchmarks),
            suites: values(&suites),
            mappings: values(&mappings),
            gates: values(&gates),
        };
        for (source, profile) in authority.values() {
            check_authority(source, profile)?;
        }
        for (source, system) in systems.values() {
            catalogue.check_system(source, system)?;
        }
        for (source, benchmark) in benchmarks.values() {
            catalogue.check_benchmark(source, benchmark)?;
        }
        for (source, suite) in suites.values() {
            catalogue.check_suite(source, suite)?;
        }
        for (source, mapping) in mappings.values() {
            catalogue.check_mapping(source, mapping)?;
        }
        for (source, gate) in gates.values() {
            catalogue.check_gate(source, gate)?;
        }
        Ok(catalogue)
    }

    /// The benchmarks a suite or a single benchmark name stands for.
    pub fn select(&self, name: &str) -> Result<Vec<&Benchmark>, UnknownName> {
        if let Some(suite) = self.suites.get(name) {
            return Ok(suite
                .benchmarks
                .iter()
                .map(|name| &self.benchmarks[name])
                .collect());
        }
        self.benchmarks
            .get(name)
            .map(|benchmark| vec![benchmark])
            .ok_or_else(|| self.unknown(name))
    }

    fn unknown(&self, name: &str) -> UnknownName {
        let known = self.suites.keys().chain(self.benchmarks.keys());
        let guess = guess(name, known.map(String::as_str));
        UnknownName {
            name: name.to_owned(),
            remedy: format!(
                "{guess}suites: {}; `capbench list` shows every benchmark",
                self.suites.keys().cloned().collect::<Vec<_>>().join(", ")
            ),
        }
    }
}

type Read<T> = BTreeMap<String, (SourceFile, T)>;

fn values<T: Clone>(read: &Read<T>) -> BTreeMap<String, T> {
    read.iter()
        .map(|(name, (_, value))| (name.clone(), value.clone()))
        .collect()
}

/// Reads every `.toml` below `directory`; a file's path must spell its name.
fn read_all<T: DeserializeOwned>(
    directory: &Path,
    name_of: impl Fn(&T) -> &String,
) -> Result<Read<T>, Box<ManifestError>> {
    let mut definitions = BTreeMap::new();
    for path in toml_files(directory)? {
        let source = SourceFile::read(&path)?;
        let value: T = source.parse()?;
        let expected = path
            .strip_prefix(directory)
            .expect("listed below it")
            .with_extension("")
            .to_string_lossy()
            .into_owned();
        let name = name_of(&value).clone();
        if name != expected {
            return Err(source.error_in(
                &["name"],
                format!("the file's path spells `{expected}`, the name is `{name}`"),
                "rename one of the two",
            ));
        }
        definitions.insert(name, (source, value));
    }
    Ok(definitions)
}

fn toml_files(directory: &Path) -> Result<Vec<PathBuf>, Box<ManifestError>> {
    let unreadable = |error| {
        SourceFile::from_text(directory, "").error_in(
            &[],
            format!("cannot be listed: {error}"),
            "run capbench in a checkout that has a manifests directory, or pass --root",
        )
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() {
            files.extend(toml_files(&path)?);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
#[path = "catalogue_tests.rs"]
mod tests;
