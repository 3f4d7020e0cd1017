//! The end of a log, for a reader who asks why a boot ended.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use crate::artifact::inside;

/// A panic and a line or two of what led to it.
const LINES: usize = 6;
/// As much of the file as is looked at.
const BYTES: u64 = 4096;

/// The last lines of a text that a guest or the emulator wrote into the run in
/// `directory`, with what is not printable escaped; none where there is nothing or it
/// cannot be read.
pub fn last_lines(directory: &Path, log: &Path) -> Vec<String> {
    let end = read_end(directory, log).unwrap_or_default();
    let text = String::from_utf8_lossy(&end);
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let lines: Vec<String> = lines.map(printable).collect();
    lines[lines.len().saturating_sub(LINES)..].to_vec()
}

fn read_end(directory: &Path, log: &Path) -> std::io::Result<Vec<u8>> {
    let mut file = inside::open(directory, log).map_err(std::io::Error::other)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(BYTES)))?;
    let mut end = Vec::new();
    file.take(BYTES).read_to_end(&mut end)?;
    Ok(end)
}

fn printable(line: &str) -> String {
    let line = line.trim_end();
    let is_plain =
        |c: char| c == '\'' || c == '"' || c == '\\' || !c.is_ascii_control() && c.is_ascii();
    let escaped = line.chars().map(|c| match c {
        c if is_plain(c) => c.to_string(),
        c => c.escape_debug().to_string(),
    });
    escaped.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last_of(text: &str) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("log"), text).unwrap();
        last_lines(directory.path(), Path::new("log"))
    }

    #[test]
    fn the_last_lines_are_shown_and_blank_ones_are_not() {
        let text: String = (0..2000).map(|line| format!("line {line}\r\n\n")).collect();
        let lines = last_of(&text);
        assert_eq!(lines.len(), LINES);
        assert_eq!(lines.last().unwrap(), "line 1999");
        assert_eq!(last_of(""), [""; 0]);
        assert_eq!(
            last_lines(Path::new("/nonexistent"), Path::new("log")),
            [""; 0]
        );
    }

    #[test]
    fn what_would_steer_a_terminal_is_escaped() {
        let lines = last_of("\u{1b}[2J it's \"so\" \u{202e}gnp\n");
        assert_eq!(lines, ["\\u{1b}[2J it's \"so\" \\u{202e}gnp"]);
    }
}
