//! The definitions that the run keeps, held against the hashes in its record.

use std::collections::BTreeSet;

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
    let rows = run.document()?.results.iter();
    let benchmarks = rows.map(|row| format!("benchmarks/{}", row.benchmark().0));
    let boots = record.boots.iter();
    let systems = boots.map(|boot| format!("systems/{}", boot.system));
    let mappings = run
        .document()?
        .results
        .iter()
        .map(|row| format!("mappings/{}", row.benchmark().0));
    let mappings = mappings.filter(|key| kept.holds(key));
    let mut needed: BTreeSet<String> = benchmarks.chain(systems).chain(mappings).collect();
    for row in &run.document()?.results {
        let benchmark = kept.benchmark(row.benchmark().0);
        needed.extend(benchmark.map(|benchmark| format!("authority/{}", benchmark.authority)));
    }
    needed.extend(Some(format!("suites/{}", record.selection)).filter(|key| kept.holds(key)));
    for key in needed {
        if !record.definitions.contains_key(&key) {
            faults.push(format!("{key}: the record has no hash of it"));
        }
    }
    Answer::new(faults, count(record.definitions.len(), "definition"))
}
