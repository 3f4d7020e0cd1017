//! Foreign words as Markdown that shows them and does nothing else.

use crate::document::shown;

/// Text on one line in which nothing is markup.
pub(super) fn plain(text: &str) -> String {
    let text = shown(text);
    let mut escaped = String::new();
    let mut before = ' ';
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let after = characters.peek().copied().unwrap_or(' ');
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            // Between letters it is no emphasis, and names are full of it.
            '_' if before.is_alphanumeric() && after.is_alphanumeric() => escaped.push(c),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' => {
                escaped.push('\\');
                escaped.push(c);
            }
            // An address in running text would become a link by itself.
            ':' if after == '/' => escaped.push_str("\\:"),
            c => escaped.push(c),
        }
        before = c;
    }
    escaped
}

/// A span of code; its fence is longer than any run of backticks inside.
pub(super) fn code(text: &str) -> String {
    let text = shown(text);
    if text.trim().is_empty() {
        return "(empty)".to_owned();
    }
    let fence = "`".repeat(longest_run(&text) + 1);
    let room = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{room}{text}{room}{fence}")
}

/// A cell: in a table a bar ends it, even inside code.
pub(super) fn cell(markdown: &str) -> String {
    let mut cell = String::new();
    let mut escaped = false;
    for c in markdown.chars() {
        if c == '|' && !escaped {
            cell.push('\\');
        }
        escaped = c == '\\' && !escaped;
        cell.push(c);
    }
    cell
}

/// The longest run of backticks.
pub(super) fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_words_are_shown_and_do_nothing() {
        assert_eq!(plain("a_b *c* <img>"), "a_b \\*c\\* &lt;img&gt;");
        assert_eq!(plain("[x](https://y)\n# z"), "\\[x\\](https\\://y) \\# z");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(cell("a|b"), "a\\|b");
        assert_eq!(cell("a\\|b"), "a\\|b");
    }
}
