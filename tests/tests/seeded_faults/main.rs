//! Faults from a seed: whatever a trace, a run, a definition, a store or an output place
//! is, every command ends as it was said to before it ran.
//!
//! Each case states beforehand which exit statuses are right. The driver counts what must
//! never be: a panic, a false hold (status 0 for something that matters and is broken),
//! more than 256 MiB, more than 20 s, a refusal without a remedy, what a terminal would
//! obey, an error that nobody reads to its end. A part runs with the
//! other tests; `CAPBENCH_FAULTS=all` (`make test-long`) runs every case.

mod case;
mod ended;
mod manifests;
mod output;
mod random;
mod records;
mod replay;
mod resources;
mod run_directories;
mod store;
mod subject;
mod traces;
mod verdict;

use std::collections::BTreeMap;
use std::thread;

use case::{Case, Found, Outcome};
use subject::Subject;

/// One case in so many runs with the other tests.
const SAMPLED: usize = 17;

/// Cases at a time: as many as the smallest machine has cores.
const AT_A_TIME: usize = 2;

/// Fewest cases that the whole is made of.
const FEWEST: usize = 1000;

fn cases(subject: &Subject) -> Vec<Case> {
    let mut cases = traces::cases(subject);
    cases.extend(run_directories::cases(subject));
    cases.extend(manifests::cases(subject));
    cases.extend(store::cases(subject));
    cases.extend(output::cases(subject));
    cases.extend(replay::cases(subject));
    cases.extend(records::cases(subject));
    cases
}

#[test]
fn every_fault_ends_as_it_was_said_to() {
    let subject = Subject::new();
    let cases = cases(&subject);
    assert!(cases.len() >= FEWEST, "{} cases", cases.len());
    let all = std::env::var_os("CAPBENCH_FAULTS").is_some_and(|value| value == "all");
    let step = if all { 1 } else { SAMPLED };
    let chosen: Vec<&Case> = cases.iter().step_by(step).collect();
    let parts = chosen.chunks(chosen.len().div_ceil(AT_A_TIME));
    let outcomes: Vec<(&Case, Outcome)> = thread::scope(|scope| {
        let parts: Vec<_> = parts
            .map(|part| {
                scope.spawn(|| {
                    let tried = part.iter().map(|case| (*case, case.run(&subject)));
                    tried.collect::<Vec<_>>()
                })
            })
            .collect();
        parts
            .into_iter()
            .flat_map(|part| part.join().unwrap())
            .collect()
    });
    let mut areas: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong: BTreeMap<Found, Vec<String>> = BTreeMap::new();
    for (case, outcome) in &outcomes {
        *areas.entry(case.area).or_default() += 1;
        for found in &outcome.found {
            wrong
                .entry(*found)
                .or_default()
                .push(format!("{case}: {}", outcome.said));
        }
    }
    println!("{} of {} cases: {areas:?}", outcomes.len(), cases.len());
    for found in Found::ALL {
        println!("{found}: {}", wrong.get(&found).map_or(0, Vec::len));
    }
    let wrong: Vec<String> = wrong
        .into_iter()
        .flat_map(|(found, cases)| {
            cases
                .into_iter()
                .map(move |case| format!("{found}: {case}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
