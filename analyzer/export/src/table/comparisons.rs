//! One row per pair of rows that a mapping puts side by side.

use capbench_results::{ComparisonOutcome, Results};

use super::Kind::{Number, Text};
use super::{ColumnSpec, NONE, Rows, TableSpec, UNIT, column};

const COLUMNS: &[ColumnSpec] = &[
    column("run_id", Text, NONE),
    column("numerator_benchmark", Text, NONE),
    column("numerator_guest", Text, NONE),
    column("numerator_system", Text, NONE),
    column("denominator_benchmark", Text, NONE),
    column("denominator_guest", Text, NONE),
    column("denominator_system", Text, NONE),
    column("unit", Text, NONE),
    column("numerator", Number, UNIT),
    column("numerator_headline", Text, NONE),
    column("denominator", Number, UNIT),
    column("denominator_headline", Text, NONE),
    column("ratio", Number, "1"),
    column("reason", Text, NONE),
    column("detail", Text, NONE),
    column("difference", Text, NONE),
];

pub(crate) const SPEC: TableSpec = TableSpec {
    name: "comparisons",
    columns: COLUMNS,
};

pub(crate) fn rows(results: &Results) -> Rows {
    let mut rows = Rows::new(SPEC);
    for comparison in &results.comparisons {
        let (ratio, refusal) = match &comparison.outcome {
            ComparisonOutcome::Ratio(ratio) => (Some(ratio), None),
            ComparisonOutcome::None(refusal) => (None, Some(refusal)),
        };
        let (numerator, denominator) = (&comparison.numerator, &comparison.denominator);
        rows.push([
            (&results.run.id).into(),
            (&numerator.benchmark_name).into(),
            (&numerator.guest).into(),
            (&numerator.system).into(),
            (&denominator.benchmark_name).into(),
            (&denominator.guest).into(),
            (&denominator.system).into(),
            ratio.map(|ratio| ratio.unit.as_str()).into(),
            ratio.map(|ratio| ratio.numerator).into(),
            ratio.map(|ratio| ratio.numerator_headline.as_str()).into(),
            ratio.map(|ratio| ratio.denominator).into(),
            ratio
                .map(|ratio| ratio.denominator_headline.as_str())
                .into(),
            ratio.map(|ratio| ratio.value).into(),
            refusal.map(|refusal| refusal.reason.as_str()).into(),
            refusal.map(|refusal| &refusal.detail).into(),
            (&comparison.difference).into(),
        ]);
    }
    rows
}
