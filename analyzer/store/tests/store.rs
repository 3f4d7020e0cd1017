//! Stores of any results: what they keep, and what they refuse.

#[path = "../../results/tests/arbitrary/mod.rs"]
mod arbitrary;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use capbench_results::{
    BenchmarkResult, BootSummary, Interval, Label, Measurement, Mispriced, MispricedKind, Outcome,
    Perturbation, Range, Results,
};
use capbench_store::{Added, MARKER, Store, StoreError, Table};
use polars_io::SerReader;
use polars_io::prelude::ParquetReader;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// Results under a name that a store takes. Guests are kept apart, as rows were.
fn named(mut results: Results) -> Results {
    let name = |guest: &str| match guest.len() % 2 {
        0 => "capos".to_owned(),
        _ => "linux".to_owned(),
    };
    results.run.id = "20260101T000000Z-any".into();
    for (at, row) in results.results.iter_mut().enumerate() {
        let old = (
            row.benchmark_name.clone(),
            row.guest.clone(),
            row.system.clone(),
        );
        row.run_id = results.run.id.clone();
        row.guest = name(&old.1);
        row.system = at.to_string();
        for pair in &mut results.comparisons {
            for side in [&mut pair.numerator, &mut pair.denominator] {
                if (&side.benchmark_name, &side.guest, &side.system) == (&old.0, &old.1, &old.2) {
                    side.guest = row.guest.clone();
                    side.system = row.system.clone();
                }
            }
        }
    }
    results
}

/// Deterministic documents with every kind of row among them.
fn documents() -> Vec<Results> {
    let mut runner = TestRunner::deterministic();
    let any = arbitrary::results();
    (0..64)
        .map(|_| named(any.new_tree(&mut runner).unwrap().current()))
        .filter(|results| results.to_json().is_ok() && !results.results.is_empty())
        .collect()
}

fn document() -> Results {
    let mut documents = documents();
    documents.retain(|results| {
        results
            .results
            .iter()
            .any(|r| r.outcome.refusal().is_some())
    });
    documents.remove(0)
}

fn files(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let bytes = fs::read(&path).unwrap();
            found.push((path, bytes));
        }
    }
    found.sort();
    found
}

fn store() -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open_or_create(directory.path()).unwrap();
    (directory, store)
}

#[test]
fn adding_twice_changes_nothing() {
    let (directory, store) = store();
    for results in documents() {
        let mut results = results;
        results
            .run
            .id
            .push_str(&files(directory.path()).len().to_string());
        for row in &mut results.results {
            row.run_id = results.run.id.clone();
        }
        assert!(matches!(store.add(&results).unwrap(), Added::New { .. }));
        let before = files(directory.path());
        assert_eq!(store.add(&results).unwrap(), Added::Unchanged);
        assert!(before == files(directory.path()));
    }
}

#[test]
fn other_content_under_the_same_run_id_is_refused() {
    let (directory, store) = store();
    let mut results = document();
    store.add(&results).unwrap();
    let before = files(directory.path());
    results.results[0].notes.push('!');
    assert!(matches!(
        store.add(&results),
        Err(StoreError::Conflict { .. })
    ));
    assert!(before == files(directory.path()));
}

#[test]
fn an_interrupted_addition_is_told_and_started_afresh() {
    let (directory, store) = store();
    let results = document();
    store.add(&results).unwrap();
    let whole = files(directory.path());
    fs::remove_dir_all(directory.path().join("runs")).unwrap();
    let listing = store.list().unwrap();
    assert_eq!(listing.partial.join(","), results.run.id);
    assert!(listing.runs.is_empty() && listing.series.is_empty());
    assert!(matches!(store.add(&results).unwrap(), Added::New { .. }));
    assert!(whole == files(directory.path()));
}

#[test]
fn a_listing_has_every_run_and_row() {
    let (_directory, store) = store();
    let results = document();
    store.add(&results).unwrap();
    let listing = store.list().unwrap();
    assert_eq!(listing.runs.len(), 1);
    assert_eq!(listing.runs[0].run_id, results.run.id);
    let rows: u64 = listing.series.iter().map(|series| series.runs).sum();
    assert_eq!(rows, results.results.len() as u64);
    let passed: u64 = listing.series.iter().map(|series| series.passed).sum();
    let numbers = results
        .results
        .iter()
        .filter(|r| r.outcome.measurement().is_some());
    assert_eq!(passed, numbers.count() as u64);
}

