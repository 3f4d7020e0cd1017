//! Whatever a run holds, looking at it ends in a report.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use capbench_verify::Report;
use serde_json::{Value, json};

use crate::artifact::Artifact;

/// Places tried in each file; looking at a run takes a part of a second.
const TRIALS: usize = 12;

/// Everything of a document that can be something else.
fn each_place(value: &Value, at: &str, places: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let key = key.replace('~', "~0").replace('/', "~1");
                each_place(value, &format!("{at}/{key}"), places);
            }
        }
        // The first of many alike is as good as any.
        Value::Array(items) => {
            if let Some(first) = items.first() {
                each_place(first, &format!("{at}/0"), places);
            }
        }
        _ => {}
    }
    places.push(at.to_owned());
}

#[test]
fn a_record_or_results_of_anything_are_looked_at_and_never_panic() {
    let others = [
        json!(null),
        json!(-1),
        json!("../../x"),
        json!([]),
        json!({}),
    ];
    for file in ["run.json", "definitions.json", "audit.json"] {
        let run = Artifact::new();
        let original = run.read(file);
        let mut places = Vec::new();
        each_place(&original, "", &mut places);
        let step = places.len().div_ceil(TRIALS);
        for (number, place) in places.iter().step_by(step).enumerate() {
            let mut changed = original.clone();
            *changed.pointer_mut(place).unwrap() = others[number % others.len()].clone();
            run.write(file, changed.to_string().as_bytes());
            let report = run.verify();
            assert_eq!(
                report.checks().count(),
                report.holds
                    + report.judged_alike
                    + report.broken
                    + report.not_checked
                    + report.do_not_apply
            );
        }
    }
}

#[test]
fn files_that_are_not_what_they_say_are_faults() {
    let run = Artifact::new();
    for name in run.read("run.json")["boots"].as_array().unwrap() {
        let Some(file) = name["capture"]["file"].as_str() else {
            continue;
        };
        run.write(file, b"\x28\xB5\x2F\xFD and then nothing");
    }
    run.write_log(b"Trace without end");
    run.seal();
    let broken = run.broken();
    for check in ["traces", "samples", "audit"] {
        assert!(broken.contains(&check), "{check}: {broken:?}");
    }
}

/// Kinds of files that a run may hold in place of its own, and how a fault calls them.
const NO_FILES: [&str; 2] = ["no regular file", "a link"];

fn put_in_place_of(file: &Path, what: &str) {
    fs::remove_file(file).unwrap();
    if what == "a link" {
        symlink("/dev/zero", file).unwrap();
    } else {
        let made = Command::new("mkfifo").arg(file).status();
        assert!(made.unwrap().success());
    }
}

fn evidence(report: &Report, check: &str) -> String {
    let mut checks = report.checks();
    let check = checks.find(|found| found.name == check).unwrap();
    check.evidence.join("; ")
}

#[test]
fn a_fifo_or_a_link_to_a_device_is_a_fault_and_is_never_read() {
    let stored = |run: &Artifact| {
        let boots = run.read("run.json")["boots"].clone();
        let mut files = boots.as_array().unwrap().iter();
        files.find_map(|boot| boot["capture"]["file"].as_str().map(str::to_owned))
    };
    for what in NO_FILES {
        let run = Artifact::new();
        let trace = stored(&run).unwrap();
        let files = [
            ("SHA256SUMS", "sums"),
            ("results.capnp", "forms"),
            ("definitions.json", "complete"),
            ("results.json", "forms"),
            (&trace, "traces"),
            ("run.json", "identity"),
        ];
        for (name, check) in files {
            put_in_place_of(&run.path(name), what);
            let said = evidence(&run.verify(), check);
            assert!(said.contains(what), "{name}: {check}: {said}");
        }
    }
}

#[test]
fn a_link_inside_of_the_run_is_a_fault_too() {
    let run = Artifact::new();
    fs::rename(run.path("boots"), run.path("elsewhere")).unwrap();
    symlink("elsewhere", run.path("boots")).unwrap();
    let said = evidence(&run.verify(), "traces");
    assert!(said.contains("lies behind one"), "{said}");
}

#[test]
fn a_hole_of_a_terabyte_is_a_fault_and_is_not_hashed() {
    let run = Artifact::new();
    let file = fs::File::create(run.path("results.capnp")).unwrap();
    file.set_len(1 << 40).unwrap();
    let report = run.verify();
    for check in ["sums", "forms"] {
        let said = evidence(&report, check);
        assert!(said.contains("more than the"), "{check}: {said}");
    }
}

#[test]
fn what_a_record_names_outside_of_the_run_is_a_fault() {
    for outside in ["../x", "/etc/hostname"] {
        let run = Artifact::new();
        run.edit("run.json", |record| {
            record["boots"][0]["capture"]["file"] = json!(outside);
            record["bootImages"] = json!({ outside: "0".repeat(64) });
        });
        let report = run.verify();
        for check in ["traces", "images"] {
            let said = evidence(&report, check);
            assert!(said.contains("leads out of the run"), "{check}: {said}");
        }
    }
}

#[test]
fn both_readers_keep_equally_many_statements() {
    let ours = capbench_verify::STATEMENTS_MAX;
    assert_eq!(ours, capbench_frames::statements::LIMIT);
}

#[test]
fn a_log_without_lines_is_no_log() {
    let run = Artifact::new();
    run.write_log(&vec![b'x'; 1 << 20]);
    run.seal();
    assert!(run.broken().contains(&"audit"));
}
