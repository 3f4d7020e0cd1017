//! Definitions of the run and of the checkout.
//!
//! A definition that changed since the run breaks nothing: the run's number is of
//! the definition it names. Only where both are of one commit, without changes, a
//! difference is a contradiction.

use super::{Answer, Found, count};
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
    if !faults.is_empty() && (*commit != record.checkout.commit || record.checkout.dirty || dirty) {
        let of = |dirty: bool| if dirty { " with changes" } else { "" };
        return Err(format!(
            "{} of {} differ, but the run is of commit {}{} and the checkout of {commit}{}: {}",
            faults.len(),
            count(record.definitions.len(), "definition"),
            record.checkout.commit,
            of(record.checkout.dirty),
            of(dirty),
            faults.join("; ")
        ));
    }
    Answer::new(faults, count(record.definitions.len(), "definition"))
}
