//! A reader that goes away and a disk that is full, on standard output and standard
//! error of every command: none panics, data that was not printed is reported by the exit
//! status, and what is kept in files is kept all the same.
//!
//! The run that other commands read here is itself made with its reader gone.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use capbench_frames::synthetic::{Shape, bytes};
use capbench_runner::checkout;

/// The exit statuses, as `docs/src/commands.md` has them.
const FULL: i32 = 1;
const READER_GONE: i32 = 141;

/// A command with arguments, and the files or directories that it makes.
struct Form {
    arguments: Vec<String>,
    makes: Vec<PathBuf>,
}

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn place() -> &'static Path {
    static PLACE: LazyLock<(PathBuf, File)> = LazyLock::new(|| {
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("streams");
        let lock = File::create(place.with_extension("lock")).unwrap();
        lock.lock().unwrap();
        // Absent the first time.
        let _ = fs::remove_dir_all(&place);
        fs::create_dir(&place).unwrap();
        (place, lock)
    });
    &PLACE.0
}

/// A stream that takes nothing because its reader went away.
fn reader_gone() -> Stdio {
    let (_, writer) = std::io::pipe().unwrap();
    writer.into()
}

/// A stream that takes nothing because the disk is full.
fn full() -> Stdio {
    let file = OpenOptions::new().write(true).open("/dev/full").unwrap();
    file.into()
}

fn capbench(arguments: &[String], stdout: Stdio, stderr: Stdio) -> Output {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("capbench"));
    command.current_dir(repository()).args(arguments);
    command.env("NO_COLOR", "1").stdin(Stdio::null());
    let child = command.stdout(stdout).stderr(stderr).spawn().unwrap();
    child.wait_with_output().unwrap()
}

/// The smallest run there is, into `runs`.
fn smallest_run(runs: &Path) -> Vec<String> {
    let words = "run ring/nop --guest=capos --boots=1 --no-audit --no-native --quiet --out";
    words
        .split(' ')
        .chain(runs.to_str())
        .map(str::to_owned)
        .collect()
}

/// A run whose reader went away before anything was printed.
static RUN: LazyLock<PathBuf> = LazyLock::new(|| {
    let runs = place().join("runs");
    let made = capbench(&smallest_run(&runs), reader_gone(), Stdio::piped());
    let said = text(&made.stderr);
    assert_eq!(made.status.code(), Some(READER_GONE), "{said}");
    let sealed = runs.join("latest").canonicalize().unwrap();
    // The place, behind a warning where the commit is unknown, and no more.
    assert!(said.trim().ends_with(sealed.to_str().unwrap()), "{said}");
    assert!(!said.contains("standard output"), "{said}");
    sealed
});

/// A store that holds the run.
static STORE: LazyLock<PathBuf> = LazyLock::new(|| {
    let store = place().join("store");
    let line = format!("store --store {} add RUN", store.display());
    let added = form(place(), &line).run(Stdio::null(), Stdio::piped());
    assert_eq!(added.status.code(), Some(0), "{}", words(&added.stderr));
    store
});

