//! Files that appear whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::error::ExportError;

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The file.
    pub path: PathBuf,
    /// What is in it, for people: `16 rows`.
    pub holds: String,
}

/// The outcome of an export.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Files, in the order of writing.
    pub written: Vec<Written>,
    /// What is missing or not as it could be, for people.
    pub notes: Vec<String>,
}

/// A file on its way. It has another name until [`OutFile::commit`]; dropped
/// before, it is gone.
#[derive(Debug)]
pub(crate) struct OutFile {
    path: PathBuf,
    temporary: PathBuf,
    writer: Option<BufWriter<File>>,
}

impl OutFile {
    /// Creates `directory` where it is missing, and in it the file.
    pub(crate) fn create(directory: &Path, name: &str) -> Result<Self, ExportError> {
        fs::create_dir_all(directory).map_err(ExportError::io(directory))?;
        let path = directory.join(name);
        let temporary = directory.join(format!(".{name}.{}.part", std::process::id()));
        let file = File::create(&temporary).map_err(ExportError::io(&temporary))?;
        Ok(Self {
            path,
            temporary,
            writer: Some(BufWriter::new(file)),
        })
    }

    /// Where it will be.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends text.
    pub(crate) fn text(&mut self, text: &str) -> Result<(), ExportError> {
        let written = self.write_all(text.as_bytes());
        written.map_err(ExportError::io(&self.path))
    }

    /// Gives the file its name.
    pub(crate) fn commit(mut self, holds: impl Into<String>) -> Result<Written, ExportError> {
        let rename = |writer: Option<BufWriter<File>>| {
            let mut writer = writer.expect("a file is committed once");
            writer.flush()?;
            writer.get_ref().sync_all()?;
            fs::rename(&self.temporary, &self.path)
        };
        rename(self.writer.take()).map_err(ExportError::io(&self.path))?;
        Ok(Written {
            path: std::mem::take(&mut self.path),
            holds: holds.into(),
        })
    }
}

impl Write for OutFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer
            .as_mut()
            .expect("not committed yet")
            .write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.as_mut().expect("not committed yet").flush()
    }
}

impl Drop for OutFile {
    fn drop(&mut self) {
        // Gone already where it was committed; nothing else can be done here.
        let _ = fs::remove_file(&self.temporary);
    }
}

/// A part of a file's name: what a boot is called could hold anything.
pub(crate) fn name_part(text: &str) -> String {
    let kept = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let part: String = text
        .chars()
        .map(|c| if kept(c) { c } else { '_' })
        .collect();
    let part = part.trim_start_matches('.');
    if part.is_empty() {
        "_".into()
    } else {
        part.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_file_leaves_the_one_from_before() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x");
        let mut out = OutFile::create(directory.path(), "x").unwrap();
        out.text("whole").unwrap();
        assert!(!path.exists());
        assert_eq!(out.commit("a word").unwrap().path, path);
        let mut second = OutFile::create(directory.path(), "x").unwrap();
        second.text("half").unwrap();
        drop(second);
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_error_names_the_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = OutFile::create(file.path(), "x").unwrap_err().to_string();
        let name = file.path().file_name().unwrap().to_str().unwrap();
        assert!(error.contains(name), "{error}");
    }

    #[test]
    fn a_boots_name_cannot_leave_the_directory() {
        assert_eq!(name_part("../../etc/x y"), "_.._etc_x_y");
        assert_eq!(name_part("capos-ring-1"), "capos-ring-1");
        assert_eq!(name_part(".."), "_");
    }
}
