//! Rows that could not be compared, each with the reason.

use super::row_in_words;
use crate::document::{Block, Inlines, Section};
use crate::number::short;
use capbench_results::change::{Change, ChangeOutcome, Differing, WithoutValue};

pub(super) fn section(change: &Change) -> Option<Section> {
    let mut lines: Vec<Inlines> = Vec::new();
    for row in &change.rows {
        let words = row_in_words(&row.row);
        match &row.outcome {
            ChangeOutcome::Incomparable(differing) => {
                lines.push(Inlines::code(words).text(format!(": {}.", incomparable(differing))));
            }
            ChangeOutcome::Refused(sides) => {
                lines.push(Inlines::code(words).text(format!(": {}.", without(sides))));
            }
            ChangeOutcome::Compared(_) | ChangeOutcome::Unmeasured(_) => {}
        }
    }
    let gone = change
        .vanished
        .iter()
        .map(|row| Inlines::code(row_in_words(row)).text(": in base, and head has no such row."));
    lines.extend(gone);
    let new = change.appeared.iter().map(|row| {
        Inlines::code(row_in_words(row)).text(": new in head, and base has no such row.")
    });
    lines.extend(new);
    if change.rows.is_empty() {
        lines.push("The two sides have no row in common.".into());
    }
    (!lines.is_empty()).then(|| {
        let mut section = super::section("not-compared", "Not compared");
        section.blocks.push(Block::List(lines));
        section
    })
}

/// Everything that differs, with both sides.
pub(crate) fn incomparable(differing: &[Differing]) -> String {
    let differs = differing.iter().map(|fact| {
        format!(
            "{} ({} and {})",
            fact.what,
            short(&fact.base),
            short(&fact.head)
        )
    });
    let differs: Vec<String> = differs.collect();
    format!(
        ": not of one series, for these differ: {}.",
        differs.join(", ")
    )
}

/// The sides without a value, and why.
pub(crate) fn without(sides: &[WithoutValue]) -> String {
    let sides = sides.iter().map(|side| match side.reason.as_str() {
        "" => format!("{} is {}", side.side, side.status),
        reason => format!("{} is {}, {reason}", side.side, side.status),
    });
    sides.collect::<Vec<_>>().join("; ")
}
