//! Tables, read by pyarrow, pandas and DuckDB.

use capbench_frames::trace::read_file;
use capbench_results::{ComparisonOutcome, Outcome};
use capbench_tests::component::{self, Python, test_with};
use capbench_tests::source_copy::repository;
use libtest_mimic::Trial;
use serde_json::Value;

use crate::place::{BOOT, Place, equal, place, script};

pub fn tests() -> Vec<Trial> {
    vec![test_with(
        "tables_say_the_same_to_pyarrow_pandas_and_duckdb_in_every_format",
        component::python,
        every_format,
    )]
}

fn every_format(python: &Python) {
    let place = place();
    for format in ["parquet", "arrow", "csv", "json"] {
        place.export("exports", format, &["--boot", BOOT]);
    }
    let printed = python.run(&script("tables.py"), |command| {
        command.arg(place.directory("exports"));
        command.arg(repository().join("docs/src/exports.md"));
    });
    let tables: Value = serde_json::from_slice(&printed).unwrap();
    results(place, rows(&tables, "results"));
    samples(place, rows(&tables, "samples"));
    segments(place, rows(&tables, "segments"));
    comparisons(place, rows(&tables, "comparisons"));
    flags(place, &tables);
    let context = rows(&tables, "context");
    assert_eq!(context.len(), place.results.context.len());

    let trace = place.run().join(format!("boots/{BOOT}.ktrace"));
    let records = read_file(&trace, BOOT).unwrap().totals.records;
    assert!(records > 1000, "{records}");
    assert_eq!(tables[format!("spans-{BOOT}")], records);
}

fn rows<'a>(tables: &'a Value, name: &str) -> &'a [Value] {
    let rows = tables[name].as_array();
    rows.unwrap_or_else(|| panic!("there is no table {name}"))
}

fn results(place: &Place, rows: &[Value]) {
    assert_eq!(rows.len(), place.results.results.len());
    let mut refused = 0;
    for (row, result) in rows.iter().zip(&place.results.results) {
        assert_eq!(row["run_id"], *result.run_id);
        assert_eq!(row["benchmark"], *result.benchmark_name);
        assert_eq!(row["guest"], *result.guest);
        assert_eq!(row["status"], result.status().as_str());
        let measurement = result.outcome.measurement();
        let number = |name: &str| row[name].as_f64();
        assert!(
            equal(number("median"), measurement.map(|m| m.median)),
            "{row}"
        );
        assert!(equal(number("sd"), measurement.and_then(|m| m.sd)), "{row}");
        assert_eq!(row["n"].as_u64(), measurement.map(|m| m.n), "{row}");
        if measurement.is_none() {
            refused += 1;
            assert!(row["reason"].is_string(), "{row}");
            let quantity = |(name, value): (&String, &Value)| name != "tier" && value.is_number();
            assert!(!row.as_object().unwrap().iter().any(quantity), "{row}");
        }
    }
    assert_eq!(refused, 2, "the benchmark that asks for what no guest has");
}

fn samples(place: &Place, rows: &[Value]) {
    let expected = place
        .passed()
        .flat_map(|(row, m)| m.samples.iter().map(move |value| (row, *value)));
    let expected: Vec<_> = expected.collect();
    assert_eq!(rows.len(), expected.len());
    for (row, (result, value)) in rows.iter().zip(expected) {
        assert_eq!(row["benchmark"], *result.benchmark_name);
        assert!(equal(row["value"].as_f64(), Some(value)), "{row}");
    }
}

fn segments(place: &Place, rows: &[Value]) {
    let breakdowns = place.passed().filter_map(|(_, m)| m.breakdown.as_ref());
    let expected: Vec<_> = breakdowns.flat_map(|b| &b.segments).collect();
    assert!(!expected.is_empty());
    assert_eq!(rows.len(), expected.len());
    for (row, segment) in rows.iter().zip(expected) {
        assert_eq!(row["segment"], *segment.name);
        assert_eq!(row["count"], segment.count);
        assert!(
            equal(row["self_corrected"].as_f64(), segment.self_corrected),
            "{row}"
        );
    }
}

fn comparisons(place: &Place, rows: &[Value]) {
    assert_eq!(rows.len(), place.results.comparisons.len());
    for (row, comparison) in rows.iter().zip(&place.results.comparisons) {
        let ratio = match &comparison.outcome {
            ComparisonOutcome::Ratio(ratio) => Some(ratio.value),
            ComparisonOutcome::None(_) => None,
        };
        assert!(equal(row["ratio"].as_f64(), ratio), "{row}");
        assert_eq!(row["reason"].is_null(), ratio.is_some(), "{row}");
    }
}

/// The bias of rows and the cost of second instruments have tables.
fn flags(place: &Place, tables: &Value) {
    let count = |of: fn(&capbench_results::Measurement) -> usize| {
        let rows = place.results.results.iter();
        let passed = rows.filter_map(|row| match &row.outcome {
            Outcome::Passed(measurement) => Some(of(measurement)),
            _ => None,
        });
        passed.sum::<usize>()
    };
    for (table, expected) in [
        ("mispriced", count(|m| m.mispriced.len())),
        ("perturbations", count(|m| m.perturbations.len())),
        ("instruments", count(|m| m.instruments.len())),
    ] {
        assert!(expected > 0, "{table}");
        assert_eq!(rows(tables, table).len(), expected, "{table}");
    }
}
