//! Definitions of the run and of the checkout.
//!
//! Held against each other only where both are of one known commit, without changes:
//! there a difference is a contradiction.

use super::{Answer, Found, count};
use crate::run::{Definitions, Run};

pub(super) fn check(run: &Run) -> Found {
    let record = run.record()?;
    let hashes = match &run.definitions {
        Definitions::Of { hashes, .. } => hashes,
        Definitions::Unknown(why) => return Err(why.clone()),
    };
    let mut faults = Vec::new();
    for (name, stored) in &record.definitions {
        match hashes.get(name) {
            Some(found) if found == stored => {}
            Some(found) => faults.push(format!("{name}: stored {stored}, checkout {found}")),
            None => faults.push(format!("{name}: the checkout has none")),
        }
    }
    Answer::new(faults, count(record.definitions.len(), "definition"))
}
