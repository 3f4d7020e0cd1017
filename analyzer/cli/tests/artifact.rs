//! Commands that read a finished run, on a real one: what they write, what they print
//! where, and what they say of runs, formats and directories that are not as they
//! should be.
//!
//! One run serves all tests: the smallest benchmark there is, booted once with and
//! once without segment probes.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::LazyLock;

use assert_cmd::Command;
use capbench_frames::synthetic::{Shape, bytes};
use serde_json::Value;

/// Formats of `export`, and the files that this run gives in each.
const FORMATS: [(&str, &[&str]); 9] = [
    ("csv", &["results.csv", "samples.csv", "mispriced.csv"]),
    ("json", &["results.json", "perturbations.json"]),
    ("parquet", &["results.parquet", "segments.parquet"]),
    ("arrow", &["results.arrow", "comparisons.arrow"]),
    ("perfetto", &["trace.json"]),
    ("folded", &["capos-ring-segments-1.segments.folded"]),
    ("flamegraph", &["capos-ring-segments-1.segments.svg"]),
    ("openmetrics", &["metrics.txt"]),
    ("capnp", &["results.capnp"]),
];

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn capbench(arguments: &[&str]) -> Output {
    let mut command: Command = assert_cmd::cargo::cargo_bin_cmd!("capbench");
    // Wide enough that no message is broken inside a word under test.
    command.env_remove("NO_COLOR").env("COLUMNS", "300");
    command.current_dir(repository()).args(arguments);
    command.output().unwrap()
}

/// Standard output of a command that must end well.
fn succeeded(arguments: &[&str]) -> String {
    let output = capbench(arguments);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {said}");
    assert!(!output.stdout.contains(&0x1b), "{arguments:?}: colour");
    assert!(!output.stderr.contains(&0x1b), "{arguments:?}: colour");
    text(&output.stdout)
}

