//! One row per pair of results that a mapping puts side by side.

use capbench_results::{BenchmarkResult, Comparison, ComparisonOutcome, Ratio, Results, RowName};
use polars_core::prelude::Column;

use super::{Rows, column, each, maybe};

pub(super) fn columns(rows: &Rows) -> Vec<Column> {
    let pairs = rows.run.map_or(&[][..], |results| &results.comparisons);
    let run = |value: fn(&Results) -> String| vec![rows.run.map(value); pairs.len()];
    let mut columns = vec![
        column("run_id", run(|r| r.run.id.clone())),
        column("started_at", run(|r| r.run.started_at.clone())),
        column("commit", run(|r| r.run.commit.clone())),
        column("dirty", vec![rows.run.map(|r| r.run.dirty); pairs.len()]),
        column("envelope_hash", run(|r| r.run.envelope.hash.to_string())),
    ];
    columns.extend(side(rows.run, pairs, "numerator", |pair| &pair.numerator));
    columns.extend(side(rows.run, pairs, "denominator", |pair| {
        &pair.denominator
    }));
    columns.extend([
        column("reason", maybe(pairs, |pair| Some(refusal(pair)?.0))),
        column("detail", maybe(pairs, |pair| Some(refusal(pair)?.1))),
        column(
            "unit",
            maybe(pairs, |pair| Some(ratio(pair)?.unit.as_str().to_owned())),
        ),
        column(
            "numerator",
            maybe(pairs, |pair| Some(ratio(pair)?.numerator)),
        ),
        column(
            "denominator",
            maybe(pairs, |pair| Some(ratio(pair)?.denominator)),
        ),
        column("ratio", maybe(pairs, |pair| Some(ratio(pair)?.value))),
        column("difference", each(pairs, |pair| pair.difference.clone())),
    ]);
    columns
}

/// The series of one side, and what came of it.
fn side(
    run: Option<&Results>,
    pairs: &[Comparison],
    prefix: &str,
    name: fn(&Comparison) -> &RowName,
) -> Vec<Column> {
    let rows: Vec<(&RowName, Option<&BenchmarkResult>)> = pairs
        .iter()
        .map(|pair| {
            (
                name(pair),
                run.and_then(|results| find(results, name(pair))),
            )
        })
        .collect();
    let titled = |what: &str| format!("{prefix}_{what}");
    vec![
        column(
            &titled("benchmark"),
            each(&rows, |(name, _)| name.benchmark_name.to_string()),
        ),
        column(
            &titled("guest"),
            each(&rows, |(name, _)| name.guest.clone()),
        ),
        column(
            &titled("system"),
            each(&rows, |(name, _)| name.system.clone()),
        ),
        column(
            &titled("config_hash"),
            maybe(&rows, |(_, row)| Some((*row)?.config_hash.to_string())),
        ),
        column(
            &titled("authority_profile"),
            maybe(&rows, |(_, row)| Some((*row)?.authority_profile.clone())),
        ),
        column(
            &titled("status"),
            maybe(&rows, |(_, row)| Some((*row)?.status().as_str().to_owned())),
        ),
    ]
}

fn find<'a>(results: &'a Results, name: &RowName) -> Option<&'a BenchmarkResult> {
    results.results.iter().find(|row| {
        row.benchmark_name == name.benchmark_name
            && row.guest == name.guest
            && row.system == name.system
    })
}

fn ratio(pair: &Comparison) -> Option<&Ratio> {
    match &pair.outcome {
        ComparisonOutcome::Ratio(ratio) => Some(ratio),
        ComparisonOutcome::None(_) => None,
    }
}

fn refusal(pair: &Comparison) -> Option<(String, String)> {
    match &pair.outcome {
        ComparisonOutcome::Ratio(_) => None,
        ComparisonOutcome::None(refusal) => {
            Some((refusal.reason.as_str().to_owned(), refusal.detail.clone()))
        }
    }
}
