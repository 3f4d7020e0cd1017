//! Every field of every message and every file of a run, absent, altered, another's or
//! twice: each change makes a row lose its number or a check break, or it stands on a
//! short list with its reason.
//!
//! The matrix is made from the types: messages go through their own serialization, so a
//! new field is in it by itself, and a new message does not compile until it is named
//! once. Whoever changes a stream puts CRCs, hashes and sums right and judges the run
//! anew, all boots alike: what only a sum or a sibling would find does not count.
//!
//! A part of it runs with the other tests; `make test-long` runs the whole.

mod allowed;
mod case;
mod files;
mod messages;
mod outcome;
mod records;

use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::thread;

use case::Case;
use outcome::{Baseline, Outcome};

/// One case in so many runs with the other tests.
const SAMPLED: usize = 24;

/// Part of the cases that may stand on the list.
const ALLOWED_SHARE: f64 = 0.05;

fn cases() -> Vec<Case> {
    let mut cases = messages::cases();
    cases.extend(records::cases());
    cases.extend(files::cases());
    cases
}

/// Tries cases, and says what came of them. Returns the reasons for which some may pass.
#[allow(clippy::print_stdout)] // the totals are what it is for
fn run(cases: &[&Case]) -> Vec<&'static str> {
    let baseline = Baseline::new();
    let (mut caught, mut allowed) = (BTreeMap::<String, usize>::new(), Vec::new());
    let (mut tried, mut nothing_changed, mut uncaught) = (0, 0, Vec::new());
    let half = cases.len().div_ceil(2);
    let outcomes = |cases: &[&Case]| -> Vec<Outcome> {
        let outcome = |case: &&Case| {
            let found = panic::catch_unwind(AssertUnwindSafe(|| baseline.outcome(case)));
            found.unwrap_or(Outcome::Passed("a panic"))
        };
        cases.iter().map(outcome).collect()
    };
    let outcomes: Vec<Outcome> = thread::scope(|scope| {
        let halves: Vec<_> = cases
            .chunks(half.max(1))
            .map(|half| scope.spawn(|| outcomes(half)))
            .collect();
        let halves = halves.into_iter().map(|half| half.join().unwrap());
        halves.flatten().collect()
    });
    for (case, outcome) in cases.iter().zip(outcomes) {
        match outcome {
            Outcome::Unchanged => nothing_changed += 1,
            Outcome::Caught(rule) => {
                tried += 1;
                *caught.entry(rule).or_default() += 1;
            }
            Outcome::Passed(how) => {
                tried += 1;
                match allowed::reason(case) {
                    Some(reason) => allowed.push(reason),
                    None => uncaught.push(format!("{case}: {how}")),
                }
            }
        }
    }
    println!("{tried} mutations tried, {nothing_changed} more change nothing");
    println!("caught by:");
    for (rule, count) in &caught {
        println!("  {count:>5}  {rule}");
    }
    println!("allowed with a reason: {}", allowed.len());
    assert!(
        uncaught.is_empty(),
        "{} not caught:\n{}",
        uncaught.len(),
        uncaught.join("\n")
    );
    let share = allowed.len() as f64 / tried.max(1) as f64;
    assert!(
        share <= ALLOWED_SHARE || tried < 100,
        "{share:.3} of all are only allowed"
    );
    allowed
}

#[test]
fn a_sample_of_the_matrix_is_caught() {
    let cases = cases();
    run(&cases.iter().step_by(SAMPLED).collect::<Vec<_>>());
}

/// Minutes: `make test-long`.
#[test]
#[ignore = "takes minutes: make test-long"]
fn the_whole_matrix_is_caught() {
    let cases = cases();
    let allowed = run(&cases.iter().collect::<Vec<_>>());
    let unneeded: Vec<&str> = allowed::unneeded(&allowed).collect();
    assert!(unneeded.is_empty(), "allowed in vain: {unneeded:?}");
}
