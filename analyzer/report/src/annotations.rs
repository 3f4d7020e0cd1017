//! A comparison as annotations of a GitHub workflow: a line per row that a reader of
//! the change must see. Syntax: GitHub's workflow commands.

use crate::document::shown;
use crate::junit::difference_in_words;
use crate::section::change::{counts, refused, row_in_words};
use capbench_results::change::{Change, ChangeOutcome, Verdict};

/// The comparison as workflow commands, the summary last.
pub fn annotations(change: &Change) -> String {
    let mut lines = String::new();
    for row in &change.rows {
        let title = row_in_words(&row.row);
        match &row.outcome {
            ChangeOutcome::Compared(compared) => {
                let words = difference_in_words(compared);
                match compared.verdict {
                    Verdict::Regressed => lines.push_str(&command("error", &title, &words)),
                    Verdict::Improved => lines.push_str(&command("notice", &title, &words)),
                    _ => {}
                }
            }
            ChangeOutcome::Incomparable(differing) => {
                lines.push_str(&command("error", &title, &refused::incomparable(differing)));
            }
            ChangeOutcome::Refused(sides) => {
                lines.push_str(&command("error", &title, &refused::without(sides)));
            }
            ChangeOutcome::Unmeasured(_) => {}
        }
    }
    for row in &change.vanished {
        let gone = "in base, and head has no such row";
        lines.push_str(&command("error", &row_in_words(row), gone));
    }
    lines + &command("notice", "capbench", &counts(change))
}

fn command(level: &str, title: &str, message: &str) -> String {
    let (title, message) = (shown(title), shown(message));
    format!("::{level} title={}::{}\n", property(&title), data(&message))
}

/// A message: what would end it or begin an escape is escaped.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// A property: also what would end it or begin the next.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_ends_its_property_or_begins_a_command() {
        let line = command("error", "a,b::error title=x", "100 %\n::error::y");
        assert_eq!(line.matches('\n').count(), 1);
        assert!(
            line.starts_with("::error title=a%2Cb%3A%3Aerror title=x::"),
            "{line}"
        );
        assert!(line.contains("100 %25 ::error"), "{line}");
    }
}
