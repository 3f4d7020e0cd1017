//! Rows without a value, together where one cause took the value of all of them.

use std::collections::{BTreeMap, BTreeSet};

use capbench_results::{BenchmarkResult, Evidence, Outcome, Results, Status};

/// Rows that lack a value for the same reason in the same words.
pub(crate) struct Group<'a> {
    pub(crate) rows: Vec<&'a BenchmarkResult>,
    pub(crate) status: Status,
    pub(crate) reason: &'static str,
    pub(crate) detail: &'a str,
    /// Evidence of all of them, each piece once.
    pub(crate) evidence: Vec<&'a Evidence>,
}

/// Every row without a value, in order; a later row of the same cause stands with the
/// first.
pub(crate) fn grouped(results: &[BenchmarkResult]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group> = Vec::new();
    for row in results {
        let Some((reason, detail, evidence)) = row.outcome.refusal() else {
            continue;
        };
        let status = row.status();
        let joins = |group: &&mut Group| {
            (group.status, group.reason, group.detail) == (status, reason, detail)
        };
        let group = match groups.iter_mut().find(joins) {
            Some(group) => group,
            None => {
                groups.push(Group {
                    rows: Vec::new(),
                    status,
                    reason,
                    detail,
                    evidence: Vec::new(),
                });
                groups.last_mut().expect("one was just pushed")
            }
        };
        group.rows.push(row);
        for piece in evidence {
            if !group.evidence.contains(&piece) {
                group.evidence.push(piece);
            }
        }
    }
    groups
}

impl Group<'_> {
    /// Guests and their systems, `capos (ring), linux (linux-matched, linux-stock)`.
    pub(crate) fn place(&self) -> String {
        let mut guests: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for row in &self.rows {
            guests.entry(&row.guest).or_default().insert(&row.system);
        }
        let places = guests.into_iter().map(|(guest, systems)| {
            let systems: Vec<&str> = systems.into_iter().collect();
            format!("{guest} ({})", systems.join(", "))
        });
        places.collect::<Vec<_>>().join(", ")
    }

    /// The rows' names with commas between.
    pub(crate) fn names(&self) -> String {
        let mut names: Vec<&str> = Vec::new();
        for row in &self.rows {
            if !names.contains(&row.benchmark_name.as_str()) {
                names.push(&row.benchmark_name);
            }
        }
        names.join(", ")
    }

    /// Whether something went wrong, rather than being absent from the start.
    pub(crate) fn is_unusable(&self) -> bool {
        matches!(self.status, Status::Failed | Status::Invalid)
    }
}

/// Whether any row has a value, so that something may be said of values.
pub(crate) fn has_values(results: &Results) -> bool {
    let mut rows = results.results.iter();
    rows.any(|row| matches!(row.outcome, Outcome::Passed(_)))
}
