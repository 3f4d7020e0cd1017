//! No number stays whose smokes did not pass in the same run.
//!
//! A row without a number keeps the reason that it has: that one is nearer.

use capbench_results::{BenchmarkResult, Evidence, InvalidReason, Outcome, Refusal};
use capbench_runner::plan::Row;

/// Takes the numbers of rows whose smokes did not pass. The results are those of the
/// rows, in their order.
pub(crate) fn enforce(rows: &[Row], results: &mut [BenchmarkResult]) {
    let refusals: Vec<Option<Refusal<InvalidReason>>> = rows
        .iter()
        .zip(&*results)
        .map(|(row, result)| {
            result.outcome.measurement()?;
            refusal(row, rows, results)
        })
        .collect();
    for (result, refusal) in results.iter_mut().zip(refusals) {
        if let Some(refusal) = refusal {
            result.outcome = Outcome::Invalid(refusal);
        }
    }
}

/// Why a row's number must not be kept: the first of its smokes that did not pass, and
/// all of them as evidence.
fn refusal(row: &Row, rows: &[Row], results: &[BenchmarkResult]) -> Option<Refusal<InvalidReason>> {
    let failed = row.benchmark.smokes.iter().flat_map(|smoke| {
        let of_smoke: Vec<&BenchmarkResult> = rows
            .iter()
            .zip(results)
            .filter(|(other, _)| other.guest == row.guest && other.benchmark.name == *smoke)
            .map(|(_, result)| result)
            .collect();
        if of_smoke.is_empty() {
            return vec![(smoke, "not run".to_owned(), "no row".to_owned())];
        }
        of_smoke
            .into_iter()
            .filter_map(|result| {
                let (reason, detail, _) = result.outcome.refusal()?;
                let status = format!("{}: {reason}", result.outcome.status());
                Some((smoke, status, detail.to_owned()))
            })
            .collect()
    });
    let failed: Vec<_> = failed.collect();
    let (smoke, status, detail) = failed.first()?;
    let first = format!("{smoke} on {} is {status}: {detail}", row.guest);
    let refusal = Refusal::new(InvalidReason::SmokeFailed, first);
    Some(
        failed
            .iter()
            .fold(refusal, |refusal, (smoke, status, detail)| {
                refusal.with(Evidence {
                    source: smoke.to_string(),
                    subject: "the smoke's result".into(),
                    expected: "passed".into(),
                    observed: format!("{status}: {detail}"),
                })
            }),
    )
}

#[cfg(test)]
#[path = "smokes_tests.rs"]
mod tests;
