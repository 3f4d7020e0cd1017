//! Definitions of the run and of the checkout.
//!
//! A definition that changed since the run breaks nothing: the run's number is of
//! the definition it names. Only where both are of one known commit, without changes,
//! a difference is a contradiction.

use super::{Answer, Found, count};
use crate::record::UNKNOWN;
use crate::run::{Definitions, Run};

pub(super) fn check(run: &Run) -> Found {
    let record = run.record()?;
    let (commit, dirty, hashes) = match &run.definitions {
        Definitions::Of {
            commit,
            dirty,
            hashes,
        } => (commit, *dirty, hashes),
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
    let is_same = *commit == record.checkout.commit && commit != UNKNOWN;
    if !faults.is_empty() && (!is_same || record.checkout.dirty || dirty) {
        let of = |commit: &str, dirty: bool| match (commit, dirty) {
            (UNKNOWN, _) => "an unknown commit".to_owned(),
            (commit, true) => format!("commit {commit} with changes"),
            (commit, false) => format!("commit {commit}"),
        };
        return Err(format!(
            "{} of {} differ, but the run is of {} and the checkout of {}: {}",
            faults.len(),
            count(record.definitions.len(), "definition"),
            of(&record.checkout.commit, record.checkout.dirty),
            of(commit, dirty),
            faults.join("; ")
        ));
    }
    Answer::new(faults, count(record.definitions.len(), "definition"))
}
