//! A run that was left alone holds; one thing changed in it breaks the check whose
//! matter it is. SHA256SUMS is fixed up unless it is the matter: whoever changes a
//! number can also change a list of hashes.

use std::fs;

use crate::artifact::{Artifact, DEFINITION, first_measurement, names, raw};
use capbench_results::{ContextRow, ContextValue, Outcome, Unit};
use capbench_runner::hash;
use capbench_verify::{Definitions, Run, Verdict};
use serde_json::json;
use trace_format::control::{ControlFrame, OracleOutcome, Verdict as Word};
use trace_format::decode::{Event, Frames};
use trace_format::{Context, Lost, Origin};

#[test]
fn a_run_that_was_left_alone_holds() {
    let report = Artifact::new().verify();
    assert_eq!(names(&report, Verdict::Broken), [""; 0], "{report:#?}");
    let unchecked = names(&report, Verdict::NotChecked);
    assert_eq!(unchecked, ["native", "refusals", "instruments", "audit"]);
    assert_eq!(report.holds + report.not_checked, report.checks.len());
}

#[test]
fn a_changed_sample_contradicts_the_traces() {
    let run = Artifact::new();
    run.edit_results(|results| {
        let Outcome::Passed(measurement) = &mut results.results[10].outcome else {
            panic!("the first Linux row passed");
        };
        // One of the smallest becomes one of the largest: the results' own laws hold.
        let (min, max) = (measurement.min, measurement.max);
        let samples = &mut measurement.samples;
        *samples.iter_mut().rfind(|value| **value == min).unwrap() = max;
    });
    // The two files agree with each other, and with their sums: only the traces do not.
    let broken = run.broken();
    assert_eq!(broken[0], "samples");
    assert!(!broken.contains(&"forms"), "{broken:?}");
    let report = run.verify();
    let check = report.checks.iter().find(|check| check.name == "samples");
    let evidence = &check.unwrap().evidence[0];
    assert!(evidence.contains("linux/io-uring-nop/1"), "{evidence}");
    assert!(evidence.contains("the traces say"), "{evidence}");
}

#[test]
fn a_sample_changed_in_one_form_contradicts_the_other_too() {
    let run = Artifact::new();
    run.edit("results.json", |document| {
        first_measurement(document)["samples"][3] = json!(1.0);
    });
    assert_eq!(run.broken(), ["forms", "samples"]);
}

#[test]
fn a_changed_median_contradicts_the_traces() {
    let run = Artifact::new();
    run.edit("results.json", |document| {
        first_measurement(document)["median"] = json!(1.0);
    });
    let broken = run.broken();
    assert!(broken.contains(&"statistics"), "{broken:?}");
    assert!(broken.contains(&"forms"), "{broken:?}");
}

#[test]
fn a_flipped_byte_in_a_trace_is_found_with_and_without_its_sum() {
    let run = Artifact::new();
    let path = run.path("boots/capos-ring-samples-2.ktrace");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    fs::write(&path, bytes).unwrap();
    let broken = run.broken();
    assert!(broken.contains(&"sums"), "{broken:?}");
    assert!(broken.contains(&"traces"), "{broken:?}");
    run.seal();
    let broken = run.broken();
    assert!(!broken.contains(&"sums"), "{broken:?}");
    assert!(broken.contains(&"traces"), "{broken:?}");
}

#[test]
fn a_swapped_trace_is_found() {
    let run = Artifact::new();
    let (from, to) = ("capos-ring-segments-1", "capos-ring-samples-2");
    let path = |stem: &str| run.path(&format!("boots/{stem}.ktrace"));
    fs::copy(path(from), path(to)).unwrap();
    run.seal();
    let broken = run.broken();
    for check in ["traces", "exact", "samples"] {
        assert!(broken.contains(&check), "{check}: {broken:?}");
    }
    // The record changed with it: now boots of one kind differ.
    let stream = raw(&path(to));
    run.edit("run.json", |record| {
        let capture = &mut record["boots"][2]["capture"];
        capture["sha256"] = json!(hash::of(&stream));
        capture["bytes"] = json!(stream.len());
    });
    let broken = run.broken();
    for check in ["exact", "artifact-hash", "samples"] {
        assert!(broken.contains(&check), "{check}: {broken:?}");
    }
    assert!(!broken.contains(&"traces"), "{broken:?}");
}

