//! One manifest error: what is wrong, where, and what to do about it.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use capbench_results::{brief, plain, plain_lines};
use miette::{Diagnostic, NamedSource, SourceSpan};
use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};

/// Longest file of a definition: thirty times the longest there is.
const DEFINITION_BYTES_MAX: u64 = 48 << 10;

/// A definition that cannot be used. Rendered by `miette` with the offending
/// line; `Display` alone carries file, line and column.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("{file}:{line}:{column}: {message}")]
#[diagnostic(code(capbench::manifest))]
pub struct ManifestError {
    file: String,
    line: usize,
    column: usize,
    message: String,
    #[source_code]
    source_code: NamedSource<String>,
    #[label("here")]
    span: SourceSpan,
    #[help]
    remedy: String,
}

/// A manifest file's text, for reading it and for pointing into it.
#[derive(Clone, Debug)]
pub struct SourceFile {
    path: PathBuf,
    text: String,
}

/// A definition's text. What lies there is looked at first: a FIFO would never end, a
/// device has no end, and a line of a megabyte cannot be shown.
fn text_of(path: &Path) -> io::Result<String> {
    let found = fs::metadata(path)?;
    if !found.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    let bytes = found.len();
    if bytes > DEFINITION_BYTES_MAX {
        return Err(io::Error::other(format!(
            "it has {bytes} bytes, a definition at most {DEFINITION_BYTES_MAX}"
        )));
    }
    fs::read_to_string(path)
}

impl SourceFile {
    /// Reads the file; a failure points at its first byte.
    pub fn read(path: &Path) -> Result<Self, Box<ManifestError>> {
        match text_of(path) {
            Ok(text) => Ok(Self::from_text(path, text)),
            Err(error) => Err(Self::from_text(path, String::new()).error_at(
                0..0,
                format!("cannot be read: {error}"),
                "check that it is a readable file of UTF-8 that holds only the definition".into(),
            )),
        }
    }

    /// A source whose text is already there.
    pub fn from_text(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
        }
    }

    /// Where the text came from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Parses the text; unknown keys, missing keys and wrong types are errors.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Box<ManifestError>> {
        toml::from_str(&self.text).map_err(|error| {
            let message = error.message().lines().collect::<Vec<_>>().join("; ");
            let remedy = if message.starts_with("unknown field") {
                "remove the key, or correct its spelling to one of those expected"
            } else if message.starts_with("missing field") {
                "add the missing key; manifests/README.md describes each"
            } else {
                "correct the value; manifests/README.md describes each key"
            };
            self.error_at(error.span().unwrap_or(0..0), message, remedy.into())
        })
    }

    /// An error about the value at `key` (`["guests", "capos", "system"]`).
    /// A key that is not written in the file falls back to its nearest parent.
    pub fn error_in(
        &self,
        key: &[&str],
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Box<ManifestError> {
        self.error_at(self.span_of(key), message.into(), remedy.into())
    }

    fn error_at(&self, span: Range<usize>, message: String, remedy: String) -> Box<ManifestError> {
        let start = span.start.min(self.text.len());
        let before = &self.text[..floor_char_boundary(&self.text, start)];
        let span = start..start + span.len().min(self.text.len() - start);
        let file = plain(&self.path.display().to_string()).into_owned();
        // Escaping moves what follows, so the place moves along.
        let escaped_bytes = |text: &str| plain_lines(text).len();
        let label = (
            escaped_bytes(before),
            escaped_bytes(self.text.get(span).unwrap_or_default()),
        );
        Box::new(ManifestError {
            line: before.matches('\n').count() + 1,
            column: before.chars().rev().take_while(|&c| c != '\n').count() + 1,
            message: brief(message),
            source_code: NamedSource::new(&file, plain_lines(&self.text).into_owned())
                .with_language("TOML"),
            span: label.into(),
            remedy: plain(&remedy).into_owned(),
            file,
        })
    }

    /// Spans are looked up only for an error, so definitions stay plain data.
    fn span_of(&self, key: &[&str]) -> Range<usize> {
        let Ok(table) = DeTable::parse(&self.text) else {
            return 0..0;
        };
        let mut span = 0..0;
        let mut value = DeValue::Table(table.into_inner());
        for step in key {
            let next = match &value {
                DeValue::Table(table) => table.get(*step),
                DeValue::Array(items) => step.parse().ok().and_then(|i: usize| items.get(i)),
                _ => None,
            };
            let Some(next) = next else { break };
            span = next.span();
            value = next.get_ref().clone();
        }
        span
    }
}

