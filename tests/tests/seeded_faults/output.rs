//! Places that take no output.

use std::fs;
use std::path::{Path, PathBuf};

use crate::case::{Case, Expected};
use crate::subject::{Subject, word};

type Place = fn(&Path) -> PathBuf;

const PLACES: [(&str, Place); 3] = [
    ("below a file", |directory| {
        fs::write(directory.join("file"), b"x").unwrap();
        directory.join("file/out")
    }),
    ("where nothing can be made", |_| {
        PathBuf::from("/proc/capbench/out")
    }),
    ("a name that is too long", |directory| {
        directory.join("x".repeat(300))
    }),
];

const COMMANDS: [&[&str]; 7] = [
    &["report", "RUN", "--out", "OUT"],
    &["plot", "RUN", "--out", "OUT"],
    &["export", "RUN", "--format", "csv", "--output", "OUT"],
    &["export", "RUN", "--format", "capnp", "--output", "OUT"],
    &["judge", "RUN", "--output", "OUT"],
    &[
        "record",
        "tests/golden/ring-samples-v1.ktrace",
        "--out",
        "OUT",
    ],
    &["man", "--output", "OUT"],
];

pub fn cases(_: &Subject) -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, place) in PLACES {
        for words in COMMANDS {
            cases.push(Case {
                area: "output",
                fault: format!("{} to {name}", words[0]),
                seed: 0,
                expected: Expected::Refused,
                prepare: Box::new(move |directory, subject| {
                    let (run, out) = (subject.run(), place(directory));
                    let words = words.iter().map(|word_of| match *word_of {
                        "RUN" => word(&run).to_owned(),
                        "OUT" => word(&out).to_owned(),
                        other => other.to_owned(),
                    });
                    words.collect()
                }),
                sound: None,
                never_made: None,
            });
        }
    }
    cases
}
