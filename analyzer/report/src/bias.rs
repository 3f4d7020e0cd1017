//! The bias of a row in exact mode, in words: what counts as one instruction and is not
//! executed at that price.

use crate::number::number;
use capbench_results::{Mispriced, Outcome};

/// The bias of a row; none for rows without a number.
pub(crate) fn bias(outcome: &Outcome) -> Option<String> {
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
