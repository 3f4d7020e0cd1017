//! Definitions with a key gone, misspelt, of another type, or hostile.

use std::fs;
use std::path::{Path, PathBuf};

use capbench_tests::source_copy::{copy_tree, repository};

use crate::case::{Case, Expected};
use crate::random::Random;
use crate::run_directories::files;
use crate::subject::{Subject, endless, word};

type Fault = fn(&mut Vec<String>, &mut Random) -> Expected;

const FAULTS: [(&str, Fault); 8] = [
    ("a required key gone", |lines, random| {
        let keys: Vec<usize> = keys_of(lines, &REQUIRED);
        lines.remove(*random.of_list(&keys));
        Expected::Refused
    }),
    ("a comment more", |lines, random| {
        let keys = keys(lines);
        let at = *random.of_list(&keys);
        lines.insert(at, format!("# {}", random.next()));
        Expected::TheSame
    }),
    ("a value misspelt", |lines, random| {
        let keys: Vec<usize> = keys_of(lines, &KNOWN);
        let at = *random.of_list(&keys);
        lines[at] = lines[at].replacen('"', "\"z", 1);
        Expected::Refused
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

/// Those of some names.
fn keys_of(lines: &[String], names: &[&str]) -> Vec<usize> {
    let mut found = keys(lines);
    found.retain(|at| names.contains(&lines[*at].split(' ').next().unwrap()));
    found
}

/// Keys without which no definition is one.
const REQUIRED: [&str; 22] = [
    "name",
    "intent",
    "difference",
    "authority",
    "warmup",
    "unit",
    "tier",
    "system",
    "samples",
    "program",
    "per_window",
    "per_batch",
    "per_operation",
    "parser",
    "operation",
    "mechanism",
    "lower_is_better",
    "kind",
    "checks",
    "boots",
    "timeout_seconds",
    "benchmark",
];

/// Keys whose words are of a list that somebody knows: another file, the guest, a
/// parser. An operation is known to the guest's program alone, which refuses another
/// when it boots.
const KNOWN: [&str; 12] = [
    "name",
    "unit",
    "authority",
    "system",
    "program",
    "kind",
    "checks",
    "guest",
    "binary",
    "benchmark",
    "requires",
    "transport",
];

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
                    list(&root)
                }),
                sound: Some(list(repository())),
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
                list(&root)
            }),
            sound: None,
            never_made: None,
        });
    }
    cases
}

fn list(root: &Path) -> Vec<String> {
    ["--root", word(root), "list"].map(str::to_owned).into()
}
