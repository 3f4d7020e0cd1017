//! Limits: what a gate allows. They decide only whether it fails, never a verdict.

use capbench_results::RowName;
use capbench_results::change::{Change, ChangeOutcome, Compared, Limit, Verdict};
use capbench_runner::manifest::{Catalogue, Gate};

/// Limits that are given in place of the definitions' own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Allowed {
    /// By each benchmark's definition.
    AsDefined,
    /// The same loss for all, in percent of base.
    Percent(f64),
}

/// Puts a limit beside every row that can be gated.
pub fn apply(change: &mut Change, catalogue: &Catalogue, allowed: Allowed) {
    for row in &mut change.rows {
        let ChangeOutcome::Compared(compared) = &mut row.outcome else {
            continue;
        };
        let stated = catalogue.gate(row.row.benchmark_name.benchmark());
        let gate = match allowed {
            Allowed::AsDefined => stated,
            Allowed::Percent(percent) => Gate {
                percent,
                absolute: 0.0,
                ..stated
            },
        };
        compared.limit = limit(compared, &gate, &row.row);
    }
}

/// None where the values do not say, and where they are too noisy for a gate.
fn limit(compared: &Compared, gate: &Gate, row: &RowName) -> Option<Limit> {
    if compared.verdict == Verdict::Inconclusive || is_for_review(compared, gate) {
        return None;
    }
    let allowance = gate.allowance(compared.base);
    let by_base = match compared.lower_is_better {
        true => compared.base + allowance,
        false => compared.base - allowance,
    };
    let regressed = compared.verdict == Verdict::Regressed && compared.loss() > allowance;
    let cap = cap(gate, row);
    let beyond_cap = cap.is_some_and(|cap| is_worse(compared, compared.head, cap));
    Some(Limit {
        worst: match cap {
            Some(cap) if is_worse(compared, by_base, cap) => cap,
            _ => by_base,
        },
        exceeded: regressed || beyond_cap,
    })
}

fn is_worse(compared: &Compared, value: f64, limit: f64) -> bool {
    match compared.lower_is_better {
        true => value > limit,
        false => value < limit,
    }
}

fn cap(gate: &Gate, row: &RowName) -> Option<f64> {
    let batch = row.benchmark_name.parameter(capbench_results::BATCH)?;
    gate.hard_cap.get(&row.guest)?.get(batch).copied()
}

/// Whether neutral changes alone move it further than a gate could bear.
fn is_for_review(compared: &Compared, gate: &Gate) -> bool {
    let noise = compared.floor.unwrap_or(0.0) / compared.base.abs();
    let review = gate.review.as_ref();
    review.is_some_and(|review| noise * 100.0 > review.above_percent)
}

#[cfg(test)]
#[path = "limits_tests.rs"]
mod tests;
