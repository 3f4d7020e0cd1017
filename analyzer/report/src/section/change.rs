//! A run beside another: what changed first, then what could not be compared, then the
//! rest. Better and worse rows stand in one table.

pub(crate) mod refused;
mod segments;
mod sides;

use super::section;
use crate::document::{Block, Document, Inline, Inlines, Section, Table};
use crate::number::{NONE, named, number, signed};
use capbench_results::RowName;
use capbench_results::change::{Change, Compared, RowChange, Verdict};

pub(crate) fn document(change: &Change) -> Document {
    let mut sections = vec![changes(change)];
    sections.extend(refused::section(change));
    sections.extend(undecided(change));
    sections.extend(unchanged(change));
    Document {
        title: title(change).to_owned(),
        facts: sides::facts(change),
        warnings: sides::warnings(change),
        sections,
    }
}

/// The worst that can be said of any row.
fn title(change: &Change) -> &'static str {
    let any = |verdict| change.with(verdict).next().is_some();
    match change {
        _ if change.is_refused() => "Not everything can be compared",
        _ if any(Verdict::Regressed) => "Regressed",
        _ if any(Verdict::Inconclusive) => "Inconclusive",
        _ if any(Verdict::Improved) => "Improved",
        _ => "Unchanged",
    }
}

/// How many rows have which verdict, those that occur.
pub(crate) fn counts(change: &Change) -> String {
    let count = |verdict: &Verdict| match change.with(*verdict).count() {
        0 => None,
        rows => Some(format!("{rows} {verdict}")),
    };
    let mut counts: Vec<String> = Verdict::ALL.iter().filter_map(count).collect();
    for (rows, words) in [
        (change.vanished.len(), "gone"),
        (change.appeared.len(), "new"),
        (
            change
                .rows
                .iter()
                .filter(|row| row.verdict().is_none())
                .count(),
            "without a value on either side",
        ),
    ] {
        if rows > 0 {
            counts.push(format!("{rows} {words}"));
        }
    }
    match counts.is_empty() {
        true => "no row".to_owned(),
        false => counts.join(", "),
    }
}

/// A verdict with a sign of its own.
pub(crate) fn verdict_words(verdict: Verdict) -> String {
    let sign = match verdict {
        Verdict::Improved => "✓",
        Verdict::Unchanged => "=",
        Verdict::Regressed => "✕",
        Verdict::Inconclusive => "?",
        Verdict::Incomparable => "≠",
        Verdict::Refused => "!",
    };
    format!("{sign} {verdict}")
}

/// A row's name and place, for one line.
pub(crate) fn row_in_words(row: &RowName) -> String {
    match place(row) {
        place if place.is_empty() => row.benchmark_name.to_string(),
        place => format!("{} on {place}", row.benchmark_name),
    }
}

/// Guest and system; a trace by itself has no guest.
fn place(row: &RowName) -> String {
    match (row.guest.as_str(), row.system.as_str()) {
        ("", system) => system.to_owned(),
        (guest, system) => format!("{guest} ({system})"),
    }
}

/// The difference in percent of base.
pub(crate) fn relative(compared: &Compared) -> String {
    match compared.relative() {
        Some(part) => format!("{:+.2} %", part * 100.0),
        None => NONE.to_owned(),
    }
}

/// Rows that changed, worse ones first, and what moved in each.
fn changes(change: &Change) -> Section {
    let mut section = section("changes", "Changes");
    let regressed = change.with(Verdict::Regressed);
    let rows: Vec<_> = regressed.chain(change.with(Verdict::Improved)).collect();
    if rows.is_empty() {
        let nothing = "No row is known to have improved or regressed.";
        section.blocks.push(Block::Text(nothing.into()));
        return section;
    }
    section.blocks.push(Block::Table(table(&rows)));
    section.blocks.extend(segments::blocks(&rows));
    section
}

/// Absolute values first: a percentage alone says nothing.
fn table(rows: &[&RowChange]) -> Table {
    let compared: Vec<(&RowChange, &Compared)> = rows
        .iter()
        .filter_map(|row| Some((*row, row.compared()?)))
        .collect();
    let has_floor = compared.iter().any(|(_, of)| of.floor.is_some());
    let has_limit = compared.iter().any(|(_, of)| of.limit.is_some());
    let mut table = Table::of("Values per operation", compared)
        .words("row", |(row, _)| Inlines::code(&*row.row.benchmark_name))
        .words("guest", |(row, _)| place(&row.row))
        .words("verdict", |(_, of)| verdict_words(of.verdict))
        .number("base", |(_, of)| named(of.base, of.headline))
        .number("head", |(_, of)| named(of.head, of.headline))
        .number("difference", |(_, of)| signed(of.difference))
        .words("unit", |(_, of)| of.unit.as_str())
        .number("of base", |(_, of)| relative(of))
        .words("segment", |(_, of)| match of.foremost() {
            Some(segment) => {
                Inlines::code(segment.name()).text(format!(" {}", signed(segment.difference)))
            }
            None => NONE.into(),
        });
    if has_floor {
        table = table.number("floor", |(_, of)| match of.floor {
            Some(floor) => format!("±{}", number(floor)),
            None => "not measured".to_owned(),
        });
    }
    if has_limit {
        table = table.words("gate", |(_, of)| match of.limit {
            Some(limit) if limit.exceeded => format!("exceeds {}", number(limit.worst)),
            Some(limit) => format!("within {}", number(limit.worst)),
            None => NONE.to_owned(),
        });
    }
    table.end()
}

/// Rows whose values do not say, with the reason.
fn undecided(change: &Change) -> Option<Section> {
    let rows: Vec<_> = change.with(Verdict::Inconclusive).collect();
    if rows.is_empty() {
        return None;
    }
    let mut section = section("inconclusive", "Inconclusive");
    section.blocks.push(Block::Table(table(&rows)));
    let reasons = rows
        .iter()
        .filter_map(|row| row.compared()?.undecided.as_ref());
    let mut known: Vec<&_> = Vec::new();
    for reason in reasons {
        if !known.contains(&reason) {
            known.push(reason);
        }
    }
    let line = |why: &&capbench_results::change::Undecided| {
        Inlines(vec![Inline::Strong(why.reason.to_string())]).text(format!(": {}.", why.detail))
    };
    section
        .blocks
        .push(Block::List(known.iter().map(line).collect()));
    Some(section)
}

/// Rows that stayed, each with its value, by guest and system.
fn unchanged(change: &Change) -> Option<Section> {
    let rows: Vec<_> = change.with(Verdict::Unchanged).collect();
    let mut section = section("unchanged", "Unchanged");
    let mut places: Vec<String> = Vec::new();
    for row in &rows {
        let place = place(&row.row);
        if !places.contains(&place) {
            places.push(place);
        }
    }
    let line = |place: &String| {
        let here = rows.iter().filter(|row| self::place(&row.row) == *place);
        let mut line = Inlines::from(match place.as_str() {
            "" => String::new(),
            place => format!("{place}: "),
        });
        for (index, row) in here.enumerate() {
            if index > 0 {
                line = line.text(" · ");
            }
            line = line.with_code(&*row.row.benchmark_name);
            let value = row.compared().map(|of| named(of.head, of.headline));
            line = line.text(format!(" {}", value.unwrap_or_default()));
        }
        line
    };
    let lines: Vec<Inlines> = places.iter().map(line).collect();
    (!lines.is_empty()).then(|| {
        section.blocks.push(Block::List(lines));
        section
    })
}
