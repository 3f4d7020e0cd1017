//! What exact mode misprices in a row, in words.

use crate::number::number;
use capbench_results::{Mispriced, Outcome};

/// What a row's window holds of it; none for rows without a number.
pub(crate) fn leaning(outcome: &Outcome) -> Option<String> {
    let held: Vec<String> = outcome
        .measurement()?
        .mispriced
        .iter()
        .map(mispriced)
        .collect();
    (!held.is_empty()).then(|| held.join(", "))
}

fn mispriced(held: &Mispriced) -> String {
    match held.per_operation {
        Some(count) => format!("{} {}", number(count), held.kind),
        None => held.kind.to_string(),
    }
}
