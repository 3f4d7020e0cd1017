//! What to do where the system refuses, for what it says names no remedy.

use std::io::ErrorKind;

/// Where a file or directory cannot be made or written.
pub const fn unwritable(kind: ErrorKind) -> &'static str {
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