#[test]
fn a_changed_hash_in_the_record_is_found() {
    let other = json!(hash::of(b"another"));
    let run = Artifact::new();
    let envelope = |record: &mut serde_json::Value| record["envelope"]["hash"] = other.clone();
    run.edit("run.json", envelope);
    assert_eq!(run.broken(), ["identity", "envelope"]);

    let run = Artifact::new();
    run.edit("run.json", |record| {
        record["boots"][1]["capture"]["sha256"] = other.clone();
    });
    assert_eq!(run.broken(), ["traces", "artifact-hash"]);

    let run = Artifact::new();
    run.edit("run.json", |record| {
        record["bootImages"]["images/x.initrd"] = other.clone();
    });
    assert_eq!(run.broken(), ["images"]);

    let run = Artifact::new();
    run.edit("run.json", |record| {
        record["definitions"][DEFINITION] = other
    });
    assert_eq!(run.broken(), ["definitions"]);
}

#[test]
fn a_changed_envelope_or_command_line_is_found() {
    let run = Artifact::new();
    run.edit("run.json", |record| {
        record["envelope"]["arguments"][1] = json!("pc")
    });
    assert_eq!(run.broken(), ["envelope", "command-lines"]);
    let run = Artifact::new();
    run.edit("run.json", |record| {
        record["boots"][0]["arguments"][1] = json!("pc")
    });
    assert_eq!(run.broken(), ["command-lines"]);
}

#[test]
fn a_removed_and_an_added_file_are_found() {
    let run = Artifact::new();
    fs::remove_file(run.path("boots/linux-linux-matched-perf-1.ktrace")).unwrap();
    let broken = run.broken();
    assert_eq!(broken[0], "sums");
    assert!(broken.contains(&"perturbations"), "{broken:?}");
    let run = Artifact::new();
    run.write("boots/notes.txt", b"mine");
    assert_eq!(run.broken(), ["sums"]);
}

#[test]
fn without_the_record_everything_else_says_so() {
    let run = Artifact::new();
    fs::remove_file(run.path("run.json")).unwrap();
    let report = run.verify();
    assert_eq!(names(&report, Verdict::Broken), ["sums"]);
    let why = report.checks.iter().find(|check| check.name == "samples");
    assert!(why.unwrap().evidence[0].contains("run.json"), "{why:?}");
}

#[test]
fn a_changed_ratio_is_found() {
    let run = Artifact::new();
    run.edit("results.json", |document| {
        document["comparisons"][0]["ratio"]["value"] = json!(0.5);
    });
    assert_eq!(run.broken(), ["forms", "ratios"]);
}

#[test]
fn a_changed_breakdown_is_found() {
    let run = Artifact::new();
    run.edit_results(|results| {
        let Outcome::Passed(measurement) = &mut results.results[0].outcome else {
            panic!("the first row passed");
        };
        measurement.breakdown.as_mut().unwrap().segments[0].count += 1;
    });
    assert_eq!(run.broken(), ["breakdown"]);
}

#[test]
fn a_boot_that_ended_badly_or_was_left_out_is_found() {
    let run = Artifact::new();
    run.edit("run.json", |record| {
        record["boots"][1]["exit"] = json!({"kind": "timedOut", "seconds": 3});
    });
    assert_eq!(run.broken(), ["boots"]);

    let run = Artifact::new();
    run.edit("results.json", |document| {
        let measurement = first_measurement(document);
        measurement["boots"].as_array_mut().unwrap().pop();
    });
    let broken = run.broken();
    assert!(broken.contains(&"boots"), "{broken:?}");
}

#[test]
fn a_number_that_its_oracle_refused_is_found() {
    let run = Artifact::new();
    rewrite_streams(&run, refused);
    assert_eq!(run.broken(), ["artifact-hash", "verdicts"]);
}