/// The message of a command that must not be carried out. Nothing of it is data, and
/// layout is taken out of it.
fn refused(arguments: &[&str]) -> String {
    let output = capbench(arguments);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
    assert_eq!(text(&output.stdout), "", "{arguments:?}");
    assert!(!output.stderr.contains(&0x1b), "{arguments:?}: colour");
    let said = said.replace(['│', '×'], " ");
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn word(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The run, which stays until the next time.
fn run() -> &'static Path {
    static RUN: LazyLock<(PathBuf, File)> = LazyLock::new(|| {
        let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("artifact");
        let lock = File::create(out.with_extension("lock")).unwrap();
        lock.lock().unwrap();
        // Absent the first time.
        let _ = fs::remove_dir_all(&out);
        let made = capbench(&[
            "run",
            "ring/nop",
            "--guest=capos",
            "--boots=1",
            "--no-audit",
            "--no-native",
            "--quiet",
            "--out",
            word(&out),
        ]);
        assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
        (out.join("latest").canonicalize().unwrap(), lock)
    });
    &RUN.0
}

/// A copy of the run that a test may damage.
fn copy() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let to = directory.path().join(run().file_name().unwrap());
    copy_tree(run(), &to);
    (directory, to)
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_tree(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// A path that nobody can make a directory of, not even root: a file is in its way.
fn in_the_way() -> (tempfile::NamedTempFile, PathBuf) {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().join("below");
    (file, path)
}

/// Arguments of `store` for the store at `place`.
fn store<'a>(place: &'a Path, arguments: &[&'a str]) -> Vec<&'a str> {
    [&["store", "--store", word(place)], arguments].concat()
}

/// Commands that read the run at the end of their arguments, one of each kind, with
/// the directory that they write to.
fn readers(to: &Path) -> Vec<Vec<&str>> {
    let to = word(to);
    vec![
        vec!["report", "--out", to],
        vec!["plot", "--out", to],
        vec!["export", "--format", "csv", "--output", to],
        vec!["store", "--store", to, "add"],
    ]
}

#[test]
fn report_writes_html_and_markdown_and_prints_where() {
    let to = tempfile::tempdir().unwrap();
    let printed = succeeded(&["report", word(run()), "--out", word(to.path())]);
    let files: Vec<&Path> = printed.lines().map(Path::new).collect();
    let expected = [to.path().join("report.md"), to.path().join("report.html")];
    assert_eq!(files, expected);
    let html = fs::read_to_string(&expected[1]).unwrap();
    let markdown = fs::read_to_string(&expected[0]).unwrap();
    for form in [&html, &markdown] {
        assert!(form.contains("ring/nop/16"), "{form}");
        assert!(form.contains("not time"), "{form}");
    }
    assert!(html.starts_with("<!DOCTYPE html>"), "{html}");
}

#[test]
fn plot_writes_svg_and_on_request_png() {
    for (option, magic) in [(&[][..], &b"<svg"[..]), (&["--png"], b"\x89PNG")] {
        let to = tempfile::tempdir().unwrap();
        let plot = ["plot", word(run()), "--out", word(to.path())];
        let printed = succeeded(&[&plot[..], option].concat());
        assert!(!printed.is_empty());
        for line in printed.lines() {
            let bytes = fs::read(line).unwrap();
            assert!(bytes.starts_with(magic), "{line}");
        }
        let count = fs::read_dir(to.path()).unwrap().count();
        assert_eq!(count, printed.lines().count());
    }
}

#[test]
fn writers_tell_programs_which_files_they_wrote() {
    for writer in ["report", "plot"] {
        let to = tempfile::tempdir().unwrap();
        let to = word(to.path());
        let printed = succeeded(&[writer, word(run()), "--out", to, "--format", "json"]);
        let told: Value = serde_json::from_str(&printed).unwrap();
        let files = told["files"].as_array().unwrap();
        assert_eq!(files.len(), fs::read_dir(to).unwrap().count(), "{writer}");
        for file in files {
            assert!(Path::new(file.as_str().unwrap()).is_file(), "{file}");
        }
    }
}

#[test]
fn export_writes_every_format_and_says_what_is_in_each_file() {
    let to = tempfile::tempdir().unwrap();
    for (format, names) in FORMATS {
        let to = to.path().join(format);
        let printed = succeeded(&["export", word(run()), "--format", format, "-o", word(&to)]);
        let mut written = Vec::new();
        for line in printed.lines() {
            let (path, holds) = line.split_once(": ").unwrap();
            assert!(fs::metadata(path).unwrap().len() > 0, "{line}");
            assert!(holds.starts_with(|c: char| c.is_ascii_digit()), "{line}");
            let name = Path::new(path).file_name().unwrap();
            written.push(name.to_str().unwrap().to_owned());
        }
        for name in names {
            assert!(written.iter().any(|file| file == name), "{format}: {name}");
        }
        assert_eq!(
            fs::read_dir(&to).unwrap().count(),
            written.len(),
            "{format}"
        );
    }
}

#[test]
fn the_export_of_a_boot_has_its_spans_and_notes_stand_apart_from_data() {
    let to = tempfile::tempdir().unwrap();
    let to = word(to.path());
    let boot = ["--boot", "capos-ring-segments-1"];
    let export = ["export", word(run()), "--format", "csv", "-o", to];
    let printed = succeeded(&[&export[..], &boot].concat());
    assert!(
        printed.contains("spans-capos-ring-segments-1.csv"),
        "{printed}"
    );

    let folded = capbench(&["export", word(run()), "--format", "folded", "-o", to]);
    let notes = text(&folded.stderr);
    assert!(
        notes.contains("note: capos-ring-samples-1: no stacks"),
        "{notes}"
    );
    assert!(!text(&folded.stdout).contains("note:"));
}

#[test]
fn what_is_no_run_is_refused_by_every_reader_and_nothing_is_written() {
    let place = tempfile::tempdir().unwrap();
    let (missing, to) = (place.path().join("missing"), place.path().join("to"));
    for reader in readers(&to) {
        let said = refused(&[&reader[..], &[word(&missing)]].concat());
        assert!(said.contains("there is no run at"), "{said}");
        assert!(said.contains("capbench run ring"), "{said}");
    }
    assert!(!to.exists());
}

#[test]
fn damaged_results_are_refused_by_every_reader_with_the_file() {
    let (directory, copy) = copy();
    let to = directory.path().join("to");
    let path = copy.join("results.json");
    let whole = fs::read_to_string(&path).unwrap();
    let claim = whole.replacen("\"status\": \"passed\"", "\"status\": \"failed\"", 1);
    assert_ne!(whole, claim);
    for damaged in [&whole[..whole.len() / 2], "", &claim] {
        fs::write(&path, damaged).unwrap();
        for reader in readers(&to) {
            let said = refused(&[&reader[..], &[word(&copy)]].concat());
            assert!(said.contains("results.json"), "{said}");
            assert!(said.contains("help:"), "{said}");
        }
    }
    assert!(!to.exists());
}

#[test]
fn a_damaged_trace_is_told_or_refused_and_never_passed_over() {
    let (directory, copy) = copy();
    let to = directory.path().join("to");
    let trace = copy.join("boots/capos-ring-segments-1.ktrace");
    let whole = fs::read(&trace).unwrap();
    let export = [
        "export",
        word(&copy),
        "--format",
        "perfetto",
        "-o",
        word(&to),
    ];
    for at in [whole.len() / 3, whole.len() / 2] {
        let mut broken = whole.clone();
        broken[at] ^= 0x55;
        fs::write(&trace, broken).unwrap();
        let output = capbench(&export);
        let said = text(&output.stderr);
        match output.status.code() {
            Some(0) => assert!(said.contains("the trace is damaged"), "{said}"),
            Some(1) => assert!(said.contains("SHA256SUMS"), "{said}"),
            other => panic!("{other:?}: {said}"),
        }
    }
    fs::write(&trace, &whole[..8]).unwrap();
    let said = refused(&export);
    assert!(said.contains("SHA256SUMS"), "{said}");
}

#[test]
fn a_message_that_says_something_else_is_not_exported() {
    let (directory, copy) = copy();
    let to = directory.path().join("to");
    let path = copy.join("results.json");
    let changed = fs::read_to_string(&path).unwrap();
    let changed = changed.replacen("\"dirty\": false", "\"dirty\": true", 1);
    let other = changed.replacen("\"suite\": \"ring/nop\"", "\"suite\": \"another\"", 1);
    fs::write(&path, other).unwrap();
    let said = refused(&["export", word(&copy), "--format", "capnp", "-o", word(&to)]);
    assert!(said.contains("sha256sum -c SHA256SUMS"), "{said}");
    assert!(!to.join("results.capnp").exists());
}

#[test]
fn a_directory_that_cannot_be_made_is_an_error_of_every_writer() {
    let (file, below) = in_the_way();
    for reader in readers(&below) {
        let said = refused(&[&reader[..], &[word(run())]].concat());
        assert!(said.contains("Not a directory"), "{said}");
        assert!(said.contains("below"), "{said}");
        assert!(
            said.contains("file is where a directory has to be"),
            "{said}"
        );
    }
    for reader in readers(file.path()) {
        let said = refused(&[&reader[..], &[word(run())]].concat());
        assert!(said.contains(word(file.path())), "{said}");
        assert!(
            said.contains("file is where a directory has to be"),
            "{said}"
        );
    }
    // Nobody makes a directory here, root neither.
    let nowhere = Path::new("/proc/nowhere/x");
    for reader in readers(nowhere) {
        let said = refused(&[&reader[..], &[word(run())]].concat());
        assert!(said.contains("/proc/nowhere/x"), "{said}");
        assert!(said.contains("permissions"), "{said}");
    }
    for (format, _) in FORMATS {
        let said = refused(&[
            "export",
            word(run()),
            "--format",
            format,
            "-o",
            word(&below),
        ]);
        assert!(said.contains("below"), "{said}");
        assert!(
            said.contains("file is where a directory has to be"),
            "{said}"
        );
    }
}

#[test]
fn a_recording_that_cannot_be_kept_names_the_file_and_the_remedy() {
    let (_file, below) = in_the_way();
    let trace = below.with_extension("ktrace");
    let said = refused(&["record", "Cargo.toml", "--out", word(&trace)]);
    assert!(said.contains("below"), "{said}");
    assert!(
        said.contains("file is where a directory has to be"),
        "{said}"
    );
}

#[test]
fn a_recording_is_described_to_programs() {
    let directory = tempfile::tempdir().unwrap();
    let place = |name: &str| directory.path().join(name);
    let shape = Shape {
        records: 1000,
        ..Shape::default()
    };
    let stream = bytes(&shape);
    fs::write(place("stream"), &stream).unwrap();
    let (source, out) = (place("stream"), place("kept.ktrace"));
    let record = ["record", word(&source), "--out", word(&out)];
    let told = succeeded(&[&record[..], &["--format", "json"]].concat());
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["file"], word(&out));
    assert_eq!(told["bytes"], stream.len());
    assert_eq!(told["complete"], true);
    assert!(out.is_file());
}

#[test]
fn a_directory_says_whether_it_is_no_run_or_one_that_lost_something() {
    let (directory, copy) = copy();
    let to = directory.path().join("to");
    let mut all = readers(&to);
    all.push(vec!["replay"]);
    let said_of = |run: &Path| -> Vec<String> {
        let each = all.iter();
        each.map(|reader| refused(&[&reader[..], &[word(run)]].concat()))
            .collect()
    };
    for said in said_of(Path::new("docs")) {
        assert!(said.contains("docs is no run's directory"), "{said}");
        assert!(said.contains("capbench run ring"), "{said}");
    }
    for lost in ["results.json", "run.json"] {
        fs::remove_file(copy.join(lost)).unwrap();
        for said in said_of(&copy) {
            assert!(said.contains(&format!("has lost its {lost}")), "{said}");
            assert!(said.contains("capbench inspect TRACE"), "{said}");
        }
    }
    let partial = copy.with_extension("partial");
    fs::rename(&copy, &partial).unwrap();
    for said in said_of(&partial) {
        assert!(
            said.contains("was stopped before its results were written"),
            "{said}"
        );
    }
    assert!(!to.exists());
}

#[test]
fn wrong_arguments_of_export_say_which_there_are() {
    let to = tempfile::tempdir().unwrap();
    let to = to.path().join("to");
    let export = |more: &[&str]| {
        let arguments = ["export", word(run()), "-o", word(&to)];
        refused(&[&arguments[..], more].concat())
    };
    let said = export(&["--format", "xlsx"]);
    for (format, _) in FORMATS {
        assert!(said.contains(format), "{said}");
    }
    let said = export(&["--format", "csv", "--boot", "capos-9"]);
    assert!(said.contains("no boot `capos-9`"), "{said}");
    assert!(said.contains("capos-ring-segments-1"), "{said}");
    let said = export(&["--format", "openmetrics", "--boot", "capos-ring-segments-1"]);
    assert!(said.contains("leave out --boot"), "{said}");
    let said = export(&["--format", "folded", "--symbols", "Cargo.toml"]);
    assert!(said.contains("System.map"), "{said}");
    assert!(!to.exists());
}

#[test]
fn a_store_takes_a_run_once_and_lists_it_to_people_and_programs() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path().join("store");
    let asked = |arguments: &[&str]| succeeded(&store(&place, arguments));
    let id = run().file_name().unwrap().to_str().unwrap();
    let added = asked(&["add", word(run())]);
    assert!(added.starts_with(&format!("{id}: added, ")), "{added}");
    let again = asked(&["add", word(run())]);
    assert_eq!(again, format!("{id}: was there already\n"));
    let again: Value =
        serde_json::from_str(&asked(&["add", word(run()), "--format", "json"])).unwrap();
    assert_eq!(again["runId"], id);
    assert_eq!(again["isNew"], false);

    let listing: Value = serde_json::from_str(&asked(&["list", "--format", "json"])).unwrap();
    assert_eq!(listing["runs"].as_array().unwrap().len(), 1);
    assert_eq!(listing["runs"][0]["runId"], id);
    let series = listing["series"].as_array().unwrap();
    let names: Vec<&str> = series
        .iter()
        .filter_map(|s| s["benchmark"].as_str())
        .collect();
    assert_eq!(names, ["ring/nop/1", "ring/nop/16", "tier0/boot/1"]);
    let shown = asked(&["list"]);
    assert!(
        shown.contains(id) && shown.contains("ring/nop/16"),
        "{shown}"
    );
}

#[test]
fn a_store_refuses_another_run_of_the_same_name_and_what_is_no_store() {
    let (directory, copy) = copy();
    let place = directory.path().join("store");

    let said = refused(&store(&place, &["list"]));
    assert!(said.contains("there is no store at"), "{said}");
    succeeded(&store(&place, &["add", word(run())]));
    let path = copy.join("results.json");
    let changed = fs::read_to_string(&path).unwrap();
    let changed = changed.replacen("\"suite\": \"ring/nop\"", "\"suite\": \"another\"", 1);
    fs::write(&path, changed).unwrap();
    let said = refused(&store(&place, &["add", word(&copy)]));
    assert!(
        said.contains("is in the store with other content"),
        "{said}"
    );

    for arguments in [&["list"][..], &["add", word(run())]] {
        let said = refused(&store(Path::new("docs"), arguments));
        assert!(said.contains("docs is not a store"), "{said}");
        assert!(said.contains("--store DIR"), "{said}");
    }
}

#[cfg(not(feature = "sql"))]
#[test]
fn without_sql_a_query_says_how_to_get_it() {
    let directory = tempfile::tempdir().unwrap();
    succeeded(&store(directory.path(), &["add", word(run())]));
    let said = refused(&store(directory.path(), &["query", "SELECT 1"]));
    assert!(said.contains("--features sql"), "{said}");
}

/// `make test-sql` runs these: the planner takes minutes to build.
#[cfg(feature = "sql")]
#[test]
fn a_query_is_answered_as_text_csv_and_json() {
    let directory = tempfile::tempdir().unwrap();
    let place = directory.path();
    succeeded(&store(place, &["add", word(run())]));
    let sql = "SELECT benchmark, guest, reason, median > 0 AS measured FROM results \
               WHERE status = 'passed' ORDER BY benchmark";
    let csv = succeeded(&store(place, &["query", sql, "--format", "csv"]));
    let lines: Vec<&str> = csv.lines().collect();
    let expected = [
        "benchmark,guest,reason,measured",
        "ring/nop/1,capos,,true",
        "ring/nop/16,capos,,true",
    ];
    assert_eq!(lines, expected);
    let json = succeeded(&store(place, &["query", sql, "--format", "json"]));
    let rows: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(rows[1]["benchmark"], "ring/nop/16");
    assert!(rows[1]["reason"].is_null());
    let shown = succeeded(&store(place, &["query", sql]));
    assert!(
        shown.contains("ring/nop/16") && shown.contains('–'),
        "{shown}"
    );

    let said = refused(&store(place, &["query", "SELECT * FROM nothing"]));
    assert!(said.contains("nothing"), "{said}");
    let said = refused(&store(place, &["query", "SELEC"]));
    assert!(said.contains("the query was not understood"), "{said}");
}

#[test]
fn on_a_terminal_no_color_is_respected_by_what_is_shown_and_by_errors() {
    let directory = tempfile::tempdir().unwrap();
    let (place, out) = (directory.path().join("store"), directory.path().join("out"));
    succeeded(&store(&place, &["add", word(run())]));
    let program = assert_cmd::cargo::cargo_bin!("capbench").display();
    // util-linux's `script` gives its command a terminal; not every host has it.
    let on_terminal = |variables: &str, arguments: &[&str]| {
        let line = format!("env {variables} {program} {}", arguments.join(" "));
        let mut command = std::process::Command::new("script");
        command
            .args(["-qec", &line, "/dev/null"])
            .env_remove("NO_COLOR");
        command.current_dir(repository());
        Some(command.output().ok()?.stdout.contains(&0x1b))
    };
    let missing = ["export", "missing", "--format", "csv", "-o", word(&out)];
    let Some(coloured) = on_terminal("TERM=xterm", &missing) else {
        eprintln!("skipped: there is no `script` here; it comes with util-linux");
        return;
    };
    assert!(coloured, "a terminal shows colour");
    let (run, out) = (word(run()), word(&out));
    for arguments in [
        &missing[..],
        &["report", "missing"],
        &["plot", "missing"],
        &["store", "add", "missing"],
        &["store", "--store", word(&place), "list"],
        &["report", run, "--out", out],
        &["plot", run, "--out", out],
        &["export", run, "--format", "csv", "-o", out],
    ] {
        let shown = on_terminal("TERM=xterm NO_COLOR=1", arguments);
        assert_eq!(shown, Some(false), "{arguments:?}");
    }
}

/// The run with another `checkout` in its record, as it may be found.
fn with_checkout(checkout: Value) -> (tempfile::TempDir, PathBuf) {
    with_record(|record| record["checkout"] = checkout)
}

/// A sealed copy of the run whose record differs.
fn with_record(change: impl FnOnce(&mut Value)) -> (tempfile::TempDir, PathBuf) {
    let (directory, copy) = copy();
    let path = copy.join("run.json");
    let mut record: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut record);
    fs::write(&path, record.to_string()).unwrap();
    seal(&copy, "run.json");
    (directory, copy)
}

