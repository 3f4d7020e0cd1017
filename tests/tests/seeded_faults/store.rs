//! Stores whose files are damaged, foreign or of another version.

use std::fs;
use std::path::Path;

use crate::case::{Case, Expected};
use crate::random::Random;
use crate::run_directories::files;
use crate::subject::{Subject, endless, word};

/// Seeds for each of its files.
const SEEDS: u64 = 8;

pub fn cases(subject: &Subject) -> Vec<Case> {
    let place = tempfile::tempdir().unwrap();
    let names = files(&subject.copy_of_store(place.path()));
    let mut cases = Vec::new();
    for file in names {
        for seed in 0..SEEDS {
            let file = file.clone();
            cases.push(Case {
                area: "store",
                fault: format!("{} damaged", file.display()),
                seed,
                // A list reads some files, and of those some parts.
                expected: Expected::InOrderIfTheSame,
                prepare: Box::new(move |directory, subject| {
                    let store = subject.copy_of_store(directory);
                    let (path, mut random) = (store.join(&file), Random::of(seed));
                    let mut bytes = fs::read(&path).unwrap();
                    match seed % 4 {
                        0 => bytes.truncate(random.below(bytes.len())),
                        1 => bytes.clear(),
                        2 => bytes.fill_with(|| random.next() as u8),
                        _ => {
                            let at = random.below(bytes.len());
                            bytes[at] ^= 0xFF;
                        }
                    }
                    fs::write(&path, bytes).unwrap();
                    list(&store)
                }),
                sound: Some(list(&subject.store())),
                never_made: None,
            });
        }
    }
    for seed in 0..SEEDS {
        cases.push(Case {
            area: "store",
            fault: "a FIFO or an endless device in place of a file".to_owned(),
            seed,
            expected: Expected::InOrderIfTheSame,
            prepare: Box::new(move |directory, subject| {
                let store = subject.copy_of_store(directory);
                let path = store.join(Random::of(seed).of_list(&files(&store)));
                fs::remove_file(&path).unwrap();
                endless(&path, seed);
                list(&store)
            }),
            sound: Some(list(&subject.store())),
            never_made: None,
        });
    }
    for (name, marker) in [
        ("another version", r#"{"schema":"capbench.store/99"}"#),
        ("no marker of ours", "x"),
        ("an empty marker", ""),
    ] {
        cases.push(Case {
            area: "store",
            fault: name.to_owned(),
            seed: 0,
            expected: Expected::Refused,
            prepare: Box::new(move |directory, subject| {
                let store = subject.copy_of_store(directory);
                fs::write(store.join("capbench-store.json"), marker).unwrap();
                list(&store)
            }),
            sound: None,
            never_made: None,
        });
    }
    cases
}

fn list(store: &Path) -> Vec<String> {
    ["store", "--store", word(store), "list"]
        .map(str::to_owned)
        .into()
}
