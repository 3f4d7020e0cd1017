//! Programs of the distribution in a guest's image: their packages, and those with
//! the libraries they need, fetched and never installed.
//!
//! The first time costs one download for each package that holds anything that
//! is needed (perf: 23, 17 MB, most of a minute); what is kept afterwards are the
//! files that go into the image (33 MB), and no network is needed again. Which version
//! that is depends on the day of the download, so the record names each package
//! with its hash. A failure is a reason for the rows that needed the programs,
//! never for others.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use capbench_results::Digest;
use miette::Diagnostic;
use serde::{Deserialize, Serialize};

use super::GuestName;
use super::apt::{self, Apt};
use super::build::exclusive;
use super::shared_objects::{Search, Wanted};
use crate::hash;
use crate::initramfs;

/// A package of which files are in an image, for the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version, as it says itself.
    pub version: String,
    /// Digest of the package as it was fetched.
    pub sha256: Digest,
}

/// What a system's packages bring into its image.
#[derive(Debug, PartialEq, Eq)]
pub struct Packages {
    /// Where the files come from.
    pub packages: Vec<Package>,
    /// The programs, their loader and their libraries.
    pub files: Vec<initramfs::File>,
}

/// Why an image cannot have its programs.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum PackageError {
    /// The distribution's tools did not bring a package.
    #[error("package {package} cannot be had: {why}")]
    #[diagnostic(
        code(capbench::guest::package),
        help(
            "run once on a Debian with its archive in reach; nothing is installed, and no network is needed afterwards"
        )
    )]
    Unavailable {
        /// Its name.
        package: String,
        /// The tools' messages.
        why: String,
    },
    /// Everything was fetched, and something is not in it.
    #[error("no package among {packages} and their dependencies holds {missing}")]
    #[diagnostic(
        code(capbench::guest::package_contents),
        help("correct the system's [packages]: name the package that holds it")
    )]
    Incomplete {
        /// The packages that were asked for.
        packages: String,
        /// The missing files.
        missing: String,
    },
    /// The cache cannot be written.
    #[error("{}: {source}", path.display())]
    #[diagnostic(
        code(capbench::guest::file),
        help("check free space and permissions of the target directory")
    )]
    File {
        /// Which file.
        path: PathBuf,
        /// The system's message.
        source: io::Error,
    },
}

/// Packages and the programs wanted of each.
pub type Programs = BTreeMap<String, Vec<String>>;

/// Finds or fetches the programs with everything they need.
pub fn provide(
    root: &Path,
    guest: GuestName,
    programs: &Programs,
) -> Result<Packages, PackageError> {
    let fetched = super::fetched(root, guest);
    let cache = fetched.join("packages");
    fs::create_dir_all(&cache).map_err(at(&cache))?;
    let lock = cache.join("fetch.lock");
    let _exclusive = exclusive(&lock).map_err(at(&lock))?;
    from_packages(programs, &cache, &Apt::new(&fetched.join("apt")))
}

/// Where packages come from.
trait Source {
    /// Puts a package's files below `directory`.
    fn unpack(&self, package: &str, directory: &Path) -> Result<Package, String>;
    /// Names of the packages it depends on.
    fn needs(&self, package: &str) -> Result<Vec<String>, String>;
}

impl Source for Apt {
    fn unpack(&self, package: &str, directory: &Path) -> Result<Package, String> {
        let parent = directory.with_extension("deb");
        fs::create_dir_all(&parent).map_err(|error| error.to_string())?;
        let file = self.download(package, &parent)?;
        apt::extract(&file, directory)?;
        Ok(Package {
            name: package.to_owned(),
            version: apt::version(&file)?,
            sha256: hash::of_file(&file).map_err(|error| error.to_string())?,
        })
    }

    fn needs(&self, package: &str) -> Result<Vec<String>, String> {
        self.dependencies(package)
    }
}

/// The [`Kept`] of a complete cache; written last.
const RECORD: &str = "packages.json";

/// What is in a directory of the cache.
#[derive(Serialize, Deserialize)]
struct Kept {
    packages: Vec<Package>,
    files: Vec<KeptFile>,
}

/// A file that lies under its digest.
#[derive(Serialize, Deserialize)]
struct KeptFile {
    path: String,
    mode: u32,
    sha256: Digest,
}

fn from_packages(
    programs: &Programs,
    cache: &Path,
    source: &dyn Source,
) -> Result<Packages, PackageError> {
    let directory = cache.join(hash::short(hash::of_canonical(programs)));
    if let Some(packages) = cached(&directory) {
        return Ok(packages);
    }
    let work = cache.join("fetch");
    let _ = fs::remove_dir_all(&work);
    let fetched = fetch(programs, &work, source).and_then(|packages| {
        keep(&packages, &directory)?;
        Ok(packages)
    });
    let _ = fs::remove_dir_all(&work);
    fetched
}

