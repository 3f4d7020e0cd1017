//! Which oracle judged what, how every row ended, and why some hold no value.

use super::{row_name, systems};
use crate::document::{Block, Inlines, Kind, Refused, Section, Table, status_words};
use crate::number::{NONE, short};
use crate::refusals::{grouped, place};
use capbench_results::{BenchmarkResult, Evidence, Results, Status};

pub(super) fn section(results: &Results) -> Section {
    let mut section = super::section("correctness", "Correctness");
    let blocks = &mut section.blocks;
    blocks.push(Block::Text(
        "A value exists only where the benchmark's own oracle accepted every operation in this \
         very run and every rule held. All other rows are listed here with the rule they met."
            .into(),
    ));
    blocks.push(Block::Table(ends(results)));
    blocks.push(Block::Table(oracles(results)));
    blocks.push(Block::Heading("Rows without a value".into()));
    let refused = refusals(results);
    if refused.is_empty() {
        blocks.push(Block::Text("None: every row of this run passed.".into()));
    }
    blocks.extend(refused.into_iter().map(Block::Refusal));
    section
}

fn ends(results: &Results) -> Table {
    let mut columns = vec![("guest (system)", Kind::Words)];
    let titles = Status::ALL.iter().map(|status| status_words(*status).1);
    columns.extend(titles.map(|title| (title, Kind::Number)));
    let mut table = Table::new("How rows ended", &columns);
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
    let columns = [
        ("benchmark", Kind::Words),
        ("guest (system)", Kind::Words),
        ("status", Kind::Words),
        ("oracle", Kind::Words),
        ("artifacts", Kind::Words),
    ];
    let mut table = Table::new("Which oracle judged each row", &columns);
    for row in &results.results {
        let artifact = row.artifact_hash.map(|hash| hash.to_string());
        table.row(vec![
            Inlines::code(&row.benchmark_name),
            format!("{} ({})", row.guest, row.system).into(),
            row.status().into(),
            Inlines::code(&row.correctness_id),
            artifact.map_or(NONE.into(), |hash| Inlines::code(short(&hash))),
        ]);
    }
    table
}

/// Rows first, then context that has no number either.
fn refusals(results: &Results) -> Vec<Refused> {
    let of_group = |group: Vec<&BenchmarkResult>| {
        let name = match group.len() {
            1 => row_name(group[0]),
            rows => Inlines::from(format!("{rows} rows")).dim(format!(" on {}", place(&group))),
        };
        Some(refused(
            name,
            group[0].status(),
            group[0].outcome.refusal()?,
        ))
    };
    let rows = grouped(&results.results).into_iter().filter_map(of_group);
    let context = results.context.iter().filter_map(|row| {
        let name = Inlines::code(&row.benchmark_name).dim(format!(" in context: {}", row.column));
        Some(refused(name, row.outcome.status(), row.outcome.refusal()?))
    });
    rows.chain(context).collect()
}

fn refused(
    row: Inlines,
    status: Status,
    (reason, detail, evidence): (&str, &str, &[Evidence]),
) -> Refused {
    Refused {
        row,
        status,
        reason: reason.to_owned(),
        detail: detail.to_owned(),
        evidence: evidence.iter().map(Evidence::to_string).collect(),
    }
}
