//! Foreign text without what a terminal, a drawing or a spreadsheet would obey.
//!
//! Names come from traces, runs and manifests that anybody can write. Control characters
//! move cursors and set titles, directional ones turn a line around, and both are written
//! as JSON writes them, `\u001b`, wherever such a text is shown.

use std::borrow::Cow;
use std::fmt::Display;

/// Whether a character is shown as its number.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // Directional marks, embeddings, overrides and isolates (Unicode, UAX #9).
            '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
            // Ends of lines and paragraphs, and what has no width.
            | '\u{2028}' | '\u{2029}' | '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}')
}

/// A name or a short text, on one line.
pub fn plain(text: &str) -> Cow<'_, str> {
    escaped(text, is_unsafe)
}

/// A text of several lines; line ends and tabs stay.
pub fn plain_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| is_unsafe(c) && c != '\n' && c != '\t')
}

/// Longest [`brief`] message in characters: a sentence with the words it quotes.
const BRIEF_CHARACTERS_MAX: usize = 600;

/// How many of them are the end, where parsers say the place.
const BRIEF_END_CHARACTERS: usize = 120;

/// An error's message, which may quote a document of any length, on one line that a
/// person reads.
pub fn brief(message: impl Display) -> String {
    let message = message.to_string();
    let characters = message.chars().count();
    if characters <= BRIEF_CHARACTERS_MAX {
        return plain(&message).into_owned();
    }
    let beginning = BRIEF_CHARACTERS_MAX - BRIEF_END_CHARACTERS;
    let place = |number: usize| {
        let mut places = message.char_indices();
        places.nth(number).map_or(message.len(), |(place, _)| place)
    };
    let end = place(characters - BRIEF_END_CHARACTERS);
    let message = format!("{} … {}", &message[..place(beginning)], &message[end..]);
    plain(&message).into_owned()
}

fn escaped(text: &str, is_unsafe: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match is_unsafe(c) {
            true => escaped.push_str(&format!("\\u{:04x}", u32::from(c))),
            false => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_shown_as_its_number() {
        assert_eq!(plain("a\u{1b}[2Jb\u{7}\n"), r"a\u001b[2Jb\u0007\u000a");
        assert_eq!(plain("abc\u{202e}cba"), r"abc\u202ecba");
        assert_eq!(plain_lines("a\n\tb\r"), "a\n\tb\\u000d");
        assert_eq!(plain("\u{9b}31m"), r"\u009b31m");
    }

    #[test]
    fn a_message_that_quotes_a_megabyte_keeps_its_beginning_and_its_place() {
        let quoted = "ö\u{1b}".repeat(1 << 20);
        let said = brief(format!("invalid type: {quoted} at line 1 column 9"));
        assert!(said.starts_with("invalid type: ö\\u001bö"), "{said}");
        assert!(said.ends_with(" at line 1 column 9"), "{said}");
        assert!(said.chars().count() < 4096, "{}", said.len());
        assert_eq!(brief("short\n"), r"short\u000a");
    }

    #[test]
    fn other_text_stays_as_it_is() {
        let text = "ring/nop/16 · µs – “größer”";
        assert!(matches!(plain(text), Cow::Borrowed(same) if same == text));
    }
}
