//! Definitions with a key gone, misspelt, of another type, or hostile.

use std::fs;
use std::path::PathBuf;

use capbench_tests::source_copy::{copy_tree, repository};

use crate::case::{Case, Expected};
use crate::random::Random;
use crate::run_directories::files;
use crate::subject::{Subject, endless, word};

type Fault = fn(&mut Vec<String>, &mut Random) -> Expected;

const FAULTS: [(&str, Fault); 6] = [
    ("a line gone", |lines, random| {
        lines.remove(random.below(lines.len()));
        // A comment, or a key that need not be there.
        Expected::Anything
    }),
    ("a key misspelt", |lines, random| {
        let keys: Vec<usize> = keys(lines);
        let at = *random.of_list(&keys);
        lines[at] = format!("z{}", lines[at]);
        Expected::Refused
    }),
    ("a value of another type", |lines, random| {
        let keys: Vec<usize> = keys(lines);
        let at = *random.of_list(&keys);
        let key = lines[at].split('=').next().unwrap().to_owned();
        lines[at] = format!("{key}= {{ a = [1.5] }}");
        Expected::Refused
    }),
    ("control characters", |lines, random| {
        lines.insert(
            random.below(lines.len()),
            "\u{1b}]0;x\u{7}\u{202e}".to_owned(),
        );
        Expected::Refused
    }),
    ("a megabyte", |lines, random| {
        lines.insert(random.below(lines.len()), "x".repeat(1 << 20));
        Expected::Refused
    }),
    ("noise", |lines, random| {
        *lines = vec![
            (0..400)
                .map(|_| char::from(random.next() as u8 | 0x80))
                .collect(),
        ];
        Expected::Refused
    }),
];

/// Lines that begin a key, outside of texts of several lines.
fn keys(lines: &[String]) -> Vec<usize> {
    let mut inside = false;
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let begins = line.starts_with(|c: char| c.is_ascii_lowercase()) && line.contains(" = ");
        let opens = line.ends_with('[') || line.ends_with("\"\"\"") || line.ends_with('{');
        if begins && !inside && !opens {
            found.push(at);
        }
        if line.matches("\"\"\"").count() == 1 {
            inside = !inside;
        }
    }
    found
}

/// Seeds for each fault.
const SEEDS: u64 = 20;

pub fn cases(_: &Subject) -> Vec<Case> {
    let manifests = repository().join("manifests");
    let definitions = files(&manifests);
    let definitions: Vec<PathBuf> = definitions
        .into_iter()
        .filter(|file| {
            file.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    let mut cases = Vec::new();
    for (name, fault) in FAULTS {
        for seed in 0..SEEDS {
            let mut random = Random::of(seed ^ name.len() as u64);
            let file = random.of_list(&definitions).clone();
            let text = fs::read_to_string(manifests.join(&file)).unwrap();
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            if keys(&lines).is_empty() {
                continue;
            }
            let expected = fault(&mut lines, &mut random);
            let text = lines.join("\n");
            cases.push(Case {
                area: "manifests",
                fault: format!("{} {name}", file.display()),
                seed,
                expected,
                prepare: Box::new(move |directory, _| {
                    let root = directory.join("checkout");
                    fs::create_dir_all(root.join("reference-guests")).unwrap();
                    copy_tree(&repository().join("manifests"), &root.join("manifests")).unwrap();
                    fs::write(root.join("manifests").join(&file), &text).unwrap();
                    ["--root", word(&root), "list"].map(str::to_owned).into()
                }),
                sound: None,
                never_made: None,
            });
        }
    }
    for seed in 0..SEEDS {
        let file = Random::of(seed).of_list(&definitions).clone();
        cases.push(Case {
            area: "manifests",
            fault: format!("{} a FIFO or an endless device", file.display()),
            seed,
            expected: Expected::Refused,
            prepare: Box::new(move |directory, _| {
                let root = directory.join("checkout");
                fs::create_dir_all(root.join("reference-guests")).unwrap();
                copy_tree(&repository().join("manifests"), &root.join("manifests")).unwrap();
                let path = root.join("manifests").join(&file);
                fs::remove_file(&path).unwrap();
                endless(&path, seed);
                ["--root", word(&root), "list"].map(str::to_owned).into()
            }),
            sound: None,
            never_made: None,
        });
    }
    cases
}