#[test]
fn a_row_that_did_not_pass_never_has_a_number() {
    let numbers = [
        "unit",
        "median",
        "p95",
        "min",
        "max",
        "sd",
        "n",
        "batch",
        "boots",
        "range_low",
        "range_high",
        "interval_low",
        "interval_high",
        "interval_confidence",
        "cold",
        "perturbation_counts",
        "perturbation_perf",
        "mispriced",
        "mispriced_rep",
        "mispriced_fpu_state",
        "mispriced_cr3_load",
        "mispriced_exception",
    ];
    let (mut refused, mut passed) = (0, 0);
    for results in documents() {
        let (directory, store) = store();
        store.add(&results).unwrap();
        for (path, bytes) in files(&directory.path().join("results")) {
            assert!(!bytes.is_empty());
            let frame = ParquetReader::new(File::open(&path).unwrap())
                .finish()
                .unwrap();
            let status = frame.column("status").unwrap().str().unwrap().clone();
            for (at, status) in status.iter().enumerate() {
                let null = |name: &&str| frame.column(name).unwrap().get(at).unwrap().is_null();
                let reason = null(&"reason");
                if status == Some("passed") {
                    passed += 1;
                    assert!(!null(&"median") && !null(&"unit") && reason);
                } else {
                    refused += 1;
                    assert!(numbers.iter().all(null) && !reason, "{status:?}");
                }
            }
        }
    }
    assert!(
        refused > 10 && passed > 5,
        "{refused} refused, {passed} passed"
    );
}

#[test]
fn intervals_perturbations_mispriced_counts_and_labels_are_those_of_the_row() {
    let passed = |row: &BenchmarkResult| row.outcome.measurement().is_some();
    let mut all = documents().into_iter();
    let mut results = all
        .find(|results| results.results.iter().any(passed))
        .unwrap();
    let row = results.results.iter_mut().find(|row| passed(row)).unwrap();
    row.labels = vec![Label::ScriptedInput, Label::SpecialBuild];
    let Outcome::Passed(measurement) = &mut row.outcome else {
        unreachable!("it was looked for")
    };
    *measurement = Measurement {
        median: 100.0,
        p95: None,
        samples: vec![100.0; 8],
        n: 8,
        min: 100.0,
        max: 100.0,
        sd: Some(0.0),
        range: Range {
            low: 100.0,
            high: 100.0,
        },
        interval: Some(Interval {
            low: 100.0,
            high: 100.0,
            confidence: 0.95,
        }),
        cold: None,
        mean: Some(100.0),
        modes: Vec::new(),
        boots: vec![
            BootSummary {
                trace: "t".into(),
                n: 1,
                median: 100.0,
                p95: None,
                cold: None,
            };
            8
        ],
        breakdown: None,
        perturbations: vec![Perturbation {
            pass: "perf".into(),
            median: 107.0,
            effect: 7.0,
        }],
        ..measurement.clone()
    };
    let held = |kind, per_operation: Option<f64>| Mispriced {
        kind,
        per_operation,
        counted_by: per_operation.map(|_| "a log".to_owned()),
    };
    measurement.mispriced = vec![
        held(MispricedKind::Exception, Some(2.0)),
        held(MispricedKind::FpuState, None),
    ];
    let (guest, system) = (row.guest.clone(), row.system.clone());
    // A ratio would have another median now.
    results.comparisons.clear();
    let (directory, store) = store();
    store.add(&results).unwrap();
    let part = format!("results/mode={}/guest={guest}", results.run.mode);
    let (path, _) = files(&directory.path().join(part)).remove(0);
    let frame = ParquetReader::new(File::open(path).unwrap()).finish();
    let frame = frame.unwrap();
    let systems = frame.column("system").unwrap().str().unwrap();
    let at = systems
        .iter()
        .position(|name| name == Some(&system))
        .unwrap();
    let number = |name: &str| frame.column(name).unwrap().f64().unwrap().get(at);
    let words = |name: &str| frame.column(name).unwrap().str().unwrap().get(at);
    assert_eq!(number("interval_low"), Some(100.0));
    assert_eq!(number("interval_high"), Some(100.0));
    assert_eq!(number("interval_confidence"), Some(0.95));
    assert_eq!(number("perturbation_perf"), Some(7.0));
    assert_eq!(number("perturbation_counts"), None);
    assert_eq!(words("mispriced"), Some("exception, fpuState"));
    assert_eq!(number("mispriced_exception"), Some(2.0));
    assert_eq!(number("mispriced_fpu_state"), None);
    assert_eq!(number("mispriced_rep"), None);
    assert_eq!(words("labels"), Some("scripted-input, special-build"));
}

