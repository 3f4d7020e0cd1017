//! Standard error, for everything that is not data: progress, notes, errors.
//!
//! Who reads it may go away and its disk may be full. Nobody is left to learn of
//! that, and no work stops for a note, so what cannot be written is left out. What a
//! terminal would obey is written as its number, for an error quotes names and files of
//! anybody; and no error is longer than a person reads.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use capbench_results::plain_lines;

/// Most characters of one text, shared by its beginning and its end, where the remedy is.
const SHOWN: usize = 16 * 1024;

/// What becomes of sequences that set a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colors {
    /// A terminal shows them.
    Kept,
    /// Only a name that a user chose can hold them.
    Escaped,
}

/// Writes text.
pub fn text(text: impl Display) {
    let text = text.to_string();
    let mut error = io::stderr();
    let colors = match error.is_terminal() {
        true => Colors::Kept,
        false => Colors::Escaped,
    };
    let _ = error.write_all(shown(&shortened(&text), colors).as_bytes());
}

/// Writes text and ends the line.
pub fn line(text: impl Display) {
    self::text(format_args!("{text}\n"));
}

/// Text without what a terminal would obey, but for colours where they are kept.
pub fn shown(text: &str, colors: Colors) -> Cow<'_, str> {
    if colors == Colors::Escaped {
        return plain_lines(text);
    }
    let mut parts = text.split("\x1b[");
    let first = plain_lines(parts.next().unwrap_or_default());
    let mut shown = first.into_owned();
    for part in parts {
        let numbers = part.find(|c: char| !c.is_ascii_digit() && c != ';');
        match numbers.filter(|end| part[*end..].starts_with('m')) {
            Some(_) => shown.push_str("\x1b["),
            None => shown.push_str("\\u001b["),
        }
        shown.push_str(&plain_lines(part));
    }
    Cow::Owned(shown)
}

/// The beginning and the end of a text that is too long.
fn shortened(text: &str) -> Cow<'_, str> {
    let half = SHOWN / 2;
    let Some((head, _)) = text.char_indices().nth(half) else {
        return Cow::Borrowed(text);
    };
    let tail = text
        .char_indices()
        .rev()
        .nth(half - 1)
        .map_or(0, |(at, _)| at);
    if tail <= head {
        return Cow::Borrowed(text);
    }
    let left_out = text[head..tail].chars().count();
    Cow::Owned(format!(
        "{}\n[{left_out} characters left out]\n{}",
        &text[..head],
        &text[tail..]
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_stay_on_a_terminal_and_nothing_else_does() {
        let text = "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x1b[2J\n";
        assert_eq!(
            shown(text, Colors::Kept),
            "\x1b[31mred\x1b[0m \\u001b]0;title\\u0007 \\u001b[2J\n"
        );
        assert!(!shown(text, Colors::Escaped).contains('\x1b'));
    }

    #[test]
    fn an_error_of_a_megabyte_keeps_its_beginning_and_its_remedy() {
        let text = format!("cannot read {}\nhelp: another file", "x".repeat(1 << 20));
        let shown = shortened(&text);
        assert!(shown.len() < 20_000);
        assert!(shown.starts_with("cannot read") && shown.ends_with("help: another file"));
        assert!(shown.contains("characters left out"));
        assert_eq!(shortened("short"), "short");
    }
}
