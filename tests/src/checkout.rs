//! A checkout whose definitions a test may change.

use crate::source_copy::{copy_tree, repository};
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// A directory with definitions of its own; everything else is the
/// repository's, guest images and their build caches included.
pub struct Checkout {
    directory: tempfile::TempDir,
}

impl Checkout {
    /// Makes one.
    ///
    /// # Errors
    ///
    /// The file system's.
    pub fn new() -> io::Result<Checkout> {
        let directory = tempfile::tempdir()?;
        for entry in fs::read_dir(repository())? {
            let name = entry?.file_name();
            if !["manifests", "runs", ".git"].iter().any(|own| name == *own) {
                symlink(
                    repository().canonicalize()?.join(&name),
                    directory.path().join(&name),
                )?;
            }
        }
        let manifests = directory.path().join("manifests");
        copy_tree(&repository().join("manifests"), &manifests)?;
        Ok(Checkout { directory })
    }

    /// Its root.
    pub fn root(&self) -> &Path {
        self.directory.path()
    }

    /// Replaces text in one of its definitions.
    ///
    /// # Panics
    ///
    /// If the text is not there: the test would test nothing.
    pub fn edit(&self, definition: &str, from: &str, to: &str) {
        let path = self.root().join("manifests").join(definition);
        let text = fs::read_to_string(&path).expect("a definition");
        assert!(
            text.contains(from),
            "{definition} does not contain {from:?}"
        );
        fs::write(path, text.replace(from, to)).expect("a writable copy");
    }

    /// The directory of its newest run.
    pub fn latest_run(&self) -> PathBuf {
        self.root().join("runs/latest")
    }
}
