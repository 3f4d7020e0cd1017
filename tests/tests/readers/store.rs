//! The store, asked by DuckDB with the query that the book shows.

use std::collections::BTreeMap;

use capbench_tests::component::{self, Python, test_with};
use capbench_tests::source_copy::repository;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::place::{place, script, succeed};

pub fn tests() -> Vec<Trial> {
    vec![test_with(
        "duckdb_pyarrow_and_polars_find_a_stores_partitions_by_themselves",
        component::python,
        partitions,
    )]
}

fn partitions(python: &Python) {
    let place = place();
    let mut command = place.capbench(&["store", "add"]);
    command.arg(place.run());
    command.arg("--store").arg(place.directory("store"));
    succeed(command);
    let printed = python.run(&script("store.py"), |command| {
        command.arg(repository().join("docs/src/store.md"));
        command.current_dir(&place.root);
    });
    let answer: Value = serde_json::from_slice(&printed).unwrap();

    let mut groups = BTreeMap::<(&str, &str), (u64, u64)>::new();
    for row in &place.results.results {
        let group = groups.entry((&row.guest, row.status().as_str()));
        let (rows, medians) = group.or_default();
        *rows += 1;
        *medians += u64::from(row.outcome.measurement().is_some());
    }
    let expected: Vec<Value> = groups
        .into_iter()
        .map(|((guest, status), (rows, medians))| json!([guest, status, rows, medians]))
        .collect();
    for reader in ["duckdb", "pyarrow", "polars"] {
        assert_eq!(answer[reader], json!(expected), "{reader}");
    }
    assert_eq!(answer["modes"], json!(["exact"]));
    // Of two guests' files one was opened: the key of the path is enough to tell.
    let plan = answer["plan"].as_str().unwrap();
    assert!(plan.contains("Scanning Files: 1/2"), "{plan}");
}
