//! Repeating a hostile run: refused, and nothing of it executed.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::base::{SUMS, copy, edit, replace, seal};
use crate::case::{Case, Expected, Place, words};
use crate::damage::Damage;

const AREA: &str = "replay";

/// Variables that name programs, or add to what a program is told.
const VARIABLES: [&str; 12] = [
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC",
    "CARGO",
    "RUSTDOC",
    "PATH",
    "LD_PRELOAD",
    "CARGO_BUILD_RUSTC",
    "CARGO_TARGET_X86_64_UNKNOWN_NONE_LINKER",
    "CARGO_HOME",
    "CC",
    "CAPBENCH_QEMU",
];

/// Names of parameters and features that would be options or more than one word.
const NAMES: [&str; 6] = ["--qemu", "a b", "a=b,c", "../x", "", "a\nb"];

/// A run with one thing of its record changed and sums that hold, and a program that
/// leaves a mark where it is started.
fn hostile(place: &Place, change: impl FnOnce(&mut Value, &str)) -> Vec<String> {
    let run = place.path("run");
    copy(&place.base.run, &run);
    let program = place.path("program");
    let mark = place.trap();
    let script = format!("#!/bin/sh\n: > '{}'\nexec \"$@\"\n", mark.display());
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let program = program.to_str().unwrap();
    edit(&run.join("run.json"), |record| change(record, program));
    seal(&run);
    replay(place)
}

fn replay(place: &Place) -> Vec<String> {
    let out = place.path("repeated").to_str().unwrap().to_owned();
    let mut arguments = words(&["replay"], &place.path("run"));
    arguments.extend(["--out".to_owned(), out]);
    arguments
}

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let refused = Expected::REFUSED;
    for (seed, name) in (0..).zip(VARIABLES) {
        let expected = refused.saying("variable");
        cases.push(Case::new(
            AREA,
            "variable",
            seed,
            expected,
            move |place, _| {
                hostile(place, |record, program| {
                    record["overrides"]["extra"] = json!({"environment": {name: program}});
                })
            },
        ));
    }
    for (seed, name) in (0..).zip(NAMES) {
        let expected = refused.saying("no name");
        cases.push(Case::new(
            AREA,
            "parameter",
            seed,
            expected,
            move |place, _| {
                hostile(place, |record, program| {
                    record["overrides"]["parameters"] = json!({name: program});
                })
            },
        ));
        cases.push(Case::new(
            AREA,
            "feature",
            seed,
            expected,
            move |place, _| {
                hostile(place, |record, _| {
                    record["overrides"]["extra"] = json!({"features": [name]});
                })
            },
        ));
    }
    let changes: [(&str, fn(&mut Value, &str)); 6] = [
        ("kernel", |record, program| {
            record["overrides"]["extra"] = json!({"kernel": program});
        }),
        ("guest", |record, program| {
            record["overrides"]["guests"] = json!([program]);
        }),
        ("variant", |record, program| {
            record["overrides"]["variants"] = json!([program]);
        }),
        ("mode", |record, program| record["mode"] = json!(program)),
        ("commit", |record, program| {
            record["checkout"]["commit"] = json!(format!("--exec={program}"));
        }),
        ("run-id", |record, _| record["runId"] = json!("../../x")),
    ];
    for (kind, change) in changes {
        cases.push(Case::new(AREA, kind, 0, refused, move |place, _| {
            hostile(place, change)
        }));
    }
    for damage in Damage::ALL {
        for (seed, name) in (0..).zip(["run.json", "replay.sh", SUMS]) {
            let kind = format!("sums-{damage:?}").to_lowercase();
            cases.push(Case::new(
                AREA,
                kind,
                seed,
                refused,
                move |place, random| {
                    let run = place.path("run");
                    copy(&place.base.run, &run);
                    damage.apply(&run.join(name), random);
                    replay(place)
                },
            ));
        }
    }
    for (seed, sums) in (0..).zip(["", "x", "0  ../../etc/passwd\n", "\u{1b}[2J  run.json\n"]) {
        cases.push(Case::new(
            AREA,
            "bad-sums",
            seed,
            refused,
            move |place, _| {
                let run = place.path("run");
                copy(&place.base.run, &run);
                replace(&run.join(SUMS), sums.as_bytes());
                replay(place)
            },
        ));
    }
    cases
}
