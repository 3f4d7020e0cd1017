//! The rows of memory and of processes: all of them pass on the reference kernel, and
//! an oracle that is broken on purpose leaves its row without a number.

use capbench_results::{BenchmarkResult, Outcome, Results};
use capbench_tests::checkout::Checkout;
use capbench_tests::command::{Said, assert_verifies, capbench, run};
use std::fs;

/// Exit status of a run with failed or invalid results.
const UNUSABLE: i32 = 2;

/// One boot, on the one guest that these are about.
const SHORT: [&str; 5] = [
    "--guest=capos",
    "--boots=1",
    "--variant=samples",
    "--no-audit",
    "--quiet",
];

fn run_short(checkout: &Checkout, selection: &str, more: &[&str]) -> Said {
    let mut command = capbench(checkout, &["run", selection]);
    command.args(SHORT).args(more);
    run(command)
}

/// What the run said of benchmarks of the reference kernel.
fn results(checkout: &Checkout, family: &str) -> Vec<BenchmarkResult> {
    let text = fs::read_to_string(checkout.latest_run().join("results.json")).unwrap();
    let results = Results::from_json(&text).unwrap_or_else(|error| panic!("{error}"));
    let mut results = results.results;
    results.retain(|result| result.benchmark_name.starts_with(family));
    results
}

#[test]
fn every_row_of_memory_and_processes_passes() {
    let checkout = Checkout::new().unwrap();
    for (suite, family, rows) in [("tier1/vm", "vm/", 16), ("tier1/process", "process/", 6)] {
        let said = run_short(&checkout, suite, &["--variant=segments"]);
        assert_eq!(said.status, 0, "{suite}: {}", said.text);
        let results = results(&checkout, family);
        assert_eq!(results.len(), rows, "{suite}: {}", said.text);
        for result in results {
            assert!(
                matches!(result.outcome, Outcome::Passed(_)),
                "{}: {}",
                result.benchmark_name,
                said.text
            );
        }
        assert_verifies(&checkout);
    }
}

/// Runs one benchmark whose program's oracle expects, once, what must not be.
fn assert_breaks(system: &str, authority: &str, benchmark: &str) {
    let checkout = Checkout::new().unwrap();
    let authority = format!("authority = \"{authority}\"");
    let file = format!("systems/{system}.toml");
    match system {
        // It has a table of parameters.
        "process" => checkout.edit(
            &file,
            "[programs.parameters]",
            "[programs.parameters]\nfault = \"wrong-result\"",
        ),
        _ => checkout.edit(
            &file,
            &authority,
            &format!("{authority}\nparameters = {{ fault = \"wrong-result\" }}"),
        ),
    }
    let said = run_short(&checkout, benchmark, &[]);
    assert_eq!(said.status, UNUSABLE, "{benchmark}: {}", said.text);
    let results = results(&checkout, benchmark);
    let Outcome::Invalid(refusal) = &results[0].outcome else {
        panic!("{benchmark} is not invalid: {}", said.text);
    };
    assert_eq!(
        refusal.reason.to_string(),
        "verifierFailed",
        "{}",
        said.text
    );
    // The rows behind it are none the worse.
    for result in &results[1..] {
        assert!(
            matches!(result.outcome, Outcome::Passed(_)),
            "{}",
            said.text
        );
    }
}

#[test]
fn a_broken_oracle_of_memory_leaves_no_number() {
    let rows = [
        "vm/map",
        "vm/protect",
        "vm/unmap",
        "vm/map-touch-unmap",
        "vm/object-map",
        "vm/object-map-touch-unmap",
        "vm/frame-alloc",
        "vm/frame-free",
    ];
    for row in rows {
        assert_breaks("vm", "vm-measure", row);
    }
}

#[test]
fn a_broken_oracle_of_processes_leaves_no_number() {
    let rows = [
        "process/spawn",
        "process/spawn-wait",
        "process/elf-load",
        "process/wait-running",
        "process/wait-ended",
        "process/spawn-failed",
    ];
    for row in rows {
        assert_breaks("process", "process-measure", row);
    }
}

#[test]
fn a_child_that_is_not_what_the_manifest_says_fails_its_row() {
    let checkout = Checkout::new().unwrap();
    checkout.edit("systems/process.toml", "a leaf was here", "a tree was here");
    let said = run_short(&checkout, "process/spawn-wait", &[]);
    assert_eq!(said.status, UNUSABLE, "{}", said.text);
    assert!(said.text.contains("verifierFailed"), "{}", said.text);
}

#[test]
fn memory_that_was_not_declared_is_more_authority_than_there_may_be() {
    let checkout = Checkout::new().unwrap();
    checkout.edit(
        "systems/process.toml",
        "grants = [{ name = \"output\", source = \"memory_object\" }]\n\n# The same",
        "grants = []\n\n# The same",
    );
    let said = run_short(&checkout, "process/spawn", &[]);
    assert_eq!(said.status, UNUSABLE, "{}", said.text);
    assert!(said.text.contains("authorityExceeded"), "{}", said.text);
}
