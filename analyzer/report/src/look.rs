//! How text may look where it goes.

use capbench_results::Status;

/// Width and colour of the place that a text goes to. The caller decides: a pipe has no
/// width and no colour, and `NO_COLOR` is honoured there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Columns; long words may still be longer.
    pub width: usize,
    /// Whether escape sequences are shown as colour.
    pub color: bool,
}

impl Look {
    /// For a file or a pipe.
    pub const PLAIN: Self = Self {
        width: 100,
        color: false,
    };

    pub(crate) fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// The status in its colour; the words differ anyway.
    pub(crate) fn status(self, status: Status, text: &str) -> String {
        let code = match status {
            Status::Passed => "32",
            Status::Failed | Status::Invalid => "31",
            Status::Unsupported | Status::NotApplicable => "33",
        };
        self.paint(code, text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.color && !text.is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// Breaks text into lines that fit behind `indent` columns; a longer word has
    /// a line of its own.
    pub(crate) fn wrap(self, text: &str, indent: usize) -> String {
        let room = self.width.saturating_sub(indent).max(20);
        let (mut lines, mut used) = (String::new(), 0);
        for word in text.split_whitespace() {
            let length = word.chars().count();
            if used == 0 {
                lines.push_str(&" ".repeat(indent));
            } else if used + 1 + length > room {
                lines.push('\n');
                lines.push_str(&" ".repeat(indent));
                used = 0;
            } else {
                lines.push(' ');
                used += 1;
            }
            lines.push_str(word);
            used += length;
        }
        lines.push('\n');
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_wraps_at_the_width() {
        let look = Look {
            width: 24,
            color: false,
        };
        let wrapped = look.wrap("one two three four five six", 4);
        assert_eq!(wrapped, "    one two three four\n    five six\n");
    }

    #[test]
    fn no_color_means_no_escape() {
        assert_eq!(Look::PLAIN.status(Status::Failed, "failed"), "failed");
        let look = Look {
            color: true,
            ..Look::PLAIN
        };
        assert_eq!(
            look.status(Status::Failed, "failed"),
            "\x1b[31mfailed\x1b[0m"
        );
    }
}
