//! What a row requires is in its stream: a rule that finds nothing to look at must not
//! pass for one that found nothing wrong.

use super::{Expectation, Findings};
use capbench_frames::trace::Trace;
use capbench_frames::windows::Window;
use capbench_results::InvalidReason::EvidenceMissing;

/// What the windows of a boot must hold beside samples.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Required {
    /// Rows that must have a window.
    pub rows: Vec<String>,
    /// Counters, by name, with a reading at both edges.
    pub counters: Vec<&'static str>,
    /// Whether every operation leaves a dispatch.
    pub dispatches: Dispatches,
    /// Whether the kernel accounts for the rings that it records into.
    pub accounts: Accounts,
}

/// Whether a boot records dispatches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dispatches {
    /// Its kernel has no segment probes.
    #[default]
    NotRecorded,
    /// It has them.
    Recorded,
}

/// Whether a stream ends with accounts of its rings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Accounts {
    /// There are no rings.
    #[default]
    NotKept,
    /// One for each ring.
    Kept,
}

pub(super) fn check(trace: &Trace, expected: &Expectation, findings: &mut Findings) {
    let Some(required) = &expected.required else {
        return;
    };
    let asked = |window: &&Window| required.rows.contains(&window.benchmark);
    for window in trace.windows.iter().filter(asked) {
        let is_measured = window.verdict.as_ref().is_none_or(|verdict| {
            // A guest that lacks what the row is about does nothing in it.
            verdict.unsupported().is_none() && verdict.submitted > 0
        });
        if is_measured {
            counters(trace, window, &required.counters, findings);
            dispatches(window, required.dispatches, findings);
        }
    }
    if required.accounts == Accounts::Kept && trace.statements.accounts.is_empty() {
        findings.invalid(EvidenceMissing, "accounts of rings", "one for each", "none");
    }
}

fn counters(trace: &Trace, window: &Window, required: &[&str], findings: &mut Findings) {
    for &name in required {
        let mut declared = trace.statements.counters.iter();
        let id = declared.find_map(|(id, counter)| (counter.name == name).then_some(*id));
        let read = window.counters.iter().any(|((_, counter), edges)| {
            Some(*counter) == id && edges.begin.is_some() && edges.end.is_some()
        });
        if !read {
            findings.invalid_for(
                &window.benchmark,
                EvidenceMissing,
                format_args!("window {}, counter {name}", window.id),
                "a reading at both edges",
                match id {
                    Some(_) => "not both",
                    None => "no such counter",
                },
            );
        }
    }
}

fn dispatches(window: &Window, recorded: Dispatches, findings: &mut Findings) {
    let found = window.tables.dispatches();
    let subject = format!("window {}", window.id);
    let name = &window.benchmark;
    match recorded {
        Dispatches::Recorded if found == 0 => {
            findings.invalid_for(name, EvidenceMissing, subject, "dispatches", "none");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::Objection;
    use super::super::testing::{BENCHMARK, Story, objections};
    use super::*;

    fn found(story: &Story, required: Required) -> Vec<(&'static str, Objection)> {
        let rows = vec![BENCHMARK.to_owned()];
        let required = Some(Required { rows, ..required });
        objections(
            story,
            &Expectation {
                required,
                ..Expectation::default()
            },
        )
    }

    const MISSING: (&str, Objection) = ("required", Objection::Invalid(EvidenceMissing));

    #[test]
    fn a_counter_that_a_row_requires_is_there() {
        let required = || Required {
            counters: vec!["sqe_consumed"],
            ..Required::default()
        };
        let counted = Story {
            consumed: Some(65),
            ..Story::default()
        };
        assert_eq!(found(&counted, required()), []);
        assert_eq!(found(&Story::default(), required()), [MISSING]);
    }

    #[test]
    fn dispatches_of_a_kernel_with_probes_are_there() {
        let required = || Required {
            dispatches: Dispatches::Recorded,
            ..Required::default()
        };
        assert_eq!(found(&Story::default(), required()), []);
        let without = Story {
            no_dispatches: true,
            ..Story::default()
        };
        assert!(found(&without, required()).contains(&MISSING));
    }

    #[test]
    fn rings_without_an_account_are_found() {
        let required = || Required {
            accounts: Accounts::Kept,
            ..Required::default()
        };
        assert_eq!(found(&Story::default(), required()), []);
        let without = Story {
            no_accounts: true,
            ..Story::default()
        };
        assert!(found(&without, required()).contains(&MISSING));
    }
}
