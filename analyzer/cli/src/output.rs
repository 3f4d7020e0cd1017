//! Files that commands write where the user said: a failure names the place and a
//! remedy, for what the system says of it names neither.

use std::fs;
use std::io;
use std::path::Path;

use capbench_runner::remedy;
use miette::{Report, Result, miette};

/// Makes a directory and what is missing above it.
pub fn directory(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|error| unwritable(path, &error))
}

/// Writes a file, whole or not at all.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".part");
    fs::write(&temporary, bytes)
        .and_then(|()| fs::rename(&temporary, path))
        .map_err(|error| unwritable(path, &error))
}

/// Why nothing was written there.
pub fn unwritable(path: &Path, error: &io::Error) -> Report {
    miette!(
        code = "capbench::output",
        help = remedy::unwritable(error.kind()),
        "cannot write {}: {error}",
        path.display()
    )
}
