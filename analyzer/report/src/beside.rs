//! What stands beside what: the rows of a comparison, and what leans in them.

use crate::leaning::leaning;
use crate::number::NONE;
use capbench_results::{BenchmarkResult, Comparison, ContextRow, Results, RowName};

/// The row of this name.
pub(crate) fn find<'a>(results: &'a Results, name: &RowName) -> Option<&'a BenchmarkResult> {
    results.results.iter().find(|row| RowName::of(row) == *name)
}

/// The number from outside the envelope that stands beside a benchmark, never in a
/// ratio with it.
pub(crate) fn context<'a>(results: &'a Results, benchmark: &str) -> Option<&'a ContextRow> {
    let mut context = results.context.iter();
    context.find(|row| row.benchmark_name == benchmark)
}

/// What exact mode misprices in either row.
pub(crate) fn leans(results: &Results, comparison: &Comparison) -> String {
    let side = |name: &RowName| {
        let held = leaning(&find(results, name)?.outcome)?;
        Some(format!("{}: {held}", name.guest))
    };
    let sides = [side(&comparison.numerator), side(&comparison.denominator)];
    let sides: Vec<String> = sides.into_iter().flatten().collect();
    if sides.is_empty() {
        NONE.to_owned()
    } else {
        sides.join("; ")
    }
}
