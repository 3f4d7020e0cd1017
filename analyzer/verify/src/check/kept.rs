//! The definitions that the run keeps, held against the hashes in its record.

use super::{Answer, Found, count, differ};
use crate::run::Run;

pub(super) fn check(run: &Run) -> Found {
    let (record, kept) = (run.record()?, run.kept()?);
    let mut faults = Vec::new();
    for (key, stored) in &record.definitions {
        match kept.hash(key) {
            Some(found) => faults.extend(differ(key, stored, &found)),
            None => faults.push(format!("{key}: definitions.json has none")),
        }
    }
    Answer::new(faults, count(record.definitions.len(), "definition"))
}
