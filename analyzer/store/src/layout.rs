//! What a store is on disk: a marker that names its version, and one directory
//! per table.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use capbench_results::is_plain_name;

use crate::error::StoreError;

/// The file that makes a directory a store. No reader of Parquet looks at it.
pub const MARKER: &str = "capbench-store.json";

/// Longest marker that is read, of any version.
const MARKER_BYTES_MAX: u64 = 4096;

/// The layout's version: another one where partitions, columns or their types differ.
pub const SCHEMA: &str = "capbench.store/4";

/// Most characters of a foreign marker that an error repeats.
const MARKER_SHOWN: usize = 128;

/// A directory of results.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
}

impl Store {
    /// Opens the store at `root`.
    ///
    /// # Errors
    ///
    /// Nothing is there, it is no store, or it is one of another version.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let path = root.to_owned();
        if !root.is_dir() {
            return Err(StoreError::Missing { path });
        }
        let marker = root.join(MARKER);
        // Looked at first: a FIFO would never end, and a device has no end.
        let is_marker = |found: fs::Metadata| found.is_file() && found.len() <= MARKER_BYTES_MAX;
        if fs::symlink_metadata(&marker).is_ok_and(|found| !is_marker(found)) {
            return Err(StoreError::Foreign { path: marker });
        }
        match fs::read_to_string(&marker) {
            Ok(text) if text == marker_text() => Ok(Self { root: path }),
            Ok(text) => Err(StoreError::Version {
                path,
                found: text.trim().chars().take(MARKER_SHOWN).collect(),
                expected: SCHEMA,
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(StoreError::NotAStore { path })
            }
            Err(error) => Err(StoreError::io(&marker)(error)),
        }
    }

    /// Opens the store at `root`, or makes one where there is nothing or an empty
    /// directory.
    ///
    /// # Errors
    ///
    /// As [`Store::open`], and the directory could not be made.
    pub fn open_or_create(root: &Path) -> Result<Self, StoreError> {
        fs::create_dir_all(root).map_err(StoreError::io(root))?;
        let mut entries = fs::read_dir(root).map_err(StoreError::io(root))?;
        if entries.next().is_none() {
            write_whole(&root.join(MARKER), marker_text().as_bytes())?;
        }
        Self::open(root)
    }

    /// Where it lies.
    pub fn root(&self) -> &Path {
        &self.root
    }
}

fn marker_text() -> String {
    format!("{{\"schema\":\"{SCHEMA}\"}}\n")
}

/// Writes a file that appears whole or not at all. Until then its name begins with
/// a dot, which every reader of such datasets passes over.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = directory.join(format!(".{name}.{}.part", std::process::id()));
    let write = || {
        fs::create_dir_all(directory)?;
        fs::write(&temporary, bytes)?;
        fs::File::open(&temporary)?.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().map_err(|source| {
        // What is left behind is passed over; nothing else can be done here.
        let _ = fs::remove_file(&temporary);
        StoreError::io(path)(source)
    })
}

/// A run id as a file's name.
pub(crate) fn check_run_id(name: &str) -> Result<(), StoreError> {
    check(name, "run id", is_plain_name(name))
}

/// A guest as a directory's name. Readers guess the types of such keys: one that
/// begins with a letter is text to all of them.
pub(crate) fn check_guest(name: &str) -> Result<(), StoreError> {
    let is_text = name.starts_with(|first: char| first.is_ascii_alphabetic());
    check(name, "guest", is_text && is_plain_name(name))
}

fn check(name: &str, what: &'static str, fits: bool) -> Result<(), StoreError> {
    match fits {
        true => Ok(()),
        false => Err(StoreError::Name {
            what,
            name: name.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_the_store_or_look_like_numbers() {
        for bad in ["", "..", "a/b", "a=b", "1e5", "ä", &"a".repeat(200)] {
            assert!(check_guest(bad).is_err(), "{bad}");
        }
        assert!(check_guest("linux").is_ok());
        assert!(check_run_id("20261124T160141Z-ring-exact-7645").is_ok());
        assert!(check_run_id(".hidden").is_err());
    }

    #[test]
    fn only_a_marked_directory_is_a_store() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("store");
        assert!(matches!(
            Store::open(&root),
            Err(StoreError::Missing { .. })
        ));
        Store::open_or_create(&root).unwrap();
        Store::open_or_create(&root).unwrap();
        fs::write(root.join(MARKER), "{\"schema\":\"capbench.store/9\"}\n").unwrap();
        let error = Store::open(&root).unwrap_err().to_string();
        assert!(error.contains("capbench.store/9"), "{error}");
        fs::rename(root.join(MARKER), root.join("x")).unwrap();
        let error = Store::open_or_create(&root);
        assert!(matches!(error, Err(StoreError::NotAStore { .. })));
    }
}