#[test]
fn streams_that_lack_their_end_are_found() {
    let run = Artifact::new();
    rewrite_streams(&run, |mut stream| {
        stream.truncate(stream.len() - 8);
        stream
    });
    let broken = run.broken();
    assert!(broken.contains(&"complete"), "{broken:?}");
    assert!(!broken.contains(&"traces"), "{broken:?}");
}

/// Other streams of the first kind of boot, with a record that knows their hashes.
fn rewrite_streams(run: &Artifact, change: fn(Vec<u8>) -> Vec<u8>) {
    for stem in ["capos-ring-samples-1", "capos-ring-samples-2"] {
        let path = run.path(&format!("boots/{stem}.ktrace"));
        let stream = change(raw(&path));
        fs::write(&path, zstd::encode_all(&stream[..], 3).unwrap()).unwrap();
        run.edit("run.json", |record| {
            let boots = record["boots"].as_array_mut().unwrap();
            for boot in boots {
                let capture = &mut boot["capture"];
                if capture["file"].as_str().unwrap().contains(stem) {
                    capture["sha256"] = json!(hash::of(&stream));
                    capture["bytes"] = json!(stream.len());
                }
            }
        });
    }
}

#[test]
fn a_native_number_without_its_trace_or_beside_it_is_found() {
    let run = Artifact::new();
    run.edit_results(|results| {
        results.context.push(ContextRow {
            column: "native host".into(),
            benchmark_name: "linux/null-syscall/1".into(),
            source: "a kernel".into(),
            outcome: Outcome::Passed(ContextValue {
                unit: Unit::Ns,
                median: 1.0,
                min: 1.0,
                n: 256,
            }),
        });
    });
    assert_eq!(run.broken(), ["native"], "no trace");
    run.edit("run.json", |record| {
        let boots = record["boots"].as_array().unwrap();
        let linux = boots.iter().find(|boot| boot["guest"] == "linux");
        record["native"] = json!({
            "exit": { "kind": "clean" },
            "capture": linux.unwrap()["capture"],
            "log": "native/native.log",
        });
    });
    assert_eq!(run.broken(), ["native"], "another number than the trace's");
}

/// The stream with one more verdict at its end, against the first window.
fn refused(mut stream: Vec<u8>) -> Vec<u8> {
    let frames = Frames::new(&stream).filter(|event| matches!(event, Event::Frame(_)));
    let origin = Origin {
        cpu: 0,
        context: Context::Thread,
        sequence: frames.count() as u32,
        lost: Lost::default(),
    };
    let mut buffer = vec![0; 4096];
    let mut frame = ControlFrame::new(&mut buffer);
    let word = Word {
        window: 1,
        outcome: OracleOutcome::Failed,
        submitted: 1,
        completed: 1,
        failures: 1,
        detail: "a wrong result",
    };
    frame.push(&word).unwrap();
    stream.extend_from_slice(frame.finish(origin, 0));
    stream
}

#[test]
fn a_path_that_leads_out_of_the_run_is_not_followed() {
    let run = Artifact::new();
    run.edit("run.json", |record| {
        record["boots"][1]["capture"]["file"] = json!("../boots/x.ktrace");
    });
    let report = run.verify();
    let traces = report.checks.iter().find(|check| check.name == "traces");
    let evidence = traces.unwrap().evidence.join("\n");
    assert!(evidence.contains("leads out of the run"), "{evidence}");
}

#[test]
fn definitions_that_changed_since_break_nothing_and_are_named() {
    let mut run = Artifact::new();
    run.definitions = Definitions::Of {
        commit: "a later one".into(),
        dirty: false,
        hashes: [(DEFINITION.to_owned(), "0".repeat(64))].into(),
    };
    let report = run.verify();
    assert!(names(&report, Verdict::NotChecked).contains(&"definitions"));
    let check = report.checks.iter().find(|c| c.name == "definitions");
    assert!(check.unwrap().evidence[0].contains(DEFINITION), "{check:?}");
}

#[test]
fn what_is_no_run_is_an_error() {
    let nothing = tempfile::tempdir().unwrap();
    let definitions = Definitions::Unknown("none here".into());
    let error = Run::open(nothing.path(), definitions).unwrap_err();
    assert!(error.to_string().contains("there is no run"), "{error}");
}
