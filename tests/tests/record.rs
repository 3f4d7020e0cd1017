//! Recording keeps what arrives, from a file, a FIFO or standard input, and says so.

use capbench_tests::command::{Said, executable, said};
use capbench_tests::source_copy::repository;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A golden stream as a kernel sends it.
fn raw(directory: &Path) -> PathBuf {
    let golden = repository().join("tests/golden/ring-samples-v1.ktrace");
    let bytes = zstd::decode_all(File::open(golden).unwrap()).unwrap();
    let path = directory.join("raw");
    fs::write(&path, bytes).unwrap();
    path
}

fn command(source: &Path, out: &Path) -> Command {
    let mut command = Command::new(executable());
    command.arg("record").arg(source).arg("--out").arg(out);
    command
}

fn record(source: &Path, out: &Path) -> Said {
    said(&command(source, out).output().unwrap())
}

/// What a trace says, but for its name.
fn inspected(trace: &Path) -> String {
    let output = Command::new(executable())
        .args(["inspect", "--format=json"])
        .arg(trace.file_name().unwrap())
        .current_dir(trace.parent().unwrap())
        .output()
        .unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_recorded_stream_is_the_trace_that_a_run_would_have_kept() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("ring-samples-v1.ktrace");
    let done = record(&raw(directory.path()), &out);
    assert_eq!(done.status, 0, "{}", done.text);
    let golden = repository().join("tests/golden/ring-samples-v1.ktrace");
    assert_eq!(inspected(&out), inspected(&golden));
    assert!(!out.with_extension("trace.part").exists());
}

#[test]
fn standard_input_that_stops_in_the_middle_is_kept_and_said() {
    let directory = tempfile::tempdir().unwrap();
    let bytes = fs::read(raw(directory.path())).unwrap();
    let out = directory.path().join("cut.ktrace");
    let mut child = command(Path::new("-"), &out)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let half = &bytes[..bytes.len() / 2];
    child.stdin.take().unwrap().write_all(half).unwrap();
    let done = said(&child.wait_with_output().unwrap());
    assert_eq!(done.status, 0, "{}", done.text);
    assert!(done.text.contains("the stream has no end"), "{}", done.text);
    assert!(out.exists());
}

#[test]
fn what_cannot_be_recorded_is_named_with_the_remedy() {
    let directory = tempfile::tempdir().unwrap();
    let source = raw(directory.path());
    let absent = directory.path().join("absent");
    let out = directory.path().join("out.ktrace");
    let done = record(&absent, &out);
    assert_eq!(done.status, 1);
    assert!(done.text.contains("absent"), "{}", done.text);

    let empty = directory.path().join("empty");
    fs::write(&empty, []).unwrap();
    let done = record(&empty, &out);
    assert_eq!(done.status, 1);
    assert!(done.text.contains("nothing came from"), "{}", done.text);
    assert!(!out.exists());

    fs::write(&out, b"mine").unwrap();
    let done = record(&source, &out);
    assert_eq!(done.status, 1);
    assert!(done.text.contains("never overwrites"), "{}", done.text);
    assert_eq!(fs::read(&out).unwrap(), b"mine");
}