/// A stream as a kernel sends it.
static STREAM: LazyLock<PathBuf> = LazyLock::new(|| {
    let stream = place().join("stream");
    fs::write(&stream, bytes(&Shape::default())).unwrap();
    stream
});

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Messages without their layout.
fn words(bytes: &[u8]) -> String {
    let said = text(bytes).replace(['│', '×'], " ");
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `RUN`, `STORE` and `STREAM` stand for those above, `MADE` for a place in
/// `directory` that the command makes.
fn form(directory: &Path, line: &str) -> Form {
    let mut makes = Vec::new();
    let mut fill = |word: &str| match word {
        "RUN" => RUN.to_str().unwrap().to_owned(),
        "STORE" => STORE.to_str().unwrap().to_owned(),
        "STREAM" => STREAM.to_str().unwrap().to_owned(),
        "MADE" => {
            let made = directory.join("made");
            makes.push(made.clone());
            made.to_str().unwrap().to_owned()
        }
        other => other.to_owned(),
    };
    let arguments = line.split(' ').map(&mut fill).collect();
    Form { arguments, makes }
}

/// Every command, in every form that prints by a path of its own, but `run`, `replay`,
/// `gate`, `bisect` and `guest exec`, which boot and have tests of their own.
fn forms(directory: &Path) -> Vec<Form> {
    let stitched = RUN.join("boots/capos-ring-segments-1.ktrace");
    let stitched = format!("inspect {} --stitch ring/nop/1", stitched.display());
    let mut lines = vec![
        "--help".to_owned(),
        "--version".into(),
        "run --help".into(),
        "completions bash".into(),
    ];
    // Those that also print for programs.
    for line in [
        "list",
        "record STREAM --out MADE",
        "inspect tests/golden/ring-segments-v1.ktrace",
        &stitched,
        "verify RUN",
        "judge RUN",
        "judge RUN --output MADE",
        "diff RUN RUN",
        "explain ring/nop/16 --run RUN",
        "report RUN --out MADE",
        "plot RUN --out MADE",
        "store --store MADE add RUN",
        "store --store STORE list",
        "doctor",
        "guest build capos --variant plain",
    ] {
        lines.extend(["text", "json"].map(|format| format!("{line} --format {format}")));
    }
    lines.extend(["csv", "capnp"].map(|format| format!("export RUN --format {format} -o MADE")));
    lines.iter().map(|line| form(directory, line)).collect()
}

impl Form {
    /// Runs it, with nothing there of what it makes.
    fn run(&self, stdout: Stdio, stderr: Stdio) -> Output {
        for made in &self.makes {
            // Either, or not there.
            let _ = fs::remove_dir_all(made);
            let _ = fs::remove_file(made);
        }
        let output = capbench(&self.arguments, stdout, stderr);
        for made in &self.makes {
            assert!(made.exists(), "{self}: {}", words(&output.stderr));
        }
        output
    }
}

impl fmt::Display for Form {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.arguments.join(" "))
    }
}

#[test]
fn a_reader_that_goes_away_ends_every_command_quietly() {
    let directory = tempfile::tempdir().unwrap();
    for form in forms(directory.path()) {
        let whole = form.run(Stdio::piped(), Stdio::piped());
        let said = words(&whole.stderr);
        assert_eq!(whole.status.code(), Some(0), "{form}: {said}");
        assert!(!whole.stdout.is_empty(), "{form}");
        let gone = form.run(reader_gone(), Stdio::piped());
        assert_eq!(gone.status.code(), Some(READER_GONE), "{form}");
        // Nothing but the notes that were there before.
        assert_eq!(words(&gone.stderr), said, "{form}");
    }
}

#[test]
fn a_full_disk_under_standard_output_is_an_error_with_a_remedy() {
    let directory = tempfile::tempdir().unwrap();
    for form in forms(directory.path()) {
        let output = form.run(full(), Stdio::piped());
        let said = words(&output.stderr);
        assert_eq!(output.status.code(), Some(FULL), "{form}: {said}");
        for part in [
            "cannot write to standard output: No space left",
            "send standard output to another place",
        ] {
            assert!(said.contains(part), "{form}: {said}");
        }
        assert!(!said.contains("panicked"), "{form}: {said}");
    }
}

#[test]
fn a_standard_error_that_takes_nothing_changes_no_status() {
    let directory = tempfile::tempdir().unwrap();
    for form in forms(directory.path()) {
        let streams: [(fn() -> Stdio, i32); 2] = [(reader_gone, READER_GONE), (full, FULL)];
        for (stream, status) in streams {
            let output = form.run(Stdio::piped(), stream());
            assert_eq!(output.status.code(), Some(0), "{form}");
            let output = form.run(stream(), stream());
            assert_eq!(output.status.code(), Some(status), "{form}");
        }
    }
}

#[test]
fn commands_without_data_and_errors_need_no_standard_output() {
    let directory = tempfile::tempdir().unwrap();
    for (line, status) in [
        ("man -o MADE", 0),
        ("no-such-command", 1),
        ("run no-such-suite", 1),
        ("verify docs/src", 1),
        ("guest exec no-such-file", 1),
        ("store --store STORE query nonsense", 1),
    ] {
        let form = form(directory.path(), line);
        let streams: [fn() -> Stdio; 2] = [reader_gone, full];
        for stream in streams {
            let output = form.run(stream(), Stdio::piped());
            let said = words(&output.stderr);
            assert_eq!(output.status.code(), Some(status), "{form}: {said}");
            assert!(!said.is_empty() && !said.contains("panicked"), "{said}");
            let output = form.run(Stdio::piped(), stream());
            assert_eq!(output.status.code(), Some(status), "{form}");
        }
    }
}

