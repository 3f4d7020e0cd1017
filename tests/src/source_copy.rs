//! A copy of the guest's sources that a test may change.
//!
//! All builds that a test compares must happen in the same directory: paths are
//! part of what the compiler hashes into symbol names, and symbol order is part
//! of the image.

use capbench_runner::checkout::{self, Checkout};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The repository this test was built from.
pub fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// What git says of it, as a run records it.
pub fn sources() -> Checkout {
    checkout::read(repository()).unwrap_or_else(|why| Checkout::unknown(&why))
}

/// A directory that looks like the repository to a guest build.
pub struct SourceCopy {
    directory: tempfile::TempDir,
}

/// What a guest build reads.
const PARTS: [&str; 3] = ["trace-format", "kernel-measure", "reference-guests/capos"];

impl SourceCopy {
    /// Copies the sources that a guest build reads.
    ///
    /// # Errors
    ///
    /// The file system's.
    pub fn new() -> io::Result<SourceCopy> {
        let copy = SourceCopy {
            directory: tempfile::tempdir()?,
        };
        for part in PARTS {
            copy_tree(&repository().join(part), &copy.root().join(part))?;
        }
        fs::write(copy.root().join("Cargo.toml"), reduced_workspace()?)?;
        Ok(copy)
    }

    /// Its root.
    pub fn root(&self) -> &Path {
        self.directory.path()
    }

    /// The Rust files of the guest's kernel.
    ///
    /// # Errors
    ///
    /// The file system's.
    pub fn kernel_sources(&self) -> io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        let kernel = self.root().join("reference-guests/capos/kernel/src");
        visit_files(&kernel, &mut |path| {
            if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path.to_owned());
            }
            Ok(())
        })?;
        found.sort();
        Ok(found)
    }
}

/// The root manifest with only the crates that guests use as members.
fn reduced_workspace() -> io::Result<String> {
    let text = fs::read_to_string(repository().join("Cargo.toml"))?;
    let mut manifest: toml::Table = text.parse().map_err(io::Error::other)?;
    let members = ["trace-format", "kernel-measure"].map(toml::Value::from);
    manifest["workspace"]["members"] = toml::Value::Array(members.into());
    toml::to_string(&manifest).map_err(io::Error::other)
}

/// Copies the files below `from`, build directories left out.
///
/// # Errors
///
/// The file system's.
pub fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    visit_files(from, &mut |path| {
        let target = to.join(path.strip_prefix(from).expect("below its root"));
        fs::create_dir_all(target.parent().expect("a file has a directory"))?;
        fs::copy(path, target).map(drop)
    })
}

fn visit_files(
    directory: &Path,
    visit: &mut impl FnMut(&Path) -> io::Result<()>,
) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if !path.is_dir() {
            visit(&path)?;
        } else if !path.ends_with("target") {
            visit_files(&path, visit)?;
        }
    }
    Ok(())
}