/// What is in the cache, whole and undamaged.
fn cached(directory: &Path) -> Option<Packages> {
    let record = fs::read(directory.join(RECORD)).ok()?;
    let kept: Kept = serde_json::from_slice(&record).ok()?;
    let files = kept.files.into_iter().map(|file| {
        let bytes = fs::read(directory.join(file.sha256.to_string())).ok()?;
        (hash::of(&bytes) == file.sha256).then_some(initramfs::File {
            path: file.path,
            mode: file.mode,
            bytes,
        })
    });
    Some(Packages {
        files: files.collect::<Option<_>>()?,
        packages: kept.packages,
    })
}

fn keep(packages: &Packages, directory: &Path) -> Result<(), PackageError> {
    let _ = fs::remove_dir_all(directory);
    fs::create_dir_all(directory).map_err(at(directory))?;
    let mut kept = Kept {
        packages: packages.packages.clone(),
        files: Vec::new(),
    };
    for file in &packages.files {
        let sha256 = hash::of(&file.bytes);
        let path = directory.join(sha256.to_string());
        fs::write(&path, &file.bytes).map_err(at(&path))?;
        kept.files.push(KeptFile {
            path: file.path.clone(),
            mode: file.mode,
            sha256,
        });
    }
    let record = directory.join(RECORD);
    let json = serde_json::to_vec_pretty(&kept).expect("plain data");
    fs::write(&record, json).map_err(at(&record))
}

/// Fetches what is asked for, then, while anything is missing, the dependency
/// that most likely holds it. Only packages that held something lead on to
/// their own dependencies.
fn fetch(programs: &Programs, work: &Path, source: &dyn Source) -> Result<Packages, PackageError> {
    let mut search = Search::new(programs.values().flatten());
    let mut asked: VecDeque<&String> = programs.keys().collect();
    let mut known: BTreeSet<String> = programs.keys().cloned().collect();
    let mut waiting: Vec<String> = Vec::new();
    let mut packages: Vec<Package> = Vec::new();
    loop {
        let own = asked.pop_front();
        let next = match own {
            Some(asked) => asked.clone(),
            None if search.missing().is_empty() => break,
            None => likeliest(&mut waiting, search.missing())
                .ok_or_else(|| incomplete(programs, &search))?,
        };
        let unavailable = |why| PackageError::Unavailable {
            package: next.clone(),
            why,
        };
        let tree = work.join(&next);
        fs::create_dir_all(&tree).map_err(at(&tree))?;
        packages.push(source.unpack(&next, &tree).map_err(unavailable)?);
        if search.add(tree) || own.is_some() {
            let needs = source.needs(&next).map_err(unavailable)?;
            let real = needs.into_iter().filter(|name| is_real(name));
            waiting.extend(real.filter(|name| known.insert(name.clone())));
        }
    }
    collect(&search, packages)
}

/// Apt puts the names of what no package is called in angle brackets.
fn is_real(name: &str) -> bool {
    !name.starts_with('<')
}

/// A library's package is mostly named as the library begins (`libdw.so.1` is in
/// `libdw1`, `libz.so.1` in `zlib1g`). A wrong guess costs one download; all are
/// tried in the end.
fn likeliest(waiting: &mut Vec<String>, missing: &BTreeSet<Wanted>) -> Option<String> {
    let start = |name: &str| name.strip_prefix("lib").unwrap_or(name).to_owned();
    let common = |name: &str, wanted: &Wanted| {
        let (name, wanted) = (start(name), start(wanted.name()));
        let pairs = name.bytes().zip(wanted.bytes());
        pairs.take_while(|(one, other)| one == other).count()
    };
    let likely = |name: &String| missing.iter().map(|wanted| common(name, wanted)).max();
    // Of equals the one that was named first.
    let index = (0..waiting.len())
        .rev()
        .max_by_key(|&index| likely(&waiting[index]))?;
    Some(waiting.remove(index))
}

fn incomplete(programs: &Programs, search: &Search) -> PackageError {
    let list = |names: Vec<String>| names.join(", ");
    PackageError::Incomplete {
        packages: list(programs.keys().cloned().collect()),
        missing: list(search.missing().iter().map(Wanted::path).collect()),
    }
}

fn collect(search: &Search, packages: Vec<Package>) -> Result<Packages, PackageError> {
    let mut files = Vec::new();
    let mut used = BTreeSet::new();
    for (wanted, found) in search.found() {
        used.insert(found.tree);
        files.push(initramfs::File {
            path: wanted.path(),
            mode: wanted.mode(),
            bytes: fs::read(&found.file).map_err(at(&found.file))?,
        });
    }
    let packages = packages.into_iter().enumerate();
    let mut packages: Vec<Package> = packages
        .filter(|(index, _)| used.contains(index))
        .map(|(_, package)| package)
        .collect();
    packages.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(Packages { packages, files })
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> PackageError {
    let path = path.to_owned();
    move |source| PackageError::File { path, source }
}

#[cfg(test)]
#[path = "packages_tests.rs"]
mod tests;
