//! A real run, made by booting the smallest benchmark there is: it verifies, its
//! rows are explained, and it repeats to the bit; after one sample was changed it
//! does neither.

use capbench_tests::checkout::Checkout;
use capbench_tests::command::{self, assert_verifies, executable, said};
use capbench_tests::source_copy::{copy_tree, repository, sources};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn capbench(arguments: &[&str]) -> Output {
    let mut command = Command::new(executable());
    command.env("NO_COLOR", "1").env("COLUMNS", "300");
    let output = command.current_dir(repository()).args(arguments).output();
    output.unwrap()
}

fn json_of(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// Every sample of every row one higher, and all that follows from them: a run that
/// contradicts nothing but its traces.
fn raise_every_sample(run: &Path) {
    let path = run.join("results.json");
    let mut document: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let rows = document["results"].as_array_mut().unwrap();
    // The smoke's row has no cold value.
    for row in rows.iter_mut().filter(|row| row["tier"] == 1) {
        let measurement = &mut row["measurement"];
        for name in ["median", "mean", "p95", "min", "max", "cold"] {
            raise(&mut measurement[name]);
        }
        raise(&mut measurement["range"]["low"]);
        raise(&mut measurement["range"]["high"]);
        for sample in measurement["samples"].as_array_mut().unwrap() {
            raise(sample);
        }
        for boot in measurement["boots"].as_array_mut().unwrap() {
            raise(&mut boot["median"]);
        }
        measurement.as_object_mut().unwrap().remove("breakdown");
    }
    fs::write(&path, document.to_string()).unwrap();
}

/// Makes the checksums hold after a change of one file, as whoever lies would.
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

fn raise(value: &mut Value) {
    *value = json!(value.as_f64().unwrap() + 1.0);
}

/// Judging a run whose stored results were changed names what was changed, leaves the run
/// as it is, and writes what it comes to only where it is asked to.
fn judged_as_it_was(original: &Path, changed: &Path, place: &Path) {
    let before = fs::read(changed.join("results.json")).unwrap();
    let output = place.join("judged");
    let (run, to) = (changed.to_str().unwrap(), output.to_str().unwrap());
    let judged = capbench(&["judge", run, "--output", to]);
    assert_eq!(judged.status.code(), Some(2), "{judged:?}");
    let printed = String::from_utf8(judged.stdout).unwrap();
    assert!(printed.contains("the run keeps other results"), "{printed}");
    assert!(printed.contains("median"), "{printed}");
    assert_eq!(fs::read(changed.join("results.json")).unwrap(), before);
    for name in [
        "results.json",
        "results.capnp",
        "audit.json",
        "exercised.json",
    ] {
        let judged = fs::read(output.join(name)).unwrap();
        assert_eq!(judged, fs::read(original.join(name)).unwrap(), "{name}");
    }
    let again = capbench(&["judge", run, "--output", to]);
    assert_eq!(
        again.status.code(),
        Some(1),
        "what is there is not replaced"
    );
}

#[test]
fn a_run_verifies_explains_itself_and_repeats() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("runs");
    let made = capbench(&[
        "run",
        "ring/nop",
        "--guest=capos",
        "--boots=2",
        "--no-audit",
        "--no-native",
        "--format=json",
        "--out",
        out.to_str().unwrap(),
    ]);
    assert_eq!(made.status.code(), Some(0), "{made:?}");
    let printed = json_of(&made);
    let latest = out.join("latest");
    let stored = fs::read(latest.join("results.json")).unwrap();
    assert_eq!(made.stdout, stored, "json is the content of results.json");

    let run = latest.to_str().unwrap();
    let verified = capbench(&["verify", run, "--format=json"]);
    assert_eq!(verified.status.code(), Some(0), "{verified:?}");
    assert_eq!(json_of(&verified)["broken"], 0);
    assert_eq!(json_of(&verified)["judgedAlike"], 4);
    let judged = capbench(&["judge", run, "--format=json"]);
    assert_eq!(judged.status.code(), Some(0), "{judged:?}");
    assert_eq!(json_of(&judged)["differences"], json!([]));

    let explained = capbench(&["explain", "ring/nop/16", "--run", run, "--format=json"]);
    let median = &printed["results"][1]["measurement"]["median"];
    let cell = &json_of(&explained)[0];
    assert_eq!(cell["measurement"]["median"], *median);
    let attempts = cell["attempts"].as_array().unwrap();
    let samples = |attempt: &&Value| attempt["boot"].as_str().unwrap().contains("samples");
    assert_eq!(attempts.iter().filter(samples).count(), 2);
    for attempt in attempts.iter().filter(samples) {
        assert_eq!(attempt["said"]["median"], *median);
    }

    let changed = place.path().join("changed");
    copy_tree(&latest.canonicalize().unwrap(), &changed).unwrap();
    raise_every_sample(&changed);
    let verified = capbench(&["verify", changed.to_str().unwrap(), "--format=json"]);
    assert_eq!(verified.status.code(), Some(2), "{verified:?}");
    let checks = json_of(&verified)["recomputed"].clone();
    let broken = checks.as_array().unwrap().iter();
    let broken = broken.filter(|check| check["verdict"] == "broken");
    let broken: Vec<&str> = broken.filter_map(|check| check["name"].as_str()).collect();
    for name in ["sums", "forms", "samples", "statistics"] {
        assert!(broken.contains(&name), "{name}: {broken:?}");
    }
    judged_as_it_was(&latest, &changed, place.path());

    if !sources().has_commit() {
        // An archive of the sources, say: there is no commit to repeat from.
        assert_eq!(capbench(&["replay", run]).status.code(), Some(1));
        return;
    }
    replay(&latest, 0, &place.path().join("again"), "");
    seal(&changed, "results.json");
    replay(&changed, 2, &place.path().join("differently"), "became");
    from_another_commit(&changed);
    from_another_repository(&latest);
}

