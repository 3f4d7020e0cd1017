//! Terminal and sessions: the rows pass, scripted input is labelled, privileged acts are
//! in the artifact, and whatever breaks a check leaves its row without a number.

use capbench_results::{BenchmarkResult, Label, Outcome, Results, Unit};
use capbench_tests::checkout::Checkout;
use capbench_tests::command::{Said, assert_verifies, capbench, run};
use std::fs;

/// Exit status of a run with failed or invalid results.
const UNUSABLE: i32 = 2;

fn run_rows(checkout: &Checkout, selection: &str) -> Said {
    let arguments = ["--guest=capos", "--boots=1", "--no-audit", "--quiet"];
    let mut command = capbench(checkout, &["run", selection]);
    command.args(arguments);
    run(command)
}

fn results(checkout: &Checkout) -> Results {
    let text = fs::read_to_string(checkout.latest_run().join("results.json")).unwrap();
    Results::from_json(&text).unwrap_or_else(|error| panic!("{error}"))
}

fn reason(result: &BenchmarkResult) -> String {
    match &result.outcome {
        Outcome::Passed(_) => format!("{} holds a number", result.benchmark_name),
        Outcome::Failed(refusal) => format!("failed: {}", refusal.reason),
        Outcome::Invalid(refusal) => format!("invalid: {}", refusal.reason),
        Outcome::Unsupported(refusal) => format!("unsupported: {}", refusal.reason),
        Outcome::NotApplicable(refusal) => format!("not applicable: {}", refusal.reason),
    }
}

#[test]
fn all_rows_pass_and_say_what_they_stand_on() {
    let checkout = Checkout::new().unwrap();
    let said = run_rows(&checkout, "tier1/terminal");
    assert_eq!(said.status, 0, "{}", said.text);
    let results = results(&checkout);
    let rows = results.results.iter().filter(|row| row.tier == 1);
    assert_eq!(rows.count(), 8, "{}", said.text);
    for result in results.results.iter().filter(|row| row.tier == 1) {
        let name = &result.benchmark_name;
        let measurement = result.outcome.measurement().unwrap();
        // The one window that idles does not count instructions.
        let unit = match name.as_str() {
            "terminal/read-line-wake/1" => Unit::VirtualNs,
            _ => Unit::Instructions,
        };
        assert_eq!(measurement.unit, unit, "{name}");
        assert_eq!(
            result.labels,
            [Label::MeasurementCapability, Label::ScriptedInput],
            "{name}"
        );
        assert!(result.notes.contains("scripted-input"), "{}", result.notes);
    }

    assert_verifies(&checkout);

    // The trace says so itself.
    let trace = checkout
        .latest_run()
        .join("boots/capos-terminal-samples-1.ktrace");
    let inspected = run(capbench(&checkout, &["inspect", trace.to_str().unwrap()]));
    assert!(
        inspected.text.contains("scripted-input"),
        "{}",
        inspected.text
    );

    // What not everybody may do was noted.
    let acts = fs::read_to_string(checkout.latest_run().join("privileged.json")).unwrap();
    let acts: serde_json::Value = serde_json::from_str(&acts).unwrap();
    let acts = acts["entries"].as_array().unwrap();
    for (event, subject, outcome) in [
        ("spawn", "terminal-bench: measure", "ok"),
        ("login", "operator from terminal", "denied"),
        ("login", "operator from terminal", "ok"),
        ("bundle", "guest", "denied"),
        ("bundle", "operator", "ok"),
        ("logout", "operator", "ok"),
    ] {
        let is_it = |act: &&serde_json::Value| {
            act["program"] == "terminal-bench"
                && act["event"] == event
                && act["subject"] == subject
                && act["outcome"] == outcome
        };
        let found = acts.iter().any(|act| is_it(&act));
        assert!(found, "no {event} of {subject}: {outcome}");
    }
    let out = checkout.root().join("report");
    let said = run(capbench(
        &checkout,
        &["report", "--out", out.to_str().unwrap()],
    ));
    assert_eq!(said.status, 0, "{}", said.text);
    let report = fs::read_to_string(out.join("report.md")).unwrap();
    for row in [
        "| `terminal-bench` | exercised | `SessionManager` |",
        "| `terminal-bench` | proved the denial | `wrong-credential` |",
        "**Privileged acts",
    ] {
        assert!(report.contains(row), "{row}: {report}");
    }
}

/// One row, in a system that was changed: why it has no number.
fn refused(benchmark: &str, edits: &[(&str, &str)]) -> String {
    let checkout = Checkout::new().unwrap();
    for (from, to) in edits {
        checkout.edit("systems/terminal.toml", from, to);
    }
    let said = run_rows(&checkout, benchmark);
    assert_eq!(said.status, UNUSABLE, "{}", said.text);
    let results = results(&checkout);
    format!("{}\n{}", reason(&results.results[0]), said.text)
}

#[test]
fn an_oracle_that_fails_leaves_no_number() {
    for benchmark in [
        "terminal/write-page",
        "terminal/read-line-wake",
        "session/login",
        "session/bundle",
    ] {
        let program = "authority = \"terminal-measure\"";
        let faulty = format!("{program}\nparameters = {{ fault = \"wrong-result\" }}");
        let said = refused(benchmark, &[(program, &faulty)]);
        assert!(
            said.starts_with("invalid: verifierFailed"),
            "{benchmark}: {said}"
        );
    }
}

#[test]
fn an_echo_that_is_not_the_declared_one_leaves_no_number() {
    // The program gets the same line, and only who reads the console sees it.
    let said = refused("terminal/write-page", &[(r"heljo\x08\x08lo\r", r"hello\r")]);
    assert!(said.starts_with("invalid: verifierFailed"), "{said}");
}

#[test]
fn input_that_answers_a_later_prompt_leaves_no_number() {
    let edits = [
        ("40000:latest", "150000:latest"),
        ("fresh: =1000:", "fresh: =100000:"),
    ];
    let said = refused("terminal/write-page", &edits);
    assert!(said.starts_with("invalid: verifierFailed"), "{said}");
}

#[test]
fn cancelling_that_does_not_cancel_leaves_no_number() {
    let said = refused("terminal/write-page", &[(r"abc\x03", r"abc\r")]);
    assert!(said.starts_with("invalid: verifierFailed"), "{said}");
}

#[test]
fn a_bundle_beyond_the_declared_one_leaves_no_number() {
    let edits = [("operator=peer", "operator=peer,terminal-bench")];
    let said = refused("session/bundle", &edits);
    assert!(said.starts_with("invalid: verifierFailed"), "{said}");
}
