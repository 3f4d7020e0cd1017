//! Old traces stay readable, and what commands say of them is held to the word.

use capbench_tests::command::{executable, said};
use capbench_tests::source_copy::repository;
use std::process::Command;

/// Runs a command on a golden trace, from the directory it lies in, so that no
/// path of this machine is in the output.
fn look(arguments: &[&str]) -> String {
    let output = Command::new(executable())
        .args(arguments)
        .current_dir(repository().join("tests/golden"))
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .output()
        .unwrap();
    let said = said(&output);
    format!("status {}\n{}", said.status, said.text)
}

#[test]
fn inspect_says_the_same_of_samples() {
    insta::assert_snapshot!(look(&["inspect", "ring-samples-v1.ktrace"]));
}

#[test]
fn inspect_says_the_same_of_segments() {
    insta::assert_snapshot!(look(&["inspect", "ring-segments-v1.ktrace"]));
}

#[test]
fn inspect_says_the_same_of_linux_and_its_markers() {
    insta::assert_snapshot!(look(&["inspect", "linux-samples-v1.ktrace"]));
}

#[test]
fn inspect_says_the_same_of_linux_and_its_ebpf_counts() {
    insta::assert_snapshot!(look(&["inspect", "linux-counts-v1.ktrace"]));
}

#[test]
fn inspect_says_the_same_of_linux_and_its_perf_events() {
    insta::assert_snapshot!(look(&["inspect", "linux-perf-v1.ktrace"]));
}

#[test]
fn inspect_says_the_same_of_one_sample_in_parts() {
    let trace = "ring-segments-v1.ktrace";
    insta::assert_snapshot!(look(&["inspect", trace, "--stitch=ring/nop/1"]));
}

#[test]
fn inspect_says_the_same_to_programs() {
    insta::assert_snapshot!(look(&[
        "inspect",
        "ring-segments-v1.ktrace",
        "--format=json"
    ]));
}