/// Makes the checksums hold after a change of one file.
fn seal(run: &Path, changed: &str) {
    let path = run.join("SHA256SUMS");
    let sums = fs::read_to_string(&path).unwrap();
    let ending = format!("  {changed}");
    let hash = capbench_runner::hash::of_file(&run.join(changed)).unwrap();
    let lines = sums.lines().map(|line| match line.ends_with(&ending) {
        true => format!("{hash}{ending}\n"),
        false => format!("{line}\n"),
    });
    fs::write(&path, lines.collect::<String>()).unwrap();
}

#[test]
fn a_run_whose_sums_do_not_hold_is_not_repeated() {
    let (_directory, copy) = copy();
    fs::write(copy.join("audit.json"), "[ ]").unwrap();
    let said = refused(&["replay", word(&copy)]);
    assert!(said.contains("is not as it was sealed"), "{said}");
    assert!(said.contains("audit.json was changed"), "{said}");
    assert!(said.contains("capbench verify"), "{said}");
}

#[test]
fn a_run_that_sets_a_variable_which_may_name_a_program_is_not_repeated() {
    for name in ["RUSTC_WRAPPER", "PATH", "capbench_build_id"] {
        let (_directory, copy) = with_record(|record| {
            let environment = serde_json::json!({ name: "/bin/false" });
            record["overrides"]["extra"] =
                serde_json::json!({"features": [], "environment": environment});
        });
        let said = refused(&["replay", word(&copy)]);
        assert!(said.contains(&format!("the variable \"{name}\"")), "{said}");
        assert!(said.contains("only CAPBENCH_BUILD_ID"), "{said}");
    }
}