#[test]
fn segments_are_those_of_the_breakdowns_with_their_run_and_series() {
    let mut stored = 0;
    for results in documents() {
        let (directory, store) = store();
        store.add(&results).unwrap();
        for guest in ["capos", "linux"] {
            let rows = results.results.iter().filter(|row| row.guest == guest);
            let expected: Vec<(String, String, u64)> = rows
                .filter_map(|row| Some((row, row.outcome.measurement()?.breakdown.as_ref()?)))
                .flat_map(|(row, breakdown)| {
                    let hash = row.config_hash.to_string();
                    let segments = breakdown.segments.iter();
                    segments.map(move |s| (hash.clone(), s.name.clone(), s.count))
                })
                .collect();
            let part = format!(
                "segments/mode={}/guest={guest}/{}.parquet",
                results.run.mode, results.run.id
            );
            let path = directory.path().join(part);
            assert_eq!(path.exists(), !expected.is_empty());
            if expected.is_empty() {
                continue;
            }
            let frame = ParquetReader::new(File::open(path).unwrap()).finish();
            let frame = frame.unwrap();
            let words = |name: &str| frame.column(name).unwrap().str().unwrap().clone();
            let (hashes, names) = (words("config_hash"), words("segment"));
            let counts = frame.column("count").unwrap().u64().unwrap();
            let found: Vec<(String, String, u64)> = (0..frame.height())
                .map(|at| {
                    let word = |column: Option<&str>| column.unwrap().to_owned();
                    (
                        word(hashes.get(at)),
                        word(names.get(at)),
                        counts.get(at).unwrap(),
                    )
                })
                .collect();
            assert_eq!(found, expected);
            let runs = words("run_id");
            assert!(runs.iter().all(|run| run == Some(results.run.id.as_str())));
            stored += expected.len();
        }
    }
    assert!(stored > 0, "no document has a breakdown");
}

#[test]
fn what_has_no_end_is_never_opened() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("store");
    let store = Store::open_or_create(&root).unwrap();
    let part = root.join("runs/mode=exact/x.parquet");
    fs::create_dir_all(part.parent().unwrap()).unwrap();
    // A socket stands for all that is no regular file.
    let _socket = std::os::unix::net::UnixListener::bind(&part).unwrap();
    let error = store.list().unwrap_err();
    assert!(matches!(error, StoreError::Foreign { .. }), "{error}");

    let marker = root.join(MARKER);
    fs::remove_file(&marker).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &marker).unwrap();
    let error = Store::open(&root).unwrap_err();
    assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
}

#[test]
fn what_does_not_belong_is_told() {
    let (directory, store) = store();
    store.add(&document()).unwrap();
    let root = directory.path();
    for foreign in [
        "notes.txt",
        "results/other.parquet",
        "results/mode=exact/guest=7/x.parquet",
        "results/mode=fast/guest=capos/x.parquet",
        "runs/mode=exact/x.csv",
    ] {
        let path = root.join(foreign);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "x").unwrap();
        let error = store.list().unwrap_err();
        assert!(
            matches!(error, StoreError::Foreign { .. }),
            "{foreign}: {error}"
        );
        fs::remove_file(&path).unwrap();
        // Directories that only this test made.
        let _ = fs::remove_dir(path.parent().unwrap());
        let _ = fs::remove_dir(path.parent().unwrap().parent().unwrap());
    }
    fs::write(root.join("runs/.hidden"), "x").unwrap();
    let runs = root.join("runs");
    assert!(store.list().is_ok() || files(&runs).len() > 1);
}

#[test]
fn a_file_of_another_version_or_none_says_what_to_do() {
    let (directory, store) = store();
    let results = document();
    store.add(&results).unwrap();
    let root = directory.path();
    let (run, _) = files(&root.join("runs")).remove(0);
    let (other, _) = files(&root.join("results")).remove(0);
    let good = fs::read(&run).unwrap();
    fs::write(&run, "PAR1 no").unwrap();
    assert!(matches!(store.list(), Err(StoreError::File { .. })));
    fs::copy(&other, &run).unwrap();
    let error = store.list().unwrap_err().to_string();
    assert!(error.contains("column"), "{error}");
    let renamed = run.with_file_name("another-run.parquet");
    fs::write(&renamed, good).unwrap();
    fs::remove_file(&run).unwrap();
    let error = store.list().unwrap_err().to_string();
    assert!(error.contains("another run"), "{error}");
    fs::write(root.join(MARKER), "{\"schema\":\"capbench.store/0\"}").unwrap();
    assert!(matches!(Store::open(root), Err(StoreError::Version { .. })));
}

