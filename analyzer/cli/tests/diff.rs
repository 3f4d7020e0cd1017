//! `capbench diff` on a real run and on copies of it that say something else: what it
//! prints in each form, and how it ends; and what `bisect` refuses.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::LazyLock;

use assert_cmd::Command;
use serde_json::{Value, json};
use tempfile::TempDir;

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn capbench(arguments: &[&str]) -> Output {
    let mut command: Command = assert_cmd::cargo::cargo_bin_cmd!("capbench");
    command.env("NO_COLOR", "1").env("COLUMNS", "300");
    command.current_dir(repository()).args(arguments);
    command.output().unwrap()
}

/// Status and standard output of a comparison.
fn diff(base: &Path, head: &Path, format: &str) -> (i32, String) {
    let [base, head] = [base, head].map(|path| path.to_str().unwrap());
    let output = capbench(&["diff", base, head, "--format", format]);
    let said = String::from_utf8(output.stdout).unwrap();
    let status = output.status.code().unwrap();
    assert!(
        !said.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    (status, said)
}

/// The run, booted once for all tests, with and without segment probes.
fn run() -> &'static Path {
    static RUN: LazyLock<TempDir> = LazyLock::new(|| {
        let place = tempfile::tempdir().unwrap();
        let made = capbench(&[
            "run",
            "ring/nop",
            "--guest=capos",
            "--boots=1",
            "--variant=samples",
            "--variant=segments",
            "--no-native",
            "--no-audit",
            "--quiet",
            "--out",
            place.path().to_str().unwrap(),
        ]);
        assert_eq!(made.status.code(), Some(0), "{made:?}");
        place
    });
    static PATH: LazyLock<PathBuf> =
        LazyLock::new(|| RUN.path().join("latest").canonicalize().unwrap());
    &PATH
}

/// A copy of the run whose results say something else.
fn edited(edit: impl Fn(&mut Vec<Value>)) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for name in ["run.json", "results.json", "definitions.json"] {
        fs::copy(run().join(name), copy.path().join(name)).unwrap();
    }
    let path = copy.path().join("results.json");
    let mut document: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    edit(document["results"].as_array_mut().unwrap());
    fs::write(&path, document.to_string()).unwrap();
    copy
}

/// Every value of `ring/nop/1` one instruction higher, and all that follows from it.
fn slower() -> TempDir {
    edited(|rows| {
        let row = rows
            .iter_mut()
            .find(|row| row["benchmarkName"] == "ring/nop/1");
        let measurement = &mut row.unwrap()["measurement"];
        for name in ["median", "mean", "p95", "min", "max", "cold"] {
            raise(&mut measurement[name]);
        }
        raise(&mut measurement["range"]["low"]);
        raise(&mut measurement["range"]["high"]);
        let samples = measurement["samples"].as_array_mut().unwrap();
        samples.iter_mut().for_each(raise);
        for boot in measurement["boots"].as_array_mut().unwrap() {
            raise(&mut boot["median"]);
        }
        let breakdown = &mut measurement["breakdown"];
        raise(&mut breakdown["tracedMedian"]);
        let segments = breakdown["segments"].as_array_mut().unwrap();
        let post = segments
            .iter_mut()
            .find(|segment| segment["name"] == "post");
        raise(&mut post.unwrap()["selfRaw"]);
    })
}

fn raise(value: &mut Value) {
    *value = json!(value.as_f64().unwrap() + 1.0);
}

#[test]
fn a_run_beside_itself_is_unchanged() {
    let (status, said) = diff(run(), run(), "text");
    assert_eq!(status, 0, "{said}");
    assert!(said.starts_with("Unchanged\n"), "{said}");
    assert!(said.contains("ring/nop/1"), "{said}");
}

