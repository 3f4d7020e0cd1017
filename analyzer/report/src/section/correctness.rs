//! Which oracle judged what, how every row ended, and why some hold no value.

use super::artifacts::link;
use super::{place, row_name, systems};
use crate::appendix::{Appendix, File};
use crate::document::{Block, Inline, Inlines, Kind, Refused, Section, Table, status_words};
use crate::last_words::LastWords;
use crate::number::{NONE, short};
use crate::refusals::grouped;
use capbench_results::{BenchmarkResult, Evidence, Results, Status};

const WITHOUT_VALUE: &str = "Rows without a value";

/// Logs whose ends are shown for one cause; the others lie beside them.
const LOGS_SHOWN: usize = 4;

pub(super) fn section(results: &Results, appendix: &Appendix) -> Section {
    let mut section = super::section("correctness", "Correctness");
    let blocks = &mut section.blocks;
    blocks.push(Block::Text(
        "A value exists only where the benchmark's own oracle accepted every operation in this \
         very run and every rule held. All other rows are listed here with the rule that refused them."
            .into(),
    ));
    blocks.push(Block::Table(ends(results)));
    blocks.push(Block::Heading(WITHOUT_VALUE.into()));
    let refused = refusals(results, appendix);
    if refused.is_empty() {
        blocks.push(Block::Text("None: every row of this run passed.".into()));
    }
    blocks.extend(refused.into_iter().map(Block::Refusal));
    blocks.push(Block::Table(oracles(results)));
    section
}

/// The causes alone; none where every row has a value.
pub(super) fn reasons(results: &Results, appendix: &Appendix) -> Option<Section> {
    let mut section = super::section("correctness", WITHOUT_VALUE);
    let refused = refusals(results, appendix);
    section.blocks = refused.into_iter().map(Block::Refusal).collect();
    (!section.blocks.is_empty()).then_some(section)
}

fn ends(results: &Results) -> Table {
    let mut columns = vec![("guest (system)", Kind::Words)];
    let titles = Status::ALL.iter().map(|status| status_words(*status).1);
    columns.extend(titles.map(|title| (title, Kind::Number)));
    let mut table = Table::new("Rows by status", &columns);
    for (guest, system) in systems(results.results.iter()) {
        let count = |status: Status| {
            let rows = results.results.iter().filter(|row| row.guest == guest);
            let rows = rows.filter(|row| row.system == system && row.status() == status);
            rows.count().to_string().into()
        };
        let mut cells: Vec<Inlines> = vec![format!("{guest} ({system})").into()];
        cells.extend(Status::ALL.iter().map(|status| count(*status)));
        table.row(cells);
    }
    table
}

fn oracles(results: &Results) -> Table {
    let artifact = |row: &BenchmarkResult| match row.artifact_hash {
        Some(hash) => Inlines::code(short(&hash.to_string())),
        None => NONE.into(),
    };
    Table::of("Oracle of each row", &results.results)
        .words("benchmark", |row| Inlines::code(&row.benchmark_name))
        .words("guest (system)", |row| place(row))
        .words("status", |row| row.status())
        .words("oracle", |row| Inlines::code(&row.correctness_id))
        .words("artifacts", |row| artifact(row))
        .end()
}

/// Rows first, then context that has no number either.
fn refusals(results: &Results, appendix: &Appendix) -> Vec<Refused> {
    let groups = grouped(&results.results).into_iter().zip(1..);
    let rows = groups.map(|(group, number)| {
        let subject = match &group.rows[..] {
            [row] => row_name(row),
            rows => {
                let rows = format!("{} rows", rows.len());
                Inlines::from(rows).dim(format!(" on {}", group.place()))
            }
        };
        let last_words = appendix.last_words.iter();
        let last_words = last_words.filter(|of| of.belong_to(&group.evidence));
        let evidence = group.evidence.iter();
        Refused {
            anchor: anchor(number),
            subject,
            status: group.status,
            reason: group.reason.to_owned(),
            detail: group.detail.to_owned(),
            evidence: evidence.map(|piece| linked(piece, appendix)).collect(),
            rows: (group.rows.len() > 1).then(|| group.names()),
            logs: last_words.flat_map(ends_of_logs).take(LOGS_SHOWN).collect(),
        }
    });
    let context = results.context.iter().zip(1..).filter_map(|(row, number)| {
        let (reason, detail, evidence) = row.outcome.refusal()?;
        let name = Inlines::code(&row.benchmark_name);
        Some(Refused {
            anchor: format!("context-{number}"),
            subject: name.dim(format!(" in context: {}", row.column)),
            status: row.outcome.status(),
            reason: reason.to_owned(),
            detail: detail.to_owned(),
            evidence: evidence
                .iter()
                .map(|piece| linked(piece, appendix))
                .collect(),
            rows: None,
            logs: Vec::new(),
        })
    });
    rows.chain(context).collect()
}

/// The place of the cause with this number, from 1.
pub(super) fn anchor(number: usize) -> String {
    format!("refused-{number}")
}

/// A row's reason, as a link to everything that was seen.
pub(super) fn reason(results: &Results, row: &BenchmarkResult) -> Inlines {
    let groups = grouped(&results.results);
    let own = groups
        .iter()
        .position(|group| group.rows.iter().any(|of| std::ptr::eq(*of, row)));
    own.map_or_else(Inlines::default, |place| {
        Inlines::default().and(Inline::Place {
            anchor: anchor(place + 1),
            text: groups[place].reason.to_owned(),
        })
    })
}

/// A piece of evidence whose source leads to the file, where that is at hand.
fn linked(piece: &Evidence, appendix: &Appendix) -> Inlines {
    let files = appendix.boots.iter().flat_map(|boot| &boot.files);
    let is_source = |file: &&File| {
        let before = file.path.strip_suffix(piece.source.as_str());
        before.is_some_and(|before| before.is_empty() || before.ends_with('/'))
    };
    match files.chain(&appendix.files).find(is_source) {
        Some(file) => {
            let whole = piece.to_string();
            let rest = whole.strip_prefix(&piece.source).unwrap_or(&whole);
            link(file, piece.source.clone()).text(rest)
        }
        None => piece.to_string().into(),
    }
}

fn ends_of_logs(of: &LastWords) -> impl Iterator<Item = (Inlines, String)> {
    of.logs.iter().map(|log| {
        let file = File {
            label: format!("The {} of {}", log.label, of.boot),
            path: log.path.clone(),
        };
        let label = file.label.clone();
        (link(&file, label), log.lines.join("\n"))
    })
}