#[test]
fn a_run_whose_parameters_or_features_are_no_names_is_not_repeated() {
    let feature = |record: &mut Value| {
        let extra = serde_json::json!({"features": ["--config=x"], "environment": {}});
        record["overrides"]["extra"] = extra;
    };
    let parameter = |record: &mut Value| {
        record["overrides"]["parameters"] = serde_json::json!({"--qemu=x": "1"});
    };
    for change in [&feature as &dyn Fn(&mut Value), &parameter] {
        let (_directory, copy) = with_record(change);
        let said = refused(&["replay", word(&copy)]);
        assert!(said.contains("no name of a parameter or feature"), "{said}");
    }
}

#[test]
fn a_kernel_outside_of_the_run_is_named_again_to_repeat_it() {
    let (_directory, copy) = with_record(|record| {
        record["overrides"]["extra"] =
            serde_json::json!({"features": [], "environment": {}, "kernel": "/dev/zero"});
    });
    let said = refused(&["replay", word(&copy)]);
    assert!(
        said.contains("\"/dev/zero\", which is no part of it"),
        "{said}"
    );
    assert!(said.contains("--kernel FILE"), "{said}");
    let said = refused(&["replay", word(run()), "--kernel", "vmlinux"]);
    assert!(said.contains("leave out --kernel"), "{said}");
}

