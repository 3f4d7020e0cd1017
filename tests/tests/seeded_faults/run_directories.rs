//! Run directories: each file damaged, another run's or elsewhere, names that lead out,
//! with the checksums as they were and as a liar would mend them.

use serde_json::{Value, json};

use crate::base::{SUMS, copy, edit, replace, seal};
use crate::case::{Case, Expected, Place, words};
use crate::damage::Damage;
use crate::random::Random;

const AREA: &str = "run-directories";

/// Names as a hostile run could give its files or itself.
const NAMES: [&str; 8] = [
    "../../outside",
    "/etc/hostname",
    "boots/../../../outside",
    "a/b",
    "..",
    "",
    "x\u{1b}[2J",
    "boots/\u{202e}ecart",
];

/// Where a run's record names something.
const PLACES: [&str; 5] = [
    "/runId",
    "/boots/0/capture/file",
    "/boots/0/console",
    "/boots/0/emulatorLog",
    "/boots/0/instructionLog",
];

/// Values that no field expects.
fn odd(random: &mut Random) -> Value {
    let long = "x".repeat(1 << 20);
    random
        .choose(&[
            Value::Null,
            json!(-1),
            json!(1e308),
            json!(u64::MAX),
            json!([]),
            json!({}),
            json!("\u{1b}]0;x\u{7}"),
            json!(long),
        ])
        .clone()
}

/// Everything that reads a run, but `verify`; `@` is the run and `%` a new directory.
const READERS: [&[&str]; 9] = [
    &["judge", "@"],
    &["report", "@", "--out", "%"],
    &["plot", "@", "--out", "%"],
    &["export", "@", "--format=csv", "--output", "%"],
    &["export", "@", "--format=perfetto", "--output", "%"],
    &["export", "@", "--format=openmetrics", "--output", "%"],
    &["export", "@", "--format=folded", "--output", "%"],
    &["explain", "ring/nop/1", "--run", "@"],
    &["store", "--store", "%", "add", "@"],
];

fn reader(number: usize, place: &Place) -> Vec<String> {
    let reader = READERS[number % READERS.len()].iter();
    let path = |name: &str| place.path(name).to_str().unwrap().to_owned();
    reader
        .map(|&word| match word {
            "@" => path("run"),
            "%" => path("output"),
            word => word.to_owned(),
        })
        .collect()
}

/// A copy of the run.
fn run(place: &Place) -> std::path::PathBuf {
    let run = place.path("run");
    copy(&place.base.run, &run);
    run
}

/// The kinds of a run's files, by how their names end or begin.
const FILES: [&str; 13] = [
    "run.json",
    "results.json",
    "results.capnp",
    "definitions.json",
    "exercised.json",
    "privileged.json",
    "audit.json",
    SUMS,
    "replay.sh",
    ".ktrace",
    ".console.log",
    ".elf",
    ".initrd",
];

/// Files of which nothing else of the run follows: changed with their sums they are
/// files of another run that is as good.
const FREE: [&str; 4] = ["replay.sh", ".console.log", "audit.json", ".elf"];

/// One of the run's files of a kind; none where this run has none.
fn file(place: &Place, kind: &str, random: &mut Random) -> Option<String> {
    let mut names = place.base.run_files();
    names.retain(|name| name.ends_with(kind));
    (!names.is_empty()).then(|| random.choose(&names).clone())
}

pub fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::new(AREA, "undamaged", 0, Expected::CLEAN, |place, _| {
            words(&["verify"], &run(place))
        }),
        Case::new(
            AREA,
            "undamaged-resealed",
            0,
            Expected::CLEAN,
            |place, _| {
                let run = run(place);
                seal(&run);
                words(&["verify"], &run)
            },
        ),
    ];
    for reader_number in 0..READERS.len() {
        let seed = reader_number as u64;
        let expected = Expected::CLEAN;
        cases.push(Case::new(
            AREA,
            "undamaged-read",
            seed,
            expected,
            move |place, _| {
                run(place);
                reader(reader_number, place)
            },
        ));
    }
    for kind in FILES {
        for damage in Damage::ALL {
            files(&mut cases, kind, damage);
        }
    }
    names(&mut cases);
    fields(&mut cases);
    others(&mut cases);
    cases
}

fn files(cases: &mut Vec<Case>, kind: &'static str, damage: Damage) {
    let label = kind.trim_start_matches('.');
    let label = format!("{label}-{damage:?}").to_lowercase();
    for seed in 0..3 {
        let expected = Expected::FOUND;
        let named = format!("{label}-verify");
        cases.push(Case::new(
            AREA,
            named,
            seed,
            expected,
            move |place, random| {
                let run = run(place);
                if let Some(name) = file(place, kind, random) {
                    damage.apply(&run.join(name), random);
                } else {
                    replace(&run.join(SUMS), b"no sums");
                }
                words(&["verify"], &run)
            },
        ));
    }
    if kind != SUMS {
        let expected = match FREE.contains(&kind) {
            true => Expected::ORDERLY,
            false => Expected::FOUND,
        };
        for seed in 0..2 {
            let named = format!("{label}-verify-resealed");
            cases.push(Case::new(
                AREA,
                named,
                seed,
                expected,
                move |place, random| {
                    let run = run(place);
                    if let Some(name) = file(place, kind, random) {
                        damage.apply(&run.join(name), random);
                    }
                    seal(&run);
                    words(&["verify"], &run)
                },
            ));
        }
    }
    let is_needed = ["run.json", "results.json"].contains(&kind);
    let expected = match is_needed && damage != Damage::Flipped {
        true => Expected::REFUSED,
        false => Expected::ORDERLY,
    };
    for seed in 0..2 {
        let named = format!("{label}-read");
        // Explaining reads the record and the streams again, so a run without results
        // may be one to explain.
        cases.push(Case::new(
            AREA,
            named,
            seed,
            expected,
            move |place, random| {
                let run = run(place);
                if let Some(name) = file(place, kind, random) {
                    damage.apply(&run.join(name), random);
                }
                let number = random.below(READERS.len());
                reader(number, place)
            },
        ));
    }
}

