//! Runs whose record would have something executed.

use std::fs;

use serde_json::{Value, json};

use crate::case::{Case, Expected};
use crate::subject::{Subject, word};

/// What would be made if anything of a record were executed.
const MADE: &str = "executed";

pub fn cases(_: &Subject) -> Vec<Case> {
    let changes: [(&str, &str, Value); 8] = [
        (
            "a wrapper of the compiler",
            "/overrides/extra/environment/RUSTC_WRAPPER",
            json!("SCRIPT"),
        ),
        (
            "flags of the compiler",
            "/overrides/extra/environment/RUSTFLAGS",
            json!("-Clinker=SCRIPT"),
        ),
        (
            "a search path",
            "/overrides/extra/environment/PATH",
            json!("DIRECTORY"),
        ),
        (
            "a selection that is an option",
            "/selection",
            json!("--qemu=SCRIPT"),
        ),
        ("a selection that leads out", "/selection", json!("../../x")),
        (
            "a commit that is an option",
            "/checkout/commit",
            json!("--upload-pack=SCRIPT"),
        ),
        ("a run id that leads out", "/runId", json!("../../x")),
        (
            "a directory that leads out",
            "/checkout/directory",
            json!("../../.."),
        ),
    ];
    let mut cases = Vec::new();
    for (name, place, value) in changes {
        for mended in [false, true] {
            let value = value.clone();
            cases.push(Case {
                area: "replay",
                fault: format!(
                    "{name}, sums {}",
                    if mended { "put right" } else { "as they were" }
                ),
                seed: u64::from(mended),
                expected: Expected::NotInOrder,
                prepare: Box::new(move |directory, subject| {
                    let run = subject.copy_of_run(directory);
                    let script = directory.join("script");
                    let text = format!("#!/bin/sh\ntouch {}\n", word(&directory.join(MADE)));
                    fs::write(&script, text).unwrap();
                    executable(&script);
                    let text = value.as_str().unwrap();
                    let text = text.replace("SCRIPT", word(&script));
                    let text = text.replace("DIRECTORY", word(directory));
                    let path = run.join("run.json");
                    let record = fs::read_to_string(&path).unwrap();
                    let mut record: Value = serde_json::from_str(&record).unwrap();
                    put(&mut record, place, json!(text));
                    fs::write(&path, record.to_string()).unwrap();
                    if mended {
                        mend(&run, "run.json");
                    }
                    ["replay", word(&run)].map(str::to_owned).into()
                }),
                sound: None,
                never_made: Some(MADE),
            });
        }
    }
    cases
}

fn executable(script: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(script, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Puts a value where nothing or something stands.
pub fn put(record: &mut Value, place: &str, value: Value) {
    let mut at = &mut *record;
    for key in place.trim_start_matches('/').split('/') {
        if !at.is_object() {
            *at = json!({});
        }
        at = &mut at[key];
    }
    *at = value;
    let extra = &mut record["overrides"]["extra"];
    if extra.is_object() && extra["features"].is_null() {
        extra["features"] = json!([]);
    }
    if extra.is_object() && extra["environment"].is_null() {
        extra["environment"] = json!({});
    }
    if record["overrides"]["extra"].is_null() {
        record["overrides"]
            .as_object_mut()
            .map(|fields| fields.remove("extra"));
    }
}

/// The file's sum, as it is now.
pub fn mend(run: &std::path::Path, file: &str) {
    let sums = fs::read_to_string(run.join("SHA256SUMS")).unwrap();
    let sum = capbench_runner::hash::of_file(&run.join(file)).unwrap();
    let ending = format!("  {file}");
    let lines = sums.lines().map(|line| match line.ends_with(&ending) {
        true => format!("{sum}{ending}\n"),
        false => format!("{line}\n"),
    });
    fs::write(run.join("SHA256SUMS"), lines.collect::<String>()).unwrap();
}