#[test]
fn names_that_would_lead_elsewhere_make_no_paths() {
    type Change = fn(&mut Value);
    let changes: [(&str, Change); 3] = [
        ("run id", |record| {
            record["runId"] = "../../elsewhere".into()
        }),
        ("commit", |record| {
            record["checkout"]["commit"] = "$(id)".into()
        }),
        ("system's name", |record| {
            record["boots"][0]["system"] = "../ring".into();
        }),
    ];
    for (what, change) in changes {
        let (directory, copy) = with_record(change);
        let to = directory.path().join("to");
        let mut all = readers(&to);
        all.push(vec!["replay"]);
        for reader in all {
            let said = refused(&[&reader[..], &[word(&copy)]].concat());
            assert!(
                said.contains(&format!("is no {what}")),
                "{reader:?}: {said}"
            );
        }
        assert!(!to.exists());
    }
}

/// Something else where a file was: a FIFO, or a link to a device that never ends.
fn put_in_place_of(file: &Path, what: &str) {
    fs::remove_file(file).unwrap();
    match what {
        "no regular file" => {
            let made = std::process::Command::new("mkfifo").arg(file).status();
            assert!(made.unwrap().success());
        }
        _ => std::os::unix::fs::symlink("/dev/zero", file).unwrap(),
    }
}

