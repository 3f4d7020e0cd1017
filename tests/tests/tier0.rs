//! The smokes pass, each can be broken, and what stands on a broken one keeps no number.

use capbench_results::{BenchmarkResult, Outcome, Results};
use capbench_tests::checkout::Checkout;
use capbench_tests::command::{Said, assert_verifies, capbench, run};
use std::fs;

/// Exit status of a run with failed or invalid results.
const UNUSABLE: i32 = 2;

/// Makes the first row of the smokes' program misbehave.
const AUTHORITY: &str = "authority = \"smoke\"";
const FAULTY: &str = "authority = \"smoke\"\nparameters = { fault = \"wrong-result\" }";

/// The smokes that this kernel can be put through.
const SMOKES: [&str; 10] = [
    "boot",
    "spawn",
    "ipc",
    "revocable-read",
    "memory-object",
    "terminal",
    "login",
    "park",
    "vm-cleanup",
    "measurement-build",
];

fn run_rows(checkout: &Checkout, selection: &str, more: &[&str]) -> Said {
    let mut command = capbench(checkout, &["run", selection, "--guest=capos", "--quiet"]);
    command.args(more);
    run(command)
}

fn results(checkout: &Checkout) -> Vec<BenchmarkResult> {
    let text = fs::read_to_string(checkout.latest_run().join("results.json")).unwrap();
    let results = Results::from_json(&text).unwrap_or_else(|error| panic!("{error}"));
    results.results
}

fn status(result: &BenchmarkResult) -> String {
    match &result.outcome {
        Outcome::Passed(_) => "passed".to_owned(),
        Outcome::Failed(refusal) => format!("failed: {}", refusal.reason),
        Outcome::Invalid(refusal) => format!("invalid: {}", refusal.reason),
        Outcome::Unsupported(refusal) => format!("unsupported: {}", refusal.reason),
        Outcome::NotApplicable(refusal) => format!("not applicable: {}", refusal.reason),
    }
}

fn find<'a>(results: &'a [BenchmarkResult], name: &str) -> &'a BenchmarkResult {
    let mut all = results.iter();
    let found = all.find(|result| result.benchmark_name == name);
    found.unwrap_or_else(|| panic!("no row {name}"))
}

#[test]
fn all_smokes_pass_in_every_variant_and_what_there_is_not_is_said() {
    let checkout = Checkout::new().unwrap();
    let said = run_rows(&checkout, "tier0", &["--no-audit"]);
    assert_eq!(said.status, 0, "{}", said.text);
    let results = results(&checkout);
    assert_eq!(results.len(), SMOKES.len() + 1);
    for smoke in SMOKES {
        let result = find(&results, &format!("tier0/{smoke}/1"));
        assert_eq!(status(result), "passed", "{smoke}: {}", said.text);
        assert_eq!(result.tier, 0);
        let measurement = result.outcome.measurement().unwrap();
        assert_eq!(measurement.n, 2, "once in each of two boots");
        assert!(measurement.breakdown.is_some(), "{smoke}");
    }
    let tap = find(&results, "tier0/ring-tap/1");
    assert_eq!(status(tap), "unsupported: missingSubsystem");
    assert_verifies(&checkout);
}

#[test]
fn each_smoke_can_be_broken() {
    for smoke in SMOKES {
        let checkout = Checkout::new().unwrap();
        checkout.edit("systems/smoke.toml", AUTHORITY, FAULTY);
        let name = format!("tier0/{smoke}");
        let arguments = ["--no-audit", "--boots=1", "--variant=samples"];
        let said = run_rows(&checkout, &name, &arguments);
        assert_eq!(said.status, UNUSABLE, "{smoke}: {}", said.text);
        let results = results(&checkout);
        assert_eq!(status(&results[0]), "invalid: verifierFailed", "{smoke}");
    }
}

#[test]
fn what_stands_on_a_broken_smoke_keeps_no_number() {
    let checkout = Checkout::new().unwrap();
    let arguments = ["--no-audit", "--boots=1", "--variant=samples"];
    let said = run_rows(&checkout, "ipc/round-trip", &arguments);
    assert_eq!(said.status, 0, "{}", said.text);
    let intact = results(&checkout);
    assert_eq!(status(find(&intact, "tier0/ipc/1")), "passed");
    assert_eq!(status(find(&intact, "ipc/round-trip/1")), "passed");

    checkout.edit("systems/smoke.toml", AUTHORITY, FAULTY);
    let said = run_rows(&checkout, "ipc/round-trip", &arguments);
    assert_eq!(said.status, UNUSABLE, "{}", said.text);
    let broken = results(&checkout);
    let smoke = find(&broken, "tier0/ipc/1");
    assert_eq!(status(smoke), "invalid: verifierFailed");
    for batch in [1, 16] {
        let name = format!("ipc/round-trip/{batch}");
        let row = find(&broken, &name);
        assert_eq!(status(row), "invalid: smokeFailed");
        let (_, detail, evidence) = row.outcome.refusal().unwrap();
        assert!(detail.starts_with("tier0/ipc on capos is "), "{detail}");
        assert_eq!(evidence[0].source, "tier0/ipc");
        // What is measured did not change: a smoke is no part of the series.
        assert_eq!(row.config_hash, find(&intact, &name).config_hash);
    }
    assert!(said.text.contains("smokeFailed"), "{}", said.text);
}
