//! Rows of one run side by side, as mappings declare them.
//!
//! All rows of a run share its mode and its envelope, so two of them may be divided
//! if both passed, had the same input and count in one unit. A mapping names benchmarks; a counterpart
//! that ran on several systems stands beside its numerator once for each.

use crate::column::Cells;
use capbench_results::{
    BenchmarkResult, Comparison, ComparisonOutcome, NoRatioReason, Ratio, Refusal, RowName, Unit,
};
use polars::prelude::*;

/// A result and the definition it belongs to.
#[derive(Clone, Copy, Debug)]
pub struct MatrixRow<'a> {
    /// Name of the benchmark, without its parameters.
    pub benchmark: &'a str,
    /// Operations per batch.
    pub batch: u32,
    /// What its input data is, where it has any.
    pub corpus: Option<&'a str>,
    /// The outcome.
    pub result: &'a BenchmarkResult,
}

/// Two benchmarks at given batch sizes that a mapping puts side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The numerator.
    pub numerator: (String, u32),
    /// The denominator.
    pub denominator: (String, u32),
    /// The differences between the two.
    pub difference: String,
}

/// A comparison for each pair and each combination of systems in which both ran, in
/// the order of the pairs. A pair with a side that the run does not have is none.
pub fn compare(rows: &[MatrixRow], pairs: &[Pair]) -> PolarsResult<Vec<Comparison>> {
    let table = joined(rows, pairs)?;
    let cells = Cells(&table);
    (0..cells.rows())
        .map(|at| {
            let row = |side| {
                let row = cells.count(side, at)? as usize;
                Ok::<_, PolarsError>(&rows[row])
            };
            let (numerator, denominator) = (row("numerator")?, row("denominator")?);
            Ok(Comparison {
                numerator: RowName::of(numerator.result),
                denominator: RowName::of(denominator.result),
                difference: cells.text("difference", at)?,
                outcome: match cells.number("ratio", at)? {
                    Some(value) => ratio(value, numerator, denominator),
                    None => no_ratio(numerator, denominator),
                },
            })
        })
        .collect()
}

/// Pairs with the places of their rows, and the ratio where there may be one.
fn joined(rows: &[MatrixRow], pairs: &[Pair]) -> PolarsResult<DataFrame> {
    let measured = |row: &MatrixRow| {
        let measurement = row.result.outcome.measurement()?;
        Some((measurement.unit.as_str(), measurement.headline().value))
    };
    let side = |name: &str| {
        df! {
            format!("{name}_benchmark") => rows.iter().map(|row| row.benchmark).collect::<Vec<_>>(),
            format!("{name}_batch") => rows.iter().map(|row| row.batch).collect::<Vec<_>>(),
            format!("{name}_corpus") => rows.iter().map(|row| row.corpus).collect::<Vec<_>>(),
            name => (0..rows.len() as u32).collect::<Vec<_>>(),
            format!("{name}_unit") => rows.iter().map(|row| measured(row).map(|m| m.0)).collect::<Vec<_>>(),
            format!("{name}_headline") => rows.iter().map(|row| measured(row).map(|m| m.1)).collect::<Vec<_>>(),
        }
        .map(IntoLazy::lazy)
    };
    let declared = |side: fn(&Pair) -> &(String, u32)| {
        let names = pairs.iter().map(|pair| side(pair).0.as_str());
        let batches = pairs.iter().map(|pair| side(pair).1);
        (names.collect::<Vec<_>>(), batches.collect::<Vec<_>>())
    };
    let (numerators, numerator_batches) = declared(|pair| &pair.numerator);
    let (denominators, denominator_batches) = declared(|pair| &pair.denominator);
    let differences: Vec<&str> = pairs.iter().map(|pair| pair.difference.as_str()).collect();
    let pairs = df! {
        "order" => (0..pairs.len() as u32).collect::<Vec<_>>(),
        "numerator_benchmark" => numerators,
        "numerator_batch" => numerator_batches,
        "denominator_benchmark" => denominators,
        "denominator_batch" => denominator_batches,
        "difference" => differences,
    }?;
    let keys = |name: &str| {
        [
            col(format!("{name}_benchmark")),
            col(format!("{name}_batch")),
        ]
    };
    let divided = col("numerator_headline") / col("denominator_headline");
    let one_unit = col("numerator_unit").eq(col("denominator_unit"));
    let one_corpus = col("numerator_corpus").eq_missing(col("denominator_corpus"));
    let divisible = one_unit
        .and(one_corpus)
        .and(col("denominator_headline").neq(lit(0.0)));
    let inner = || JoinArgs::new(JoinType::Inner);
    pairs
        .lazy()
        .join(
            side("numerator")?,
            keys("numerator"),
            keys("numerator"),
            inner(),
        )
        .join(
            side("denominator")?,
            keys("denominator"),
            keys("denominator"),
            inner(),
        )
        .with_column(
            when(divisible)
                .then(divided)
                .otherwise(lit(NULL))
                .alias("ratio"),
        )
        .sort(
            ["order", "numerator", "denominator"],
            SortMultipleOptions::default(),
        )
        .collect()
}

fn ratio(value: f64, numerator: &MatrixRow, denominator: &MatrixRow) -> ComparisonOutcome {
    match (
        numerator.result.outcome.measurement(),
        denominator.result.outcome.measurement(),
    ) {
        (Some(above), Some(below)) => ComparisonOutcome::Ratio(Ratio {
            value,
            unit: above.unit,
            numerator: above.headline().value,
            denominator: below.headline().value,
            numerator_headline: above.headline().kind,
            denominator_headline: below.headline().kind,
        }),
        _ => no_ratio(numerator, denominator),
    }
}

fn no_ratio(numerator: &MatrixRow, denominator: &MatrixRow) -> ComparisonOutcome {
    let without = [numerator, denominator].into_iter().find_map(|row| {
        let (reason, ..) = row.result.outcome.refusal()?;
        Some((row.result, reason))
    });
    ComparisonOutcome::None(match without {
        Some((result, reason)) => Refusal::new(
            NoRatioReason::NotMeasured,
            format!(
                "{} on {} is {}: {reason}",
                result.benchmark_name,
                result.system,
                result.status()
            ),
        ),
        None if numerator.corpus != denominator.corpus => Refusal::new(
            NoRatioReason::ReferenceMismatch,
            format!("{} and {}", worked_on(numerator), worked_on(denominator)),
        ),
        None if unit(numerator.result) == unit(denominator.result) => Refusal::new(
            NoRatioReason::ZeroDenominator,
            format!("{} is 0", denominator.result.benchmark_name),
        ),
        None => Refusal::new(
            NoRatioReason::UnitsDiffer,
            format!(
                "{} and {}",
                counted(numerator.result),
                counted(denominator.result)
            ),
        ),
    })
}

fn unit(result: &BenchmarkResult) -> Option<Unit> {
    result
        .outcome
        .measurement()
        .map(|measurement| measurement.unit)
}

fn worked_on(row: &MatrixRow) -> String {
    let name = &row.result.benchmark_name;
    match row.corpus {
        Some(corpus) => format!("{name} works on {corpus}"),
        None => format!("{name} works on no corpus"),
    }
}

fn counted(result: &BenchmarkResult) -> String {
    let unit = result.outcome.measurement().map(|m| m.unit.as_str());
    format!(
        "{} on {} counts {}",
        result.benchmark_name,
        result.system,
        unit.unwrap_or("nothing")
    )
}

#[cfg(test)]
#[path = "side_by_side_tests.rs"]
mod tests;