#[test]
fn a_fifo_or_a_link_in_place_of_a_file_makes_no_reader_wait() {
    for what in ["no regular file", "link"] {
        for name in ["run.json", "results.json"] {
            let (directory, copy) = copy();
            put_in_place_of(&copy.join(name), what);
            let to = directory.path().join("to");
            for reader in readers(&to) {
                let said = refused(&[&reader[..], &[word(&copy)]].concat());
                assert!(
                    said.contains(&format!("{name}: it is")),
                    "{reader:?}: {said}"
                );
                assert!(said.contains(what), "{reader:?}: {said}");
            }
            let verified = capbench(&["verify", word(&copy)]);
            assert_eq!(verified.status.code(), Some(2), "{verified:?}");
            assert!(text(&verified.stdout).contains(what), "{verified:?}");
        }
    }
}

#[test]
fn a_trace_that_is_a_fifo_or_a_link_is_not_read() {
    let trace = "boots/capos-ring-segments-1.ktrace";
    for what in ["no regular file", "link"] {
        let (directory, copy) = copy();
        put_in_place_of(&copy.join(trace), what);
        let to = directory.path().join("to");
        let export = ["export", "--format", "folded", "--output", word(&to)];
        let said = refused(&[&export[..], &[word(&copy)]].concat());
        assert!(said.contains(&format!("{trace}: it is")), "{said}");
        assert!(said.contains(what), "{said}");
        let verified = capbench(&["verify", word(&copy)]);
        assert_eq!(verified.status.code(), Some(2), "{verified:?}");
        let inspected = capbench(&["inspect", word(&copy.join(trace))]);
        assert_eq!(inspected.status.code(), Some(1), "{inspected:?}");
        assert!(text(&inspected.stderr).contains("capbench record"));
    }
}

#[test]
fn a_run_of_an_unknown_commit_is_not_repeated() {
    let old = serde_json::json!({"commit": "unknown", "dirty": false});
    let new = serde_json::json!({"commit": "unknown", "dirty": true, "unknown": "no git"});
    for (checkout, why) in [(old, "git did not name it"), (new, "no git")] {
        let (_directory, copy) = with_checkout(checkout);
        let said = refused(&["replay", word(&copy)]);
        let words = format!("the commit that the run was made at is unknown ({why})");
        assert!(said.contains(&words), "{said}");
        assert!(said.contains("make the run again"), "{said}");
    }
}

#[test]
fn a_checkout_that_git_refuses_to_read_repeats_no_run() {
    let known = serde_json::json!({"commit": "0".repeat(40), "dirty": false});
    let (_directory, copy) = with_checkout(known);
    let mut command: Command = assert_cmd::cargo::cargo_bin_cmd!("capbench");
    let output = command
        .args(["replay", word(&copy)])
        .current_dir(repository())
        .env("COLUMNS", "300")
        .env("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("the commit of this checkout is unknown"),
        "{said}"
    );
    if repository().join(".git").exists() {
        assert!(said.contains("safe.directory"), "{said}");
    }
}