fn floor_char_boundary(text: &str, mut index: usize) -> usize {
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[allow(dead_code, reason = "only parsing is under test")]
        name: String,
    }

    #[test]
    fn what_has_no_end_is_no_definition() {
        use rustix::fs::{CWD, FileType, Mode, mknodat};
        let directory = tempfile::tempdir().unwrap();
        let fifo = directory.path().join("fifo.toml");
        mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR, 0).unwrap();
        let device = directory.path().join("device.toml");
        std::os::unix::fs::symlink("/dev/zero", &device).unwrap();
        for path in [fifo, device] {
            let error = SourceFile::read(&path).unwrap_err().to_string();
            assert!(error.contains("no regular file"), "{error}");
        }
    }

    #[test]
    fn a_megabyte_is_no_definition() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("long.toml");
        fs::write(&path, "x".repeat(1 << 20)).unwrap();
        let error = SourceFile::read(&path).unwrap_err().to_string();
        assert!(error.contains("a definition at most"), "{error}");
    }

    #[test]
    fn an_unknown_key_is_refused_at_its_line() {
        let file = SourceFile::from_text("a.toml", "name = \"x\"\n\nnmae = 2\n");
        let error = file.parse::<Sample>().unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with("a.toml:3:1: unknown field `nmae`"),
            "{text}"
        );
        assert!(error.help().unwrap().to_string().contains("spelling"));
    }

    #[test]
    fn a_nested_key_is_found_by_its_path() {
        let file = SourceFile::from_text("a.toml", "[guests.capos]\nsystem = \"no\"\n");
        let error = file.error_in(&["guests", "capos", "system"], "bad", "fix");
        assert!(error.to_string().starts_with("a.toml:2:10: bad"));
        let parent = file.error_in(&["guests", "capos", "absent"], "bad", "fix");
        assert!(parent.to_string().starts_with("a.toml:1:"));
    }

    #[test]
    fn foreign_text_is_escaped_and_the_place_stays_under_its_value() {
        let text = "# \u{202e}\nname = \"x\"\n";
        let file = SourceFile::from_text("a\u{1b}.toml", text);
        let error = file.error_in(&["name"], "`\u{1b}[2J` is wrong", "no \u{7}");
        assert_eq!(
            error.to_string(),
            "a\\u001b.toml:2:8: `\\u001b[2J` is wrong"
        );
        assert_eq!(error.help().unwrap().to_string(), "no \\u0007");
        let source = error.source_code.inner();
        assert!(!source.contains('\u{202e}'), "{source}");
        let (from, length) = (error.span.offset(), error.span.len());
        assert_eq!(&source[from..from + length], "\"x\"");
    }

    #[test]
    fn a_long_word_is_cut_in_the_message() {
        let file = SourceFile::from_text("a.toml", "name = 1\n");
        let error = file.error_in(&["name"], "x".repeat(1 << 16), "fix");
        assert!(error.to_string().len() < 1000);
    }

    #[test]
    fn broken_toml_and_a_missing_file_are_single_errors_with_a_place() {
        let file = SourceFile::from_text("a.toml", "name = \"é");
        assert!(
            file.parse::<Sample>()
                .unwrap_err()
                .to_string()
                .starts_with("a.toml:1:")
        );
        let missing = SourceFile::read(Path::new("/nonexistent/b.toml")).unwrap_err();
        assert!(missing.to_string().contains("b.toml:1:1: cannot be read"));
    }
}