#[test]
fn one_instruction_more_is_a_regression_and_its_segment_is_named_in_every_form() {
    let head = slower();
    let forms = [
        ("text", "ring/nop/1", "post +1"),
        ("markdown", "| `ring/nop/1` |", "`post` +1"),
        ("html", "ring/nop/1", "post"),
        ("junit", "name=\"ring/nop/1 on capos (ring)\"", "post +1"),
        (
            "github",
            "::error title=ring/nop/1 on capos (ring)::",
            "post +1",
        ),
        ("json", "\"verdict\": \"regressed\"", "\"post\""),
    ];
    for (format, row, segment) in forms {
        let (status, said) = diff(run(), head.path(), format);
        assert_eq!(status, 3, "{format}: {said}");
        assert!(
            said.contains(row) && said.contains(segment),
            "{format}: {said}"
        );
        assert!(said.contains("+1") || format == "json", "{format}: {said}");
    }
    let (status, said) = diff(head.path(), run(), "text");
    assert_eq!(
        status, 0,
        "the other way round it is an improvement: {said}"
    );
    assert!(said.contains("improved"), "{said}");
}

#[test]
fn what_cannot_be_compared_is_refused_and_not_passed() {
    let definition = edited(|rows| rows[0]["configHash"] = json!("0".repeat(64)));
    let removed = edited(|rows| {
        rows.remove(0);
    });
    let invalid = edited(|rows| {
        let row = rows[0].as_object_mut().unwrap();
        row.remove("measurement");
        row.insert("status".into(), json!("invalid"));
        row.insert(
            "invalid".into(),
            json!({ "reason": "streamsDiffer", "detail": "x", "evidence": [] }),
        );
    });
    for (head, words) in [
        (definition, "definition"),
        (removed, "head has no such row"),
        (invalid, "head is invalid, streamsDiffer"),
    ] {
        let (status, said) = diff(run(), head.path(), "text");
        assert_eq!(status, 2, "{said}");
        assert!(said.contains(words), "{words}: {said}");
        let (_, junit) = diff(run(), head.path(), "junit");
        assert!(junit.contains("<error"), "{junit}");
    }
}

#[test]
fn a_base_that_is_not_there_is_named_with_a_remedy() {
    let output = capbench(&["diff", "no-such-run", run().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("no-such-run") && said.contains("store list"),
        "{said}"
    );
}

#[test]
fn a_stored_run_is_compared_as_its_directory_is() {
    let place = tempfile::tempdir().unwrap();
    let store = place.path().to_str().unwrap();
    let path = run().to_str().unwrap();
    let added = capbench(&["store", "add", path, "--store", store]);
    assert_eq!(added.status.code(), Some(0), "{added:?}");
    let id = run().file_name().unwrap().to_str().unwrap();
    let head = slower();
    let head = head.path().to_str().unwrap();
    let stored = capbench(&["diff", id, head, "--store", store, "--format", "json"]);
    assert_eq!(stored.status.code(), Some(3), "{stored:?}");
    let stored: Value = serde_json::from_slice(&stored.stdout).unwrap();
    let (_, direct) = diff(run(), Path::new(head), "json");
    let direct: Value = serde_json::from_str(&direct).unwrap();
    assert_eq!(stored["rows"], direct["rows"]);
}

#[test]
fn two_traces_are_compared_without_a_manifest() {
    let golden = |name: &str| repository().join("tests/golden").join(name);
    let segments = golden("ring-segments-v1.ktrace");
    let (status, said) = diff(&segments, &segments, "text");
    assert_eq!(status, 0, "{said}");
    // Other probes are another measurement.
    let (status, said) = diff(&golden("ring-samples-v1.ktrace"), &segments, "text");
    assert_eq!(status, 2, "{said}");
    assert!(said.contains("probes"), "{said}");
}

#[test]
fn a_range_or_a_row_that_is_none_is_refused_before_anything_is_built() {
    for (arguments, words) in [
        (["HEAD", "--row", "ring/nop/1"], "GOOD..BAD"),
        (["HEAD...HEAD", "--row", "ring/nop/1"], "GOOD..BAD"),
        (["HEAD..HEAD", "--row", "ring/nop"], "no row `ring/nop`"),
        (
            ["HEAD..HEAD", "--row", "ring/nop/17"],
            "no row `ring/nop/17`",
        ),
        (["no-such..HEAD", "--row", "ring/nop/1"], "no-such"),
        (["HEAD..HEAD", "--row", "ring/nop/1"], "no way"),
    ] {
        let refused = capbench(&[&["bisect"], &arguments[..]].concat());
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.contains(words), "{words}: {said}");
    }
}
