//! One row per pair of results that a mapping puts side by side.

use capbench_results::{
    BenchmarkResult, Comparison, ComparisonOutcome, NoRatioReason, Ratio, Results, RowName, Run,
};

use crate::column::{UNIT, number, text};
use crate::identity::{self, OfRun};
use crate::table::Table;

/// A pair.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    run: &'a Run,
    pair: &'a Comparison,
    numerator: Option<&'a BenchmarkResult>,
    denominator: Option<&'a BenchmarkResult>,
}

impl<'a> Row<'a> {
    fn ratio(&self) -> Option<&'a Ratio> {
        match &self.pair.outcome {
            ComparisonOutcome::Ratio(ratio) => Some(ratio),
            ComparisonOutcome::None(_) => None,
        }
    }

    /// Reason and detail, where there is no ratio.
    fn refusal(&self) -> Option<(NoRatioReason, &'a str)> {
        match &self.pair.outcome {
            ComparisonOutcome::Ratio(_) => None,
            ComparisonOutcome::None(refusal) => Some((refusal.reason, &refusal.detail)),
        }
    }
}

impl<'a> OfRun<'a> for Row<'a> {
    fn run(&self) -> &'a Run {
        self.run
    }
}

/// The pairs of a run.
pub fn rows(results: &Results) -> impl Iterator<Item = Row<'_>> {
    results.comparisons.iter().map(|pair| Row {
        run: &results.run,
        pair,
        numerator: find(results, &pair.numerator),
        denominator: find(results, &pair.denominator),
    })
}

fn find<'a>(results: &'a Results, name: &RowName) -> Option<&'a BenchmarkResult> {
    results.results.iter().find(|row| {
        row.benchmark_name == name.benchmark_name
            && row.guest == name.guest
            && row.system == name.system
    })
}

/// The table.
pub fn table<'a>() -> Table<'a, Row<'a>> {
    let columns = [
        identity::envelope_hash().in_stores(),
        text("numerator_benchmark", |row: &Row| {
            row.pair.numerator.benchmark_name.as_str().into()
        }),
        text("numerator_definition", |row| {
            row.pair.numerator.benchmark_name.benchmark().into()
        }),
        text("numerator_parameters", |row| {
            let name = &row.pair.numerator.benchmark_name;
            name.parameters_in_words().into()
        }),
        text("numerator_guest", |row| (&row.pair.numerator.guest).into()),
        text("numerator_system", |row| {
            (&row.pair.numerator.system).into()
        }),
        text("numerator_config_hash", |row: &Row| {
            row.numerator
                .map(|side| side.config_hash.to_string())
                .into()
        })
        .in_stores(),
        text("numerator_authority_profile", |row: &Row| {
            row.numerator.map(|side| &side.authority_profile).into()
        })
        .in_stores(),
        text("numerator_status", |row: &Row| {
            row.numerator.map(|side| side.status().as_str()).into()
        })
        .in_stores(),
        text("denominator_benchmark", |row| {
            row.pair.denominator.benchmark_name.as_str().into()
        }),
        text("denominator_definition", |row| {
            row.pair.denominator.benchmark_name.benchmark().into()
        }),
        text("denominator_parameters", |row| {
            let name = &row.pair.denominator.benchmark_name;
            name.parameters_in_words().into()
        }),
        text("denominator_guest", |row| {
            (&row.pair.denominator.guest).into()
        }),
        text("denominator_system", |row| {
            (&row.pair.denominator.system).into()
        }),
        text("denominator_config_hash", |row: &Row| {
            let side = row.denominator;
            side.map(|side| side.config_hash.to_string()).into()
        })
        .in_stores(),
        text("denominator_authority_profile", |row: &Row| {
            row.denominator.map(|side| &side.authority_profile).into()
        })
        .in_stores(),
        text("denominator_status", |row: &Row| {
            row.denominator.map(|side| side.status().as_str()).into()
        })
        .in_stores(),
        text("unit", |row| {
            row.ratio().map(|ratio| ratio.unit.as_str()).into()
        }),
        number("numerator", UNIT, |row| {
            row.ratio().map(|ratio| ratio.numerator).into()
        }),
        text("numerator_headline", |row| {
            let ratio = row.ratio();
            ratio.map(|ratio| ratio.numerator_headline.as_str()).into()
        }),
        number("denominator", UNIT, |row| {
            row.ratio().map(|ratio| ratio.denominator).into()
        }),
        text("denominator_headline", |row| {
            let ratio = row.ratio();
            ratio
                .map(|ratio| ratio.denominator_headline.as_str())
                .into()
        }),
        number("ratio", "1", |row| {
            row.ratio().map(|ratio| ratio.value).into()
        }),
        text("reason", |row| {
            row.refusal().map(|(reason, _)| reason.as_str()).into()
        }),
        text("detail", |row| {
            row.refusal().map(|(_, detail)| detail).into()
        }),
        text("difference", |row| (&row.pair.difference).into()),
    ];
    Table::new("comparisons", identity::run().into_iter().chain(columns))
}
