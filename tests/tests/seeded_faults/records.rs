//! Records that name what is not of their run, say megabytes, or steer a terminal; whoever
//! changed them put the sums right.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::case::{Case, Expected, OUT};
use crate::random::Random;
use crate::replay::{mend, put};
use crate::subject::{Subject, word};

/// Words that lead out, and words that a terminal obeys.
const WORDS: [(&str, &str); 4] = [
    ("a name that leads out", "../../x"),
    ("an absolute name", "/etc/hostname"),
    ("control characters", "boots/\u{1b}]0;x\u{7}\u{1b}[2J"),
    ("another direction", "boots/\u{202e}gol.\u{2066}x"),
];

/// Places whose names are files.
const FILES: [&str; 7] = [
    "/boots/0/console",
    "/boots/0/emulatorLog",
    "/boots/0/instructionLog",
    "/boots/1/console",
    "/boots/1/instructionLog",
    "/boots/1/capture/file",
    "/checkout/directory",
];

/// Commands that refuse a record whose files are elsewhere.
const READERS: [&[&str]; 4] = [
    &["verify", "RUN"],
    &["judge", "RUN"],
    &["report", "RUN", "--out", "OUT"],
    &["replay", "RUN"],
];

/// Commands that print what a run says.
const PRINTERS: [&[&str]; 5] = [
    &["judge", "RUN"],
    &["explain", "ring/nop/1", "--run", "RUN"],
    &["export", "RUN", "--format", "csv", "--output", "OUT"],
    &["report", "RUN", "--out", "OUT"],
    &["plot", "RUN", "--out", "OUT"],
];

/// Documents of a run.
const DOCUMENTS: [&str; 5] = [
    "run.json",
    "results.json",
    "definitions.json",
    "audit.json",
    "exercised.json",
];

/// Seeds for each document, kind of text and reader.
const SEEDS: u64 = 3;

pub fn cases(_: &Subject) -> Vec<Case> {
    let mut cases = Vec::new();
    for place in FILES {
        for (name, text) in WORDS {
            for words in READERS {
                let expected = match words[0] {
                    "verify" => Expected::Broken,
                    _ => Expected::Refused,
                };
                cases.push(case(
                    words,
                    &format!("{name} as {place}"),
                    0,
                    expected,
                    move |run| {
                        edit(run, "run.json", |record| put(record, place, json!(text)));
                    },
                ));
            }
        }
    }
    let megabyte: &'static str = Box::leak("x".repeat(1 << 20).into_boxed_str());
    let texts = [WORDS[2], WORDS[3], ("a megabyte", megabyte)];
    for file in DOCUMENTS {
        for (name, text) in texts {
            for (number, words) in (0..).zip(PRINTERS) {
                for seed in 0..SEEDS {
                    cases.push(case(
                        words,
                        &format!("{name} in {file}"),
                        seed,
                        Expected::Anything,
                        move |run| {
                            let mut random = Random::of(seed * 16 + number);
                            edit(run, file, |document| {
                                let places = places(document);
                                let place = random.of_list(&places);
                                *document.pointer_mut(place).unwrap() = json!(text);
                            });
                        },
                    ));
                }
            }
        }
    }
    for words in READERS {
        let expected = match words[0] {
            "verify" => Expected::Broken,
            // It shows the results, and reads no trace.
            "report" => Expected::Anything,
            _ => Expected::NotInOrder,
        };
        cases.push(case(
            words,
            "a trace that is a hole of a terabyte",
            0,
            expected,
            |run| {
                let record = fs::read_to_string(run.join("run.json")).unwrap();
                let record: Value = serde_json::from_str(&record).unwrap();
                let name = record["boots"][1]["capture"]["file"].as_str().unwrap();
                let file = fs::File::create(run.join(name)).unwrap();
                file.set_len(1 << 40).unwrap();
            },
        ));
    }
    cases
}

fn case(
    words: &'static [&'static str],
    fault: &str,
    seed: u64,
    expected: Expected,
    change: impl Fn(&Path) + Send + Sync + 'static,
) -> Case {
    Case {
        area: "records",
        fault: format!("{fault}, for {}", words[0]),
        seed,
        expected,
        prepare: Box::new(move |directory, subject| {
            let run = subject.copy_of_run(directory);
            change(&run);
            let out = directory.join(OUT);
            let words = words.iter().map(|word_of| match *word_of {
                "RUN" => word(&run).to_owned(),
                "OUT" => word(&out).to_owned(),
                other => other.to_owned(),
            });
            words.collect()
        }),
        sound: None,
        never_made: None,
    }
}

fn edit(run: &Path, file: &str, change: impl FnOnce(&mut Value)) {
    let path = run.join(file);
    let mut document = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    change(&mut document);
    fs::write(&path, document.to_string()).unwrap();
    mend(run, file);
}

/// Where a document holds a value that is no list and no object.
fn places(document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut left = vec![(String::new(), document)];
    while let Some((at, value)) = left.pop() {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    let key = key.replace('~', "~0").replace('/', "~1");
                    left.push((format!("{at}/{key}"), value));
                }
            }
            Value::Array(items) => {
                let items = items.iter().enumerate();
                left.extend(items.map(|(index, value)| (format!("{at}/{index}"), value)));
            }
            _ => found.push(at),
        }
    }
    found
}
