//! What only a join shows: instruments beside programs, guests beside guests.

use crate::instruments::BootFigures;
use crate::rule::Finding;
use crate::side_by_side::{MatrixRow, Pair, compare};
use capbench_frames::figures::Figures;
use capbench_results::{BenchmarkResult, Comparison};
use capbench_runner::manifest::Catalogue;
use capbench_runner::plan::Row;
use polars::error::PolarsError;

use crate::boot::Judged;

/// The figures of every boot that left a readable trace.
pub(crate) fn figures(judged: &[Judged]) -> Vec<BootFigures> {
    judged
        .iter()
        .filter_map(|judged| {
            Some(BootFigures {
                guest: judged.boot.id.guest.to_string(),
                system: judged.boot.id.system.clone(),
                figures: Figures::of(judged.trace.as_ref()?),
            })
        })
        .collect()
}

/// Lays each objection against the boot it was seen in.
pub(crate) fn object(judged: &mut [Judged], disagreements: Vec<Finding>) {
    for finding in disagreements {
        let seen_in = judged.iter_mut().find(|judged| {
            let trace = judged.trace.as_ref();
            trace.is_some_and(|trace| trace.source == finding.evidence.source)
        });
        if let Some(judged) = seen_in {
            judged.findings.push(finding);
        }
    }
}

/// The rows that mappings put side by side.
pub(crate) fn comparisons(
    rows: &[Row],
    results: &[BenchmarkResult],
    catalogue: &Catalogue,
) -> Result<Vec<Comparison>, PolarsError> {
    let corpora: Vec<Option<String>> = rows
        .iter()
        .map(|row| {
            let corpus = row.benchmark.corpus.as_ref()?;
            Some(format!("{} {}", corpus.name, corpus.sha256))
        })
        .collect();
    let rows: Vec<MatrixRow> = rows
        .iter()
        .zip(results)
        .zip(&corpora)
        .map(|((row, result), corpus)| MatrixRow {
            benchmark: &row.benchmark.name,
            batch: row.batch,
            corpus: corpus.as_deref(),
            result,
        })
        .collect();
    compare(&rows, &pairs(&rows, catalogue))
}

/// Of the benchmarks of this run, in its order.
fn pairs(rows: &[MatrixRow], catalogue: &Catalogue) -> Vec<Pair> {
    let mut names: Vec<&str> = Vec::new();
    for row in rows {
        if !names.contains(&row.benchmark) {
            names.push(row.benchmark);
        }
    }
    let mappings = names
        .iter()
        .filter_map(|name| catalogue.mappings.get(*name));
    let pairs = mappings.flat_map(|mapping| catalogue.pairs(mapping));
    pairs
        .map(|pair| Pair {
            numerator: (pair.numerator.to_owned(), pair.numerator_batch),
            denominator: (pair.denominator.to_owned(), pair.denominator_batch),
            difference: pair.difference.to_owned(),
        })
        .collect()
}
