//! The rows of a comparison, their bias and their labels.

use crate::bias::bias;
use crate::number::NONE;
use capbench_results::{
    BenchmarkResult, Comparison, ComparisonOutcome, ContextRow, NoRatioReason, Results, RowName,
};

/// The row of this name.
pub(crate) fn find<'a>(results: &'a Results, name: &RowName) -> Option<&'a BenchmarkResult> {
    results.results.iter().find(|row| RowName::of(row) == *name)
}

/// Whether any pair has two numbers.
pub(crate) fn has_ratios(results: &Results) -> bool {
    let mut pairs = results.comparisons.iter();
    pairs.any(|pair| matches!(pair.outcome, ComparisonOutcome::Ratio(_)))
}

/// Pairs of which a row has no number. The row has the reason, and not again each pair
/// that it is in.
pub(crate) fn unmeasured(results: &Results) -> usize {
    let pairs = results.comparisons.iter();
    pairs.filter(|pair| is_unmeasured(pair)).count()
}

/// Whether a row of the pair has no number.
pub(crate) fn is_unmeasured(pair: &Comparison) -> bool {
    let reason = match &pair.outcome {
        ComparisonOutcome::None(refusal) => Some(refusal.reason),
        ComparisonOutcome::Ratio(_) => None,
    };
    reason == Some(NoRatioReason::NotMeasured)
}

/// The number of a benchmark from outside the envelope, which is in no ratio.
pub(crate) fn context<'a>(results: &'a Results, benchmark: &str) -> Option<&'a ContextRow> {
    let mut context = results.context.iter();
    context.find(|row| row.benchmark_name == benchmark)
}

/// The bias of either row.
pub(crate) fn biases(results: &Results, comparison: &Comparison) -> String {
    of_sides(results, comparison, |row| bias(&row.outcome))
}

/// The labels of either row.
pub(crate) fn labels(results: &Results, comparison: &Comparison) -> String {
    of_sides(results, comparison, |row| {
        Some(row.labels_in_words()).filter(|words| !words.is_empty())
    })
}

fn of_sides(
    results: &Results,
    comparison: &Comparison,
    words: impl Fn(&BenchmarkResult) -> Option<String>,
) -> String {
    let side = |name: &RowName| {
        let words = words(find(results, name)?)?;
        Some(format!("{}: {words}", name.guest))
    };
    let sides = [side(&comparison.numerator), side(&comparison.denominator)];
    let sides: Vec<String> = sides.into_iter().flatten().collect();
    if sides.is_empty() {
        NONE.to_owned()
    } else {
        sides.join("; ")
    }
}
