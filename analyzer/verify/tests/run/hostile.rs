//! Whatever a run holds, looking at it ends in a report.

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
                report.checks.len(),
                report.holds + report.broken + report.not_checked
            );
        }
    }
}

#[test]
fn files_that_are_not_what_they_say_are_faults() {
    let run = Artifact::new();
    for name in run.read("run.json")["boots"].as_array().unwrap() {
        let file = name["capture"]["file"].as_str().unwrap();
        run.write(file, b"\x28\xB5\x2F\xFD and then nothing");
    }
    run.write_log(b"Trace without end");
    run.seal();
    let broken = run.broken();
    for check in ["traces", "damage", "samples", "audit"] {
        assert!(broken.contains(&check), "{check}: {broken:?}");
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
