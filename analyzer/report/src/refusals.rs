//! Rows without a value, together where one reason is the guest's and not a row's.

use capbench_results::{BenchmarkResult, Outcome};

/// Every row without a value, in order. Rows that are unsupported for the same reason
/// in the same words stand with the first of them: what a guest lacks is said once.
pub(crate) fn grouped(results: &[BenchmarkResult]) -> Vec<Vec<&BenchmarkResult>> {
    let mut groups: Vec<Vec<&BenchmarkResult>> = Vec::new();
    for row in results {
        if row.outcome.refusal().is_none() {
            continue;
        }
        let joins = |group: &&mut Vec<&BenchmarkResult>| {
            let first = group[0];
            let shared = matches!(row.outcome, Outcome::Unsupported(_));
            shared && first.guest == row.guest && first.outcome == row.outcome
        };
        match groups.iter_mut().find(joins) {
            Some(group) => group.push(row),
            None => groups.push(vec![row]),
        }
    }
    groups
}

/// Guest and systems of a group, `linux (linux-matched, linux-stock)`.
pub(crate) fn place(group: &[&BenchmarkResult]) -> String {
    let mut systems: Vec<&str> = Vec::new();
    for row in group {
        if !systems.contains(&row.system.as_str()) {
            systems.push(&row.system);
        }
    }
    format!("{} ({})", group[0].guest, systems.join(", "))
}
