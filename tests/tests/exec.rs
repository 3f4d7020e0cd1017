//! `capbench guest exec` ends as its program ends, shows the console while it runs,
//! and says what was recorded.

use capbench_tests::command::{Said, executable, guest_exec, said};
use capbench_tests::source_copy::repository;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

/// A program of the guest's own, built once for all tests.
static RING_NOP: LazyLock<PathBuf> = LazyLock::new(|| {
    let mut build = Command::new(executable());
    build.args(["guest", "build", "capos", "--variant", "plain"]);
    let built = said(&build.current_dir(repository()).output().unwrap());
    assert_eq!(built.status, 0, "{}", built.text);
    repository().join("target/guests/capos/plain/ring-nop.elf")
});

/// What it needs to run without measuring.
const GRANTS: [&str; 8] = [
    "--grant",
    "boot=boot_package",
    "--grant",
    "console",
    "--grant",
    "null",
    "--grant",
    "park=park_bench",
];
const ROWS: &str = "--parameter=rows=ring/nop/1:nop:1:2:5:400";

fn ring_nop(arguments: &[&str]) -> Said {
    let arguments = [&GRANTS[..], &[ROWS], arguments].concat();
    said(&guest_exec(&RING_NOP, &arguments).output().unwrap())
}

#[test]
fn a_programs_exit_code_is_the_commands() {
    let ended = ring_nop(&[]);
    assert_eq!(ended.status, 0, "{}", ended.text);
    assert!(ended.text.contains("ring-nop: benchmark=ring/nop/1"));
    // Without a grant it panics, which is 101.
    let ended = said(&guest_exec(&RING_NOP, &[]).output().unwrap());
    assert_eq!(ended.status, 101, "{}", ended.text);
}

#[test]
fn a_fault_and_a_hang_are_told_apart_from_an_exit() {
    let faulted = ring_nop(&["--parameter=fault=crash"]);
    assert_eq!(faulted.status, 1, "{}", faulted.text);
    let words = "`ring-nop` was ended by a fault: page fault at";
    assert!(faulted.text.contains(words), "{}", faulted.text);
    let hung = ring_nop(&["--parameter=fault=hang", "--timeout=3"]);
    assert_eq!(hung.status, 1, "{}", hung.text);
    assert!(hung.text.contains("`ring-nop` had not ended after 3 s"));
}

#[test]
fn what_the_kernel_will_not_load_is_no_exit() {
    // A whole executable whose first instruction lies nowhere.
    let mut bytes = fs::read(&*RING_NOP).unwrap();
    bytes[24..32].fill(0);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("headless");
    fs::write(&path, bytes).unwrap();
    let refused = said(&guest_exec(&path, &["--grant", "console"]).output().unwrap());
    assert_eq!(refused.status, 1, "{}", refused.text);
    let words = "`headless` could not be run";
    assert!(refused.text.contains(words), "{}", refused.text);
}

#[test]
fn what_the_kernel_records_is_shown_and_kept_where_it_was_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let trace = directory.path().join("kept.ktrace");
    let keep = format!("--trace={}", trace.display());
    let arguments = [&GRANTS[..], &[ROWS, "--variant=samples", &keep]].concat();
    let arguments = [&arguments[..], &["--grant", "measure=measure_control"]].concat();
    let output = guest_exec(&RING_NOP, &arguments).output().unwrap();
    let console = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", said(&output).text);
    let summary = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(summary.contains("passed, 7 of 7"), "{summary}");
    assert!(!console.contains("passed, 7 of 7"), "{console}");

    let mut inspect = Command::new(executable());
    let inspected = said(&inspect.arg("inspect").arg(&trace).output().unwrap());
    assert_eq!(inspected.status, 0, "{}", inspected.text);
    assert!(inspected.text.contains("ring/nop/1"), "{}", inspected.text);
}

#[test]
fn the_console_is_seen_while_the_program_runs_and_it_can_be_stopped() {
    let arguments = [&GRANTS[..], &[ROWS, "--parameter=fault=hang"]].concat();
    let mut running = guest_exec(&RING_NOP, &arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut console = BufReader::new(running.stdout.take().unwrap());
    let mut line = String::new();
    console.read_line(&mut line).unwrap();
    assert!(line.starts_with("kernel: "), "{line}");
    assert_eq!(running.try_wait().unwrap(), None, "it runs");
    let killed = Command::new("kill").arg(running.id().to_string()).status();
    assert!(killed.unwrap().success());
    assert_eq!(running.wait().unwrap().code(), Some(130));
}
