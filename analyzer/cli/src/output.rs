//! Files that commands write where the user said: a failure names the place and a
//! remedy, for what the system says of it names neither.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

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
        help = remedy(error.kind()),
        "cannot write {}: {error}",
        path.display()
    )
}

/// What to do about it.
pub const fn remedy(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            "a file is where a directory has to be: move it away, or name another place"
        }
        ErrorKind::IsADirectory => {
            "a directory is where the file has to be: name a file in it, or another place"
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "name a place that you have permissions to write to"
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "free some space, or name a place on another disk"
        }
        _ => "name a place whose directory exists or can be made, with space and permissions",
    }
}
