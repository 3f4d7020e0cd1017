//! One row per pair of results that a mapping puts side by side.

use capbench_results::{
    BenchmarkResult, Comparison, ComparisonOutcome, NoRatioReason, Ratio, Results, RowName, Run,
};

use crate::column::Kind::{Number, Text};
use crate::column::{NONE, UNIT, column};
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
        column("numerator_benchmark", Text, NONE, |row: &Row| {
            (&row.pair.numerator.benchmark_name).into()
        }),
        column("numerator_definition", Text, NONE, |row| {
            row.pair.numerator.benchmark_name.benchmark().into()
        }),
        column("numerator_parameters", Text, NONE, |row| {
            let name = &row.pair.numerator.benchmark_name;
            name.parameters_in_words().into()
        }),
        column("numerator_guest", Text, NONE, |row| {
            (&row.pair.numerator.guest).into()
        }),
        column("numerator_system", Text, NONE, |row| {
            (&row.pair.numerator.system).into()
        }),
        column("numerator_config_hash", Text, NONE, |row: &Row| {
            row.numerator
                .map(|side| side.config_hash.to_string())
                .into()
        })
        .in_stores(),
        column("numerator_authority_profile", Text, NONE, |row: &Row| {
            row.numerator.map(|side| &side.authority_profile).into()
        })
        .in_stores(),
        column("numerator_status", Text, NONE, |row: &Row| {
            row.numerator.map(|side| side.status().as_str()).into()
        })
        .in_stores(),
        column("denominator_benchmark", Text, NONE, |row| {
            (&row.pair.denominator.benchmark_name).into()
        }),
        column("denominator_definition", Text, NONE, |row| {
            row.pair.denominator.benchmark_name.benchmark().into()
        }),
        column("denominator_parameters", Text, NONE, |row| {
            let name = &row.pair.denominator.benchmark_name;
            name.parameters_in_words().into()
        }),
        column("denominator_guest", Text, NONE, |row| {
            (&row.pair.denominator.guest).into()
        }),
        column("denominator_system", Text, NONE, |row| {
            (&row.pair.denominator.system).into()
        }),
        column("denominator_config_hash", Text, NONE, |row: &Row| {
            let side = row.denominator;
            side.map(|side| side.config_hash.to_string()).into()
        })
        .in_stores(),
        column("denominator_authority_profile", Text, NONE, |row: &Row| {
            row.denominator.map(|side| &side.authority_profile).into()
        })
        .in_stores(),
        column("denominator_status", Text, NONE, |row: &Row| {
            row.denominator.map(|side| side.status().as_str()).into()
        })
        .in_stores(),
        column("unit", Text, NONE, |row| {
            row.ratio().map(|ratio| ratio.unit.as_str()).into()
        }),
        column("numerator", Number, UNIT, |row| {
            row.ratio().map(|ratio| ratio.numerator).into()
        }),
        column("numerator_headline", Text, NONE, |row| {
            let ratio = row.ratio();
            ratio.map(|ratio| ratio.numerator_headline.as_str()).into()
        }),
        column("denominator", Number, UNIT, |row| {
            row.ratio().map(|ratio| ratio.denominator).into()
        }),
        column("denominator_headline", Text, NONE, |row| {
            let ratio = row.ratio();
            ratio
                .map(|ratio| ratio.denominator_headline.as_str())
                .into()
        }),
        column("ratio", Number, "1", |row| {
            row.ratio().map(|ratio| ratio.value).into()
        }),
        column("reason", Text, NONE, |row| {
            row.refusal().map(|(reason, _)| reason.as_str()).into()
        }),
        column("detail", Text, NONE, |row| {
            row.refusal().map(|(_, detail)| detail).into()
        }),
        column("difference", Text, NONE, |row| {
            (&row.pair.difference).into()
        }),
    ];
    Table::new("comparisons", identity::run().into_iter().chain(columns))
}