fn names(cases: &mut Vec<Case>) {
    for (place_number, pointer) in PLACES.into_iter().enumerate() {
        let label = pointer.rsplit('/').next().unwrap().to_lowercase();
        for (seed, name) in (0..).zip(NAMES) {
            let change = move |place: &Place| {
                let run = run(place);
                edit(&run.join("run.json"), |record| {
                    set(record, pointer, json!(name))
                });
                seal(&run);
                run
            };
            let named = format!("leads-out-{label}-verify");
            let expected = Expected::FOUND;
            cases.push(Case::new(AREA, named, seed, expected, move |place, _| {
                words(&["verify"], &change(place))
            }));
            let named = format!("leads-out-{label}-read");
            let expected = Expected::ORDERLY;
            cases.push(Case::new(AREA, named, seed, expected, move |place, _| {
                change(place);
                reader(seed as usize + place_number, place)
            }));
        }
    }
}

/// Sets a field that is there, or adds it where only its parent is.
fn set(document: &mut Value, pointer: &str, value: Value) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    if let Some(Value::Object(fields)) = document.pointer_mut(parent) {
        fields.insert(key.to_owned(), value);
    }
}

/// A random value of a document, by its path.
fn leaf(value: &Value, random: &mut Random) -> String {
    let (key, inner) = match value {
        Value::Object(fields) if !fields.is_empty() => {
            let keys: Vec<&String> = fields.keys().collect();
            let key = *random.choose(&keys);
            (key.replace('~', "~0").replace('/', "~1"), &fields[key])
        }
        Value::Array(items) if !items.is_empty() => {
            let index = random.below(items.len());
            (index.to_string(), &items[index])
        }
        _ => return String::new(),
    };
    format!("/{key}{}", leaf(inner, random))
}

/// One random field of the record or the results is another.
fn fields(cases: &mut Vec<Case>) {
    let documents = [
        ("run.json", Expected::ORDERLY),
        // The same results are kept a second time as a message.
        ("results.json", Expected::FOUND),
        ("definitions.json", Expected::ORDERLY),
    ];
    for (document, verified) in documents {
        for seed in 0..60 {
            let change = move |place: &Place, random: &mut Random| {
                let run = run(place);
                edit(&run.join(document), |value| {
                    let pointer = leaf(value, random);
                    let field = value.pointer_mut(&pointer).unwrap();
                    let odd = odd(random);
                    // None and nothing are the same value of an optional field.
                    *field = match *field == odd || odd.is_null() {
                        true => json!("another"),
                        false => odd,
                    };
                });
                seal(&run);
                run
            };
            let named = format!("{document}-field-verify");
            cases.push(Case::new(
                AREA,
                named,
                seed,
                verified,
                move |place, random| words(&["verify"], &change(place, random)),
            ));
            let named = format!("{document}-field-read");
            let expected = Expected::ORDERLY;
            cases.push(Case::new(
                AREA,
                named,
                seed,
                expected,
                move |place, random| {
                    change(place, random);
                    let number = random.below(READERS.len());
                    reader(number, place)
                },
            ));
        }
    }
}

/// Another run's files, and documents of another version.
fn others(cases: &mut Vec<Case>) {
    let names = [
        "run.json",
        "results.json",
        "results.capnp",
        "definitions.json",
    ];
    for (seed, name) in (0..).zip(names) {
        let expected = Expected::FOUND;
        cases.push(Case::new(
            AREA,
            "another-runs",
            seed,
            expected,
            move |place, _| {
                let run = run(place);
                let bytes = std::fs::read(place.base.other_run.join(name)).unwrap();
                replace(&run.join(name), &bytes);
                seal(&run);
                words(&["verify"], &run)
            },
        ));
    }
    for (seed, name) in (0..).zip([
        "run.json",
        "results.json",
        "exercised.json",
        "privileged.json",
    ]) {
        let expected = Expected::FOUND;
        cases.push(Case::new(
            AREA,
            "another-version",
            seed,
            expected,
            move |place, _| {
                let run = run(place);
                edit(&run.join(name), |value| {
                    set(value, "/schema", json!("capbench.other/99"))
                });
                seal(&run);
                words(&["verify"], &run)
            },
        ));
    }
    for seed in 0..READERS.len() as u64 {
        let expected = Expected::REFUSED;
        cases.push(Case::new(
            AREA,
            "another-version-read",
            seed,
            expected,
            move |place, _| {
                let run = run(place);
                edit(&run.join("run.json"), |value| {
                    set(value, "/schema", json!("capbench.run/99"));
                });
                seal(&run);
                reader(seed as usize, place)
            },
        ));
    }
}
