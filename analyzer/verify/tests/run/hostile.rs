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

#[test]
fn names_of_a_boots_files_that_lead_out_or_to_nothing_are_faults() {
    let names = [
        json!("../x"),
        json!("/etc/hostname"),
        json!("boots/\u{1b}[2J\u{202e}"),
        json!("boots/none.log"),
        json!(""),
        json!(null),
    ];
    for field in ["console", "emulatorLog", "instructionLog"] {
        for name in &names {
            // Of the audit boot, which has a log, and of another.
            for boot in [0, 1] {
                if boot == 1 && field == "instructionLog" && name.is_null() {
                    continue;
                }
                let run = Artifact::new();
                run.edit("run.json", |record| {
                    record["boots"][boot][field] = name.clone();
                });
                let broken = run.broken();
                assert!(
                    broken.contains(&"files"),
                    "{boot} {field} {name}: {broken:?}"
                );
            }
        }
    }
}

#[test]
fn a_log_that_is_gone_is_a_fault_whatever_the_sums_say() {
    for ending in ["console.log", "qemu.log"] {
        let run = Artifact::new();
        fs::remove_file(run.path(&format!("boots/capos-ring-samples-1.{ending}"))).unwrap();
        run.seal();
        assert_eq!(run.broken(), ["files"], "{ending}");
    }
}

#[test]
fn a_boot_that_never_began_may_lack_its_logs() {
    let run = Artifact::new();
    run.edit("run.json", |record| {
        record["boots"][1]["exit"] = json!({"kind": "notTried", "because": "x"});
    });
    fs::remove_file(run.path("boots/capos-ring-segments-1.console.log")).unwrap();
    run.seal();
    let broken = run.broken();
    assert!(!broken.contains(&"files"), "{broken:?}");
}

#[test]
fn another_boots_stream_is_not_a_boots_own() {
    let run = Artifact::new();
    run.edit("run.json", |record| {
        record["boots"][2]["capture"] = record["boots"][3]["capture"].clone();
    });
    assert!(run.broken().contains(&"files"));
}

#[test]
fn a_trace_that_is_a_hole_of_a_terabyte_is_named_with_its_size_and_not_read() {
    let run = Artifact::new();
    let name = "boots/capos-ring-samples-1.ktrace";
    let file = fs::File::create(run.path(name)).unwrap();
    file.set_len(1 << 40).unwrap();
    let begun = std::time::Instant::now();
    let report = run.verify();
    for check in ["sums", "traces"] {
        let said = evidence(&report, check);
        assert!(said.contains(name), "{check}: {said}");
        assert!(said.contains("1099511627776 bytes"), "{check}: {said}");
        assert!(said.contains("copy the run again"), "{check}: {said}");
    }
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
}

#[test]
fn a_megabyte_in_a_document_is_not_said_again() {
    let long = "x".repeat(1 << 20);
    for (file, place) in [
        ("run.json", "boots"),
        ("run.json", "runId"),
        ("run.json", "schema"),
        ("results.json", "results"),
        ("definitions.json", "benchmarks/ring/nop"),
        ("audit.json", "entries"),
    ] {
        let run = Artifact::new();
        run.edit(file, |document| document[place] = json!(long));
        let report = run.verify();
        let said: usize = report
            .checks()
            .flat_map(|check| &check.evidence)
            .map(String::len)
            .sum();
        assert!(!report.all_held(), "{file} {place}");
        assert!(said < 64 << 10, "{file} {place}: {said} bytes");
    }
}

#[test]
fn no_reader_opens_a_record_whose_paths_lead_out() {
    use capbench_runner::artifact::{Artifact as Reader, ReadError};

    let places = [
        "/boots/0/console",
        "/boots/1/emulatorLog",
        "/boots/0/instructionLog",
        "/boots/1/instructionLog",
        "/boots/1/capture/file",
        "/checkout/directory",
    ];
    for place in places {
        for name in ["../../..", "/etc/hostname", "x\u{1b}[2J", ""] {
            let run = Artifact::new();
            run.edit("run.json", |record| {
                let (parent, key) = place.rsplit_once('/').unwrap();
                record.pointer_mut(parent).unwrap()[key] = json!(name);
            });
            let refused = Reader::open(run.root());
            assert!(
                matches!(refused, Err(ReadError::LeadsOut { .. })),
                "{place} {name:?}: {refused:?}"
            );
        }
    }
}