/// The script would run whatever is there.
fn from_another_repository(run: &Path) {
    let other = tempfile::tempdir().unwrap();
    let mut init = Command::new("git");
    let init = init.args(["init", "--quiet"]).arg(other.path()).status();
    assert!(init.unwrap().success());
    let mut script = Command::new(run.join("replay.sh"));
    let refused = said(&script.arg(other.path()).output().unwrap());
    assert_eq!(refused.status, 1, "{}", refused.text);
    let words = "does not have commit";
    assert!(refused.text.contains(words), "{}", refused.text);
}

#[test]
fn a_run_of_an_unknown_commit_warns_says_so_and_is_never_repeated() {
    let checkout = Checkout::new().unwrap();
    let capbench = |line: &str| {
        let arguments: Vec<&str> = line.split(' ').collect();
        command::run(command::capbench(&checkout, &arguments))
    };
    let made =
        capbench("run ring/nop --guest=capos --boots=1 --variant=samples --no-audit --no-native");
    assert_eq!(made.status, 0, "{}", made.text);
    for words in [
        "their commit is unknown",
        "is in no git repository",
        "work in a clone",
        "commit unknown\n",
    ] {
        assert!(made.text.contains(words), "{words}: {}", made.text);
    }
    let latest = checkout.latest_run();
    let record = fs::read(latest.join("run.json")).unwrap();
    let record: Value = serde_json::from_slice(&record).unwrap();
    assert_eq!(record["checkout"]["commit"], "unknown");
    assert_eq!(record["checkout"]["dirty"], true);
    assert_verifies(&checkout);

    let replayed = capbench("replay");
    assert_eq!(replayed.status, 1, "{}", replayed.text);
    let words = "the commit that the run was made at is unknown";
    assert!(replayed.text.contains(words), "{}", replayed.text);
    let mut script = Command::new(latest.join("replay.sh"));
    // Not even where there is a repository.
    let refused = said(&script.arg(repository()).output().unwrap());
    assert_eq!(refused.status, 1, "{}", refused.text);
    let words = "cannot be repeated: the commit of its sources is unknown";
    assert!(refused.text.contains(words), "{}", refused.text);
}

fn replay(run: &Path, status: i32, out: &Path, difference: &str) {
    let out = out.to_str().unwrap();
    let replayed = capbench(&[
        "replay",
        run.to_str().unwrap(),
        "--out",
        out,
        "--format=json",
    ]);
    assert_eq!(replayed.status.code(), Some(status), "{replayed:?}");
    let said = String::from_utf8_lossy(&replayed.stderr).into_owned();
    assert!(said.contains(r#""run" "--mode" "exact""#), "{said}");
    let rows = json_of(&replayed)["rows"].clone();
    let rows = rows.as_array().unwrap().iter();
    // The smoke's row was left as it was.
    for row in rows.filter(|row| row["system"] == "ring") {
        let differences = row["differences"].to_string();
        assert_eq!(differences == "[]", status == 0, "{differences}");
        assert!(differences.contains(difference), "{differences}");
    }
}

fn from_another_commit(run: &Path) {
    let path = run.join("run.json");
    let mut record: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    record["checkout"]["commit"] = json!("0".repeat(40));
    fs::write(&path, record.to_string()).unwrap();
    seal(run, "run.json");
    let refused = capbench(&["replay", run.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("git worktree add"), "{said}");
}
