//! The mechanisms of the reference kernel, measured: every row of dispatch, calls
//! between processes, parking and scheduling passes its oracle, and an oracle that is
//! made to fail leaves no number.

use capbench_results::{Outcome, Results};
use capbench_tests::checkout::Checkout;
use capbench_tests::command::{Said, assert_verifies, capbench, run};
use std::fs;

/// Exit status of a run with failed or invalid results.
const UNUSABLE: i32 = 2;

/// One boot with and one without segment probes, nothing else.
fn run_once(checkout: &Checkout, selection: &str) -> (Said, Results) {
    let arguments = [
        "run",
        selection,
        "--guest=capos",
        "--boots=1",
        "--variant=samples",
        "--variant=segments",
        "--no-audit",
        "--no-native",
        "--quiet",
    ];
    let said = run(capbench(checkout, &arguments));
    let text = fs::read_to_string(checkout.latest_run().join("results.json")).unwrap();
    let results = Results::from_json(&text).unwrap_or_else(|error| panic!("{error}"));
    (said, results)
}

fn every_row_passes(selection: &str, rows: usize) {
    let checkout = Checkout::new().unwrap();
    let (said, results) = run_once(&checkout, selection);
    assert_eq!(said.status, 0, "{}", said.text);
    let of_capos = results.results.iter().filter(|row| row.guest == "capos");
    let mut passed = 0;
    for row in of_capos {
        match &row.outcome {
            Outcome::Passed(_) => passed += 1,
            other => panic!("{}: {other:?}", row.benchmark_name),
        }
    }
    assert!(passed >= rows, "{selection}: {passed} rows");
    assert_verifies(&checkout);
}

#[test]
fn dispatch_refuses_what_it_must_and_counts_it() {
    every_row_passes("tier1/dispatch", 10);
}

#[test]
fn calls_between_processes_bring_what_was_sent() {
    every_row_passes("tier1/ipc", 6);
}

#[test]
fn waiters_are_woken_and_counted() {
    every_row_passes("tier1/park", 10);
}

#[test]
fn switches_and_sleeps_lose_nobody() {
    every_row_passes("tier1/schedule", 3);
}

#[test]
fn an_oracle_that_fails_leaves_no_number_in_any_family() {
    let families = [
        ("dispatch/revoked", "dispatch", "dispatch-measure"),
        ("ipc/round-trip", "ipc", "ipc-measure"),
        ("park/wake-many", "threads", "thread-measure"),
        ("schedule/context-switch", "threads", "thread-measure"),
    ];
    for (benchmark, system, authority) in families {
        let checkout = Checkout::new().unwrap();
        let profile = format!("authority = \"{authority}\"");
        let faulty = format!("{profile}\nparameters = {{ fault = \"wrong-result\" }}");
        checkout.edit(&format!("systems/{system}.toml"), &profile, &faulty);
        let (said, results) = run_once(&checkout, benchmark);
        assert_eq!(said.status, UNUSABLE, "{benchmark}: {}", said.text);
        let row = &results.results[0];
        match &row.outcome {
            Outcome::Invalid(refusal) => {
                assert_eq!(refusal.reason.to_string(), "verifierFailed", "{benchmark}");
            }
            other => panic!("{benchmark}: {other:?}"),
        }
    }
}

#[test]
fn a_denial_that_is_not_proven_costs_the_rows() {
    let checkout = Checkout::new().unwrap();
    // The capability that the profile says is given up and refused is not granted.
    checkout.edit(
        "authority/dispatch-measure.toml",
        "    { name = \"stale\", source = \"null\" },\n",
        "",
    );
    let (said, results) = run_once(&checkout, "dispatch/absent");
    assert_eq!(said.status, UNUSABLE, "{}", said.text);
    match &results.results[0].outcome {
        Outcome::Invalid(refusal) => assert_eq!(refusal.reason.to_string(), "denialUnproven"),
        other => panic!("{other:?}"),
    }
}
