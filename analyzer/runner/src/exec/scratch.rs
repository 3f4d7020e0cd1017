//! A directory that goes away with the boot that needs it.

use std::fs;
use std::path::{Path, PathBuf};

use super::ExecError;

pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new() -> Result<Self, ExecError> {
        let name = format!("capbench-exec-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        match fs::create_dir(&path) {
            Ok(()) => Ok(Self(path)),
            Err(source) => Err(ExecError::File { path, source }),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Left behind at worst, in a place that is cleared.
        let _ = fs::remove_dir_all(&self.0);
    }
}
