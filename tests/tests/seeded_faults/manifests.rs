//! Manifests: each key removed, misspelt, of another type, with a word that nobody
//! knows, huge, or with what a terminal would obey.

use std::fs;

use capbench_tests::source_copy::{copy_tree, repository};
use toml::{Table, Value};

use crate::base::files;
use crate::case::{Case, Expected};
use crate::random::Random;

const AREA: &str = "manifests";
const SEEDS: u64 = 40;

/// Changes what stands at a key.
type Change = fn(&mut Table, &str);

const CHANGES: [(&str, Change, Expected); 7] = [
    // Some keys are optional.
    (
        "removed",
        |table, key| drop(table.remove(key)),
        Expected::status(&[0, 1]),
    ),
    (
        "misspelt",
        |table, key| {
            let value = table.remove(key).unwrap();
            table.insert(format!("{key}x"), value);
        },
        Expected::REFUSED,
    ),
    (
        "another-type",
        |table, key| {
            let odd = match table[key] {
                Value::Boolean(_) => Value::Integer(3),
                _ => Value::Boolean(true),
            };
            table.insert(key.to_owned(), odd);
        },
        Expected::REFUSED,
    ),
    (
        "unknown-word",
        |table, key| replace_text(table, key, "nobody-knows-this"),
        Expected::status(&[0, 1]),
    ),
    (
        "huge",
        |table, key| replace_text(table, key, &"x".repeat(1 << 20)),
        Expected::status(&[0, 1]),
    ),
    (
        "control-characters",
        |table, key| replace_text(table, key, "a\u{1b}[2J\u{7}\u{202e}b"),
        Expected::status(&[0, 1]),
    ),
    (
        "huge-number",
        |table, key| {
            table.insert(key.to_owned(), Value::Integer(i64::MAX));
        },
        Expected::REFUSED,
    ),
];

/// Text anywhere below a key.
fn replace_text(table: &mut Table, key: &str, text: &str) {
    match table.get_mut(key) {
        Some(Value::Array(items)) if items.iter().all(Value::is_str) => {
            items.push(Value::String(text.to_owned()));
        }
        _ => {
            table.insert(key.to_owned(), Value::String(text.to_owned()));
        }
    }
}

/// A random table of a manifest and a key of it.
fn change(table: &mut Table, random: &mut Random, change: Change) {
    let keys: Vec<String> = table.keys().cloned().collect();
    let key = random.choose(&keys).clone();
    let goes_in = random.below(3) > 0;
    let inner = match table.get_mut(&key) {
        Some(Value::Table(inner)) if !inner.is_empty() => Some(inner),
        Some(Value::Array(items)) if !items.is_empty() => {
            let at = random.below(items.len());
            items[at].as_table_mut()
        }
        _ => None,
    };
    match inner {
        Some(inner) if goes_in => self::change(inner, random, change),
        _ => change(table, &key),
    }
}

pub fn cases() -> Vec<Case> {
    let mut cases = vec![Case::new(AREA, "undamaged", 0, Expected::CLEAN, |_, _| {
        list(repository().to_str().unwrap())
    })];
    for (kind, edit, expected) in CHANGES {
        for seed in 0..SEEDS {
            cases.push(Case::new(
                AREA,
                kind,
                seed,
                expected,
                move |place, random| {
                    let manifests = place.path("manifests");
                    copy_tree(&repository().join("manifests"), &manifests).unwrap();
                    let mut names = files(&manifests);
                    names.retain(|name| name.ends_with(".toml"));
                    let path = manifests.join(random.choose(&names));
                    let mut table: Table = fs::read_to_string(&path).unwrap().parse().unwrap();
                    change(&mut table, random, edit);
                    fs::write(&path, table.to_string()).unwrap();
                    list(place.directory.to_str().unwrap())
                },
            ));
        }
    }
    files_of_another_kind(&mut cases);
    cases
}

/// Damage that is none of a key.
fn files_of_another_kind(cases: &mut Vec<Case>) {
    use crate::damage::Damage;
    for damage in Damage::ALL {
        // A flipped bit may lie in prose, and a file less may be one that no other names.
        let expected = match damage {
            Damage::Absent | Damage::Flipped | Damage::Truncated | Damage::Directory => {
                Expected::status(&[0, 1])
            }
            _ => Expected::REFUSED,
        };
        for seed in 0..4 {
            let kind = format!("file-{damage:?}").to_lowercase();
            cases.push(Case::new(
                AREA,
                kind,
                seed,
                expected,
                move |place, random| {
                    let manifests = place.path("manifests");
                    copy_tree(&repository().join("manifests"), &manifests).unwrap();
                    let mut names = files(&manifests);
                    names.retain(|name| name.ends_with(".toml"));
                    damage.apply(&manifests.join(random.choose(&names)), random);
                    list(place.directory.to_str().unwrap())
                },
            ));
        }
    }
}

fn list(root: &str) -> Vec<String> {
    ["list", "--root", root].map(str::to_owned).to_vec()
}