#[test]
fn a_run_onto_a_full_disk_is_sealed_and_says_where() {
    let runs = place().join("full");
    let output = capbench(&smallest_run(&runs), full(), Stdio::piped());
    let said = words(&output.stderr);
    assert_eq!(output.status.code(), Some(FULL), "{said}");
    for part in [
        "the run is sealed in",
        "cannot write to standard output",
        "send standard output to another place",
    ] {
        assert!(said.contains(part), "{said}");
    }
    let latest = runs.join("latest");
    let verify = ["verify".to_owned(), latest.to_str().unwrap().to_owned()];
    let verified = capbench(&verify, Stdio::piped(), Stdio::piped());
    let said = text(&verified.stdout);
    assert_eq!(verified.status.code(), Some(0), "{said}");
}

#[test]
fn a_run_without_both_streams_has_the_results_of_any_other() {
    let runs = place().join("mute");
    let mut arguments = smallest_run(&runs);
    arguments.retain(|word| word != "--quiet");
    let output = capbench(&arguments, reader_gone(), reader_gone());
    assert_eq!(output.status.code(), Some(READER_GONE));
    let medians = |run: &Path| {
        let bytes = fs::read(run.join("results.json")).unwrap();
        let results: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let rows = results["results"].as_array().unwrap().iter();
        let median = |row: &serde_json::Value| row["measurement"]["median"].as_f64().unwrap();
        rows.map(median).collect::<Vec<_>>()
    };
    assert_eq!(medians(&runs.join("latest")), medians(&RUN));
}

#[test]
fn a_repetition_that_nobody_reads_is_sealed() {
    if checkout::read(repository()).is_err() {
        // An archive of the sources, say: no run of it is ever repeated.
        return;
    }
    for (stdout, stderr, status) in [
        (reader_gone(), reader_gone(), READER_GONE),
        (full(), Stdio::piped(), FULL),
    ] {
        let out = place().join(format!("again-{status}"));
        let line = format!("replay RUN --out {}", out.display());
        let output = form(place(), &line).run(stdout, stderr);
        let said = words(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{said}");
        let is_told = said.contains("the repetition is sealed in");
        assert_eq!(is_told, status == FULL, "{said}");
        let latest = out.join(RUN.file_name().unwrap()).join("latest");
        assert!(latest.join("SHA256SUMS").exists(), "{said}");
    }
}

#[test]
fn a_program_in_a_guest_runs_to_its_end_where_its_console_is_not_read() {
    let build = form(place(), "guest build capos --variant plain");
    let built = build.run(Stdio::piped(), Stdio::piped());
    assert_eq!(built.status.code(), Some(0), "{}", words(&built.stderr));
    let program = "guest exec target/guests/capos/plain/ring-nop.elf";
    let grants = "--grant boot=boot_package --grant console --grant null --grant park=park_bench";
    let rows = "--parameter=rows=ring/nop/1:nop:1:2:5:400";
    let exec = form(place(), &format!("{program} {grants} {rows}"));
    let gone = exec.run(reader_gone(), Stdio::piped());
    assert_eq!(gone.status.code(), Some(READER_GONE));
    assert_eq!(text(&gone.stderr), "");
    let output = exec.run(full(), Stdio::piped());
    let said = words(&output.stderr);
    assert_eq!(output.status.code(), Some(FULL), "{said}");
    assert!(said.contains("cannot write to standard output"), "{said}");
    // Without a grant it panics, which is 101; nothing of that needs standard error.
    let output = form(place(), program).run(Stdio::piped(), reader_gone());
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(101), "{said}");
}

#[test]
fn no_command_is_left_out() {
    let directory = tempfile::tempdir().unwrap();
    let man = form(directory.path(), "man -o MADE");
    assert!(man.run(full(), Stdio::null()).status.success());
    let forms = forms(directory.path());
    let mut tried: BTreeSet<&str> = ["run", "replay", "gate", "bisect", "man"].into();
    tried.extend(forms.iter().map(|form| form.arguments[0].as_str()));
    for entry in fs::read_dir(&man.makes[0]).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let Some(command) = file.trim_end_matches(".1").split('-').nth(1) else {
            continue;
        };
        assert!(tried.contains(command), "{command}");
    }
}
