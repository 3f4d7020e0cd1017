//! Stores: tables damaged, missing or foreign, half-written, of another layout.

use std::fs;

use crate::base::{copy, edit, files, replace};
use crate::case::{Case, Expected, Place};
use crate::damage::Damage;
use crate::random::Random;

const AREA: &str = "store";
const MARKER: &str = "capbench-store.json";
const TABLES: [&str; 4] = ["runs", "results", "samples", "comparisons"];

fn stored(place: &Place) -> std::path::PathBuf {
    let store = place.path("store");
    copy(&place.base.store, &store);
    store
}

fn list(place: &Place) -> Vec<String> {
    let store = place.path("store").to_str().unwrap().to_owned();
    let words = ["store", "--store", &store, "list"];
    words.map(str::to_owned).to_vec()
}

fn add(place: &Place) -> Vec<String> {
    let store = place.path("store").to_str().unwrap().to_owned();
    let run = place.base.run.to_str().unwrap();
    let words = ["store", "--store", &store, "add", run];
    words.map(str::to_owned).to_vec()
}

/// One of the files of a table.
fn part(place: &Place, table: &str, random: &mut Random) -> Option<String> {
    let mut names = files(&place.base.store);
    names.retain(|name| name.starts_with(table) && name != MARKER);
    (!names.is_empty()).then(|| random.choose(&names).clone())
}

pub fn cases() -> Vec<Case> {
    let mut cases = vec![
        Case::new(AREA, "undamaged", 0, Expected::CLEAN, |place, _| {
            stored(place);
            list(place)
        }),
        Case::new(AREA, "undamaged", 1, Expected::CLEAN, |place, _| {
            stored(place);
            add(place)
        }),
    ];
    for table in TABLES {
        for damage in Damage::ALL {
            for seed in 0..4 {
                let kind = format!("{table}-{damage:?}").to_lowercase();
                // Listing reads the runs and results; a bit of a page has no checksum.
                let is_read = ["runs", "results"].contains(&table)
                    && matches!(damage, Damage::Empty | Damage::Garbage);
                let expected = match is_read && seed % 2 == 0 {
                    true => Expected::REFUSED,
                    false => Expected::status(&[0, 1]),
                };
                cases.push(Case::new(
                    AREA,
                    kind,
                    seed,
                    expected,
                    move |place, random| {
                        let store = stored(place);
                        if let Some(name) = part(place, table, random) {
                            damage.apply(&store.join(name), random);
                        }
                        match seed % 2 {
                            0 => list(place),
                            _ => add(place),
                        }
                    },
                ));
            }
        }
    }
    for damage in Damage::ALL {
        for seed in 0..2 {
            let kind = format!("marker-{damage:?}").to_lowercase();
            let expected = match damage {
                Damage::Flipped => Expected::status(&[0, 1]),
                _ => Expected::REFUSED,
            };
            cases.push(Case::new(
                AREA,
                kind,
                seed,
                expected,
                move |place, random| {
                    damage.apply(&stored(place).join(MARKER), random);
                    match seed {
                        0 => list(place),
                        _ => add(place),
                    }
                },
            ));
        }
    }
    for seed in 0..2 {
        let expected = Expected::REFUSED.saying("layout");
        cases.push(Case::new(
            AREA,
            "another-layout",
            seed,
            expected,
            move |place, _| {
                edit(&stored(place).join(MARKER), |marker| {
                    marker["schema"] = "capbench.store/99".into();
                });
                match seed {
                    0 => list(place),
                    _ => add(place),
                }
            },
        ));
        let expected = Expected::status(&[0, 1]);
        cases.push(Case::new(
            AREA,
            "foreign-files",
            seed,
            expected,
            move |place, random| {
                let store = stored(place);
                let garbage = random.bytes(100);
                replace(&store.join("notes.txt"), &garbage);
                replace(&store.join("runs/x.parquet"), &garbage);
                match seed {
                    0 => list(place),
                    _ => add(place),
                }
            },
        ));
        let expected = Expected::REFUSED;
        cases.push(Case::new(
            AREA,
            "no-store",
            seed,
            expected,
            move |place, random| {
                let store = place.path("store");
                match seed {
                    0 => fs::write(&store, random.bytes(10)).unwrap(),
                    _ => std::os::unix::fs::symlink("/dev/zero", &store).unwrap(),
                }
                list(place)
            },
        ));
    }
    cases
}
