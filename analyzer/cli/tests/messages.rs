//! What a person reads when something is missing or misspelt: one message, the
//! remedy, exit status 1.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;

fn capbench() -> Command {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("capbench");
    // Wide enough that no message is broken inside a word under test.
    command.env("NO_COLOR", "1").env("COLUMNS", "300");
    command
}

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// A checkout with this repository's definitions and nothing else.
fn checkout() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("reference-guests")).unwrap();
    copy(
        &repository().join("manifests"),
        &root.path().join("manifests"),
    );
    root
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// White space is layout: messages wrap.
fn said(words: &'static str) -> impl Predicate<[u8]> {
    predicate::function(move |output: &[u8]| {
        let text = String::from_utf8_lossy(output).replace(['│', '×'], " ");
        let text: Vec<&str> = text.split_whitespace().collect();
        text.join(" ").contains(words)
    })
}

#[test]
fn an_unknown_suite_suggests_the_nearest() {
    capbench()
        .current_dir(repository())
        .args(["run", "rign"])
        .assert()
        .code(1)
        .stdout("")
        .stderr(said("there is no suite or benchmark named `rign`"))
        .stderr(said("did you mean `ring`?"));
}

#[test]
fn a_malformed_manifest_is_refused_with_file_line_and_remedy() {
    let root = checkout();
    let file = root.path().join("manifests/benchmarks/ring/nop.toml");
    let text = fs::read_to_string(&file).unwrap();
    let line = text
        .lines()
        .position(|line| line.starts_with("warmup"))
        .unwrap()
        + 1;
    fs::write(&file, text.replace("warmup", "wramup")).unwrap();
    capbench()
        .current_dir(root.path())
        .args(["run", "ring"])
        .assert()
        .code(1)
        .stdout("")
        .stderr(contains(format!("nop.toml:{line}:1")))
        .stderr(said("unknown field `wramup`"))
        .stderr(said("remove the key, or correct its spelling"));
}

#[test]
fn an_emulator_that_cannot_be_started_is_refused_by_name() {
    for named in [&["--qemu", "Makefile"][..], &[]] {
        capbench()
            .current_dir(repository())
            .env("CAPBENCH_QEMU", "README.md")
            .args(["run", "ring"])
            .args(named)
            .assert()
            .code(1)
            .stdout("")
            .stderr(said(named.get(1).copied().unwrap_or("README.md")))
            .stderr(said("is not an executable file"))
            .stderr(said("CAPBENCH_QEMU"));
    }
}

#[test]
fn a_missing_emulator_names_the_packages_of_three_distributions() {
    let empty = tempfile::tempdir().unwrap();
    capbench()
        .current_dir(repository())
        .env("PATH", empty.path())
        .env_remove("CAPBENCH_QEMU")
        .args(["run", "ring"])
        .assert()
        .code(1)
        .stdout("")
        .stderr(said("QEMU is not installed"))
        .stderr(said("capbench doctor --fix"))
        .stderr(said(
            "apt-get install --no-install-recommends qemu-system-x86",
        ))
        .stderr(said("dnf install qemu-system-x86-core"))
        .stderr(said("pacman -S qemu-system-x86"));
}

#[test]
fn a_guest_that_a_selection_does_not_boot_is_told_before_anything_is_built() {
    capbench()
        .current_dir(repository())
        .args(["run", "ring/nop", "--guest", "linux"])
        .assert()
        .code(1)
        .stdout("")
        .stderr(said("`ring/nop` has no benchmark for the guests asked for"))
        .stderr(said("leave --guest out"));
    capbench()
        .current_dir(repository())
        .args(["run", "ring", "--guest", "plan9"])
        .assert()
        .failure()
        .stderr(contains("there is no guest `plan9` (known: capos, linux)"));
}

#[test]
fn another_envelope_than_the_expected_one_is_refused() {
    capbench()
        .current_dir(repository())
        .args(["run", "ring", "--expect-envelope", &"0".repeat(64)])
        .assert()
        .code(1)
        .stderr(said("numbers of another envelope belong to another series"));
}

#[test]
fn outside_a_checkout_the_message_says_where_to_go() {
    let elsewhere = tempfile::tempdir().unwrap();
    capbench()
        .current_dir(elsewhere.path())
        .arg("list")
        .assert()
        .code(1)
        .stderr(said(
            "change into a checkout of the capbench repository, or pass --root DIRECTORY",
        ));
}

#[test]
fn a_checkout_without_guest_sources_is_named() {
    let root = checkout();
    capbench()
        .current_dir(root.path())
        .args(["guest", "build", "capos", "--variant", "plain"])
        .assert()
        .code(1)
        .stderr(said("the sources of guest `capos` are missing"));
}

#[test]
fn a_trace_that_is_none_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a.ktrace");
    capbench()
        .arg("inspect")
        .arg(&path)
        .assert()
        .code(1)
        .stderr(said("No such file or directory"));
    fs::write(&path, "not a trace").unwrap();
    let status = capbench()
        .arg("inspect")
        .arg(&path)
        .assert()
        .get_output()
        .status;
    assert!(!status.success());
}

#[test]
fn doctor_finds_what_a_bare_host_lacks() {
    let empty = tempfile::tempdir().unwrap();
    capbench()
        .current_dir(repository())
        .env("PATH", empty.path())
        .env_remove("CAPBENCH_QEMU")
        .arg("doctor")
        .assert()
        .code(1)
        .stdout(contains("NO  rust"))
        .stdout(contains("NO  c compiler"))
        .stdout(contains("NO  qemu"))
        .stdout(contains("ok  manifests"));
}

#[test]
fn definitions_are_listed_for_programs_too() {
    let output = capbench()
        .current_dir(repository())
        .args(["list", "--format", "json"])
        .output()
        .unwrap();
    let listing: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let suites = listing["suites"].as_array().unwrap();
    assert!(suites.iter().any(|suite| suite["name"] == "ring"));
    let nop = listing["benchmarks"].as_array().unwrap();
    let nop = nop
        .iter()
        .find(|entry| entry["name"] == "ring/nop")
        .unwrap();
    assert_eq!(nop["definition_hash"].as_str().map(str::len), Some(64));
}