#[test]
fn names_that_cannot_be_paths_are_refused() {
    let (directory, store) = store();
    let rename = |results: &mut Results, id: &str| results.run.id = id.into();
    let mut results = document();
    rename(&mut results, "../x");
    assert!(matches!(store.add(&results), Err(StoreError::Name { .. })));
    let mut results = document();
    let set = |row: &mut BenchmarkResult| row.guest = "../linux".into();
    results.results.iter_mut().for_each(set);
    assert!(matches!(store.add(&results), Err(StoreError::Name { .. })));
    assert_eq!(files(directory.path()).len(), 1);
}

#[test]
fn the_book_names_every_column_in_order_and_no_other() {
    let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/store.md");
    let book = fs::read_to_string(book).unwrap();
    for table in Table::ALL {
        let (_, section) = book.split_once(&format!("### {}\n", table.name())).unwrap();
        let section = section.split("\n#").next().unwrap();
        let rows = section.lines().filter(|line| line.starts_with("| "));
        let documented: Vec<Vec<&str>> = rows
            .skip(1)
            .map(|row| row.split('|').map(str::trim).skip(1).take(2).collect())
            .collect();
        let columns = table.columns();
        let columns: Vec<Vec<&str>> = columns
            .iter()
            .map(|(name, kind)| vec![name.as_str(), kind])
            .collect();
        assert_eq!(documented, columns, "{}", table.name());
    }
}

#[cfg(not(feature = "sql"))]
#[test]
fn without_sql_a_query_says_how_to_get_it() {
    let (_directory, store) = store();
    assert!(matches!(store.query("SELECT 1"), Err(StoreError::NoSql)));
}

#[cfg(feature = "sql")]
mod sql {
    use super::*;
    use capbench_store::AnswerFormat;

    fn one(store: &Store, sql: &str) -> String {
        let answer = store.query(sql).unwrap();
        answer.rows()[0][0].clone().unwrap()
    }

    #[test]
    fn counts_are_those_of_the_results() {
        let (_directory, store) = store();
        assert_eq!(one(&store, "SELECT COUNT(*) FROM results"), "0");
        let results = document();
        store.add(&results).unwrap();
        let count = |table| one(&store, &format!("SELECT COUNT(*) FROM {table}"));
        assert_eq!(count("runs"), "1");
        assert_eq!(count("results"), results.results.len().to_string());
        let measured = results
            .results
            .iter()
            .filter_map(|r| r.outcome.measurement());
        let breakdowns = measured.filter_map(|value| value.breakdown.as_ref());
        let segments: usize = breakdowns.map(|breakdown| breakdown.segments.len()).sum();
        assert_eq!(count("segments"), segments.to_string());
        assert_eq!(count("comparisons"), results.comparisons.len().to_string());
        let sql = "SELECT COUNT(median) FROM results WHERE status <> 'passed'";
        assert_eq!(one(&store, sql), "0");
        let sql = "SELECT guest, mode FROM results";
        let answer = store.query(sql).unwrap();
        assert_eq!(answer.titles(), ["guest", "mode"]);
        let csv = answer.text(AnswerFormat::Csv).unwrap();
        assert_eq!(csv.lines().count(), results.results.len() + 1);
        let json = answer.text(AnswerFormat::Json).unwrap();
        assert!(json.starts_with('[') && json.ends_with("]\n"), "{json}");
    }

    #[test]
    fn a_benchmarks_segments_are_found_without_splitting_its_name() {
        let mut found = 0;
        for results in documents() {
            let (_directory, store) = store();
            store.add(&results).unwrap();
            for row in &results.results {
                let measurement = row.outcome.measurement();
                let Some(breakdown) = measurement.and_then(|m| m.breakdown.as_ref()) else {
                    continue;
                };
                let text = |value: &str| value.replace('\'', "''");
                let sql = format!(
                    "SELECT segment FROM segments WHERE system = '{}' AND definition = '{}' \
                     AND parameters = '{}'",
                    text(&row.system),
                    text(row.benchmark_name.benchmark()),
                    text(&row.benchmark_name.parameters_in_words()),
                );
                let rows = store.query(&sql).unwrap().rows();
                let names = rows.into_iter().map(|mut row| row.remove(0).unwrap());
                let expected = breakdown.segments.iter().map(|segment| &segment.name);
                assert!(names.eq(expected.cloned()), "{sql}");
                found += breakdown.segments.len();
            }
        }
        assert!(found > 0, "no document has a breakdown");
    }

    #[test]
    fn a_wrong_query_is_told() {
        let (_directory, store) = store();
        for sql in ["SELEC 1", "SELECT x FROM results", "SELECT 1 FROM nowhere"] {
            assert!(matches!(store.query(sql), Err(StoreError::Sql(_))), "{sql}");
        }
    }
}
