//! Tables, metrics and messages of any results, read back.

#[path = "../../results/tests/arbitrary/mod.rs"]
mod arbitrary;
mod openmetrics;

use std::fs::{self, File};
use std::path::Path;

use capbench_export::{ExportError, TableFormat, write_message, write_metrics, write_results};
use capbench_results::{BenchmarkResult, Label, Mode, Results, Status, plain_lines};
use capbench_tables::{Kind, TableSpec, exported};
use polars_core::prelude::*;
use polars_io::SerReader;
use polars_io::csv::read::CsvReadOptions;
use polars_io::ipc::IpcReader;
use polars_io::prelude::ParquetReader;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::Value;

/// The tables of results: all but the spans.
fn tables() -> Vec<TableSpec> {
    let mut tables = exported();
    let spans = tables.pop();
    assert_eq!(spans.unwrap().name, "spans");
    tables
}

fn data_type(kind: Kind) -> DataType {
    match kind {
        Kind::Text => DataType::String,
        Kind::Count => DataType::UInt64,
        Kind::Integer => DataType::Int64,
        Kind::Number => DataType::Float64,
        Kind::Flag => DataType::Boolean,
    }
}

fn schema(table: &TableSpec) -> Schema {
    let columns = table.columns.iter();
    columns
        .map(|column| Field::new(column.name.into(), data_type(column.kind)))
        .collect()
}

fn read(table: &TableSpec, format: TableFormat, from: &Path) -> DataFrame {
    let path = from.join(format!("{}.{}", table.name, format.extension()));
    let file = || File::open(&path).unwrap();
    match format {
        TableFormat::Parquet => ParquetReader::new(file()).finish().unwrap(),
        TableFormat::Arrow => IpcReader::new(file()).finish().unwrap(),
        TableFormat::Csv => CsvReadOptions::default()
            .with_schema(Some(schema(table).into()))
            .map_parse_options(|options| options.with_missing_is_null(true))
            .into_reader_with_file_handle(file())
            .finish()
            .unwrap(),
        TableFormat::Json => from_json(table, &fs::read_to_string(&path).unwrap()),
    }
}

/// By another reader than the one that belongs to the writer.
fn from_json(table: &TableSpec, text: &str) -> DataFrame {
    let rows: Vec<serde_json::Map<String, Value>> = serde_json::from_str(text).unwrap();
    for row in &rows {
        let names: Vec<_> = table.columns.iter().map(|column| column.name).collect();
        assert_eq!(row.len(), names.len());
        assert!(names.iter().all(|name| row.contains_key(*name)));
    }
    let columns = table.columns.iter().map(|column| {
        let cells = rows.iter().map(|row| &row[column.name]);
        let name = column.name.into();
        match column.kind {
            Kind::Text => Column::new(name, cells.map(Value::as_str).collect::<Vec<_>>()),
            Kind::Count => Column::new(name, cells.map(Value::as_u64).collect::<Vec<_>>()),
            Kind::Integer => Column::new(name, cells.map(Value::as_i64).collect::<Vec<_>>()),
            Kind::Number => Column::new(name, cells.map(Value::as_f64).collect::<Vec<_>>()),
            Kind::Flag => Column::new(name, cells.map(Value::as_bool).collect::<Vec<_>>()),
        }
    });
    DataFrame::new(rows.len(), columns.collect()).unwrap()
}

/// Where a row did not pass, no column holds a quantity.
fn holds_no_number(frame: &DataFrame, table: &TableSpec, row: usize) {
    for column in &table.columns {
        let describes_the_row = ["tier", "attempts"].contains(&column.name);
        let quantity = !matches!(column.kind, Kind::Text) && !describes_the_row;
        if quantity {
            let value = frame.column(column.name).unwrap().get(row).unwrap();
            assert!(value.is_null(), "{}.{}: {value}", table.name, column.name);
        }
    }
    assert!(frame.column("unit").unwrap().get(row).unwrap().is_null());
}

fn refused_rows_are_empty(results: &Results, format: TableFormat, from: &Path) {
    let frame = |name: &str| {
        let mut tables = tables().into_iter();
        let table = tables.find(|table| table.name == name).unwrap();
        let rows = read(&table, format, from);
        (table, rows)
    };
    let (table, rows) = frame("results");
    for (row, result) in results.results.iter().enumerate() {
        if result.status() != Status::Passed {
            holds_no_number(&rows, &table, row);
        }
    }
    let (table, rows) = frame("context");
    for (row, context) in results.context.iter().enumerate() {
        if context.outcome.status() != Status::Passed {
            holds_no_number(&rows, &table, row);
        }
    }
    let measured = |sum: fn(&capbench_results::Measurement) -> usize| {
        let results = results.results.iter();
        results
            .filter_map(|result| result.outcome.measurement())
            .map(sum)
            .sum::<usize>()
    };
    let samples = measured(|m| m.samples.len());
    assert_eq!(frame("samples").1.height(), samples);
    let segments = measured(|m| m.breakdown.as_ref().map_or(0, |b| b.segments.len()));
    assert_eq!(frame("segments").1.height(), segments);
    let instruments = measured(|m| m.instruments.len());
    assert_eq!(frame("instruments").1.height(), instruments);
    let (_, rows) = frame("comparisons");
    for (row, comparison) in results.comparisons.iter().enumerate() {
        let ratio = matches!(
            comparison.outcome,
            capbench_results::ComparisonOutcome::Ratio(_)
        );
        for column in ["ratio", "numerator", "denominator"] {
            let value = rows.column(column).unwrap().get(row).unwrap();
            assert_eq!(!value.is_null(), ratio);
        }
    }
}

/// What a spreadsheet would execute or a terminal obey is only text in CSV.
fn csv_cell(text: &str) -> String {
    let plain = plain_lines(text);
    match plain.starts_with(['=', '+', '-', '@', '\t']) {
        true => format!("'{plain}"),
        false => plain.into_owned(),
    }
}

fn as_csv(frame: &DataFrame) -> DataFrame {
    let mut frame = frame.clone();
    for index in 0..frame.width() {
        let column = frame.columns()[index].clone();
        let Ok(texts) = column.str() else { continue };
        let cells = texts.iter().map(|cell| cell.map(csv_cell));
        let cells: StringChunked = cells.collect();
        let cells = cells.with_name(column.name().clone());
        frame.replace_column(index, cells.into_column()).unwrap();
    }
    frame
}

fn medians_are_the_results(results: &Results, frame: &DataFrame) {
    let medians = frame.column("median").unwrap().f64().unwrap();
    let expected = results.results.iter();
    let expected = expected.map(|result| result.outcome.measurement().map(|m| m.median));
    assert!(medians.iter().eq(expected));
}

fn names_stand_joined_and_in_parts(results: &Results, frame: &DataFrame) {
    let words = |column: &str| frame.column(column).unwrap().str().unwrap();
    let (joined, definitions) = (words("benchmark"), words("definition"));
    let parameters = words("parameters");
    for (row, result) in results.results.iter().enumerate() {
        let name = &result.benchmark_name;
        assert_eq!(joined.get(row), Some(name.as_str()));
        assert_eq!(definitions.get(row), Some(name.benchmark()));
        assert_eq!(
            parameters.get(row),
            Some(name.parameters_in_words().as_str())
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn every_format_holds_the_same_and_no_number_of_a_row_that_did_not_pass(
        results in arbitrary::results()
    ) {
        let directory = tempfile::tempdir().unwrap();
        let to = directory.path();
        for format in TableFormat::ALL {
            let written = write_results(&results, format, to).unwrap();
            prop_assert_eq!(written.len(), tables().len());
            refused_rows_are_empty(&results, format, to);
        }
        for table in &tables() {
            let whole = read(table, TableFormat::Parquet, to);
            prop_assert_eq!(&**whole.schema(), &schema(table));
            for format in TableFormat::ALL {
                let same = read(table, format, to);
                let whole = match format {
                    TableFormat::Csv => as_csv(&whole),
                    _ => whole.clone(),
                };
                prop_assert!(same.equals_missing(&whole), "{} {format:?}: {same:?}", table.name);
            }
        }
        let rows = read(&tables()[0], TableFormat::Parquet, to);
        medians_are_the_results(&results, &rows);
        names_stand_joined_and_in_parts(&results, &rows);
    }

    #[test]
    fn metrics_are_valid_and_of_rows_that_passed(results in arbitrary::results()) {
        let directory = tempfile::tempdir().unwrap();
        write_metrics(&results, directory.path()).unwrap();
        let text = fs::read_to_string(directory.path().join("metrics.txt")).unwrap();
        let series = openmetrics::parse(&text).unwrap();
        let medians = series.iter().filter(|series| series.name.starts_with("capbench_median_"));
        let found: Vec<_> = medians
            .map(|series| {
                let label = |name: &str| series.labels[name].clone();
                (label("benchmark"), label("guest"), label("system"), label("unit"), series.value)
            })
            .collect();
        let published = results.run.mode != Mode::Emulated;
        let mut expected = Vec::new();
        for result in results.results.iter().filter(|_| published) {
            if let Some(m) = result.outcome.measurement() {
                expected.push((
                    result.benchmark_name.to_string(),
                    result.guest.clone(),
                    result.system.clone(),
                    m.unit.to_string(),
                    m.median,
                ));
            }
        }
        let sorted = |mut list: Vec<(String, String, String, String, f64)>| {
            list.sort_by(|a, b| a.partial_cmp(b).unwrap());
            list
        };
        prop_assert_eq!(sorted(found), sorted(expected));
    }

    #[test]
    fn a_message_is_copied_only_if_it_says_what_the_results_say(
        results in arbitrary::results(), other in arbitrary::results()
    ) {
        prop_assume!(results != other);
        let directory = tempfile::tempdir().unwrap();
        let stored = directory.path().join("stored");
        fs::write(&stored, results.to_message().unwrap()).unwrap();
        let to = directory.path().join("out");
        let refused = write_message(&other, &stored, &to);
        let differ = matches!(refused, Err(ExportError::FormsDiffer { .. }));
        prop_assert!(differ);
        prop_assert!(!to.join("results.capnp").exists());
        let written = write_message(&results, &stored, &to).unwrap();
        prop_assert_eq!(fs::read(written.path).unwrap(), fs::read(&stored).unwrap());
    }
}

/// Results of an exact run with one row, which passed.
fn one_row() -> Results {
    let mut runner = TestRunner::deterministic();
    loop {
        let any = arbitrary::results().new_tree(&mut runner).unwrap();
        let any = any.current();
        let row = any.results.iter().find(|r| r.status() == Status::Passed);
        if let (Some(row), true) = (row.cloned(), any.run.mode == Mode::Exact) {
            return Results {
                results: vec![row],
                comparisons: Vec::new(),
                ..any
            };
        }
    }
}

#[test]
fn hostile_names_stay_in_their_field() {
    let directory = tempfile::tempdir().unwrap();
    let mut results = one_row();
    let names = [
        "a,b",
        "a\"b",
        "a\r\nb",
        "\n",
        "\r",
        "\"",
        "",
        "}} 1\n# EOF\n",
        "\\\"\\",
        "=1+1",
        "\u{1}\u{2028}",
    ];
    let row = results.results[0].clone();
    results.results = names
        .iter()
        .map(|name| BenchmarkResult {
            benchmark_name: (*name).into(),
            notes: (*name).into(),
            ..row.clone()
        })
        .collect();
    for format in TableFormat::ALL {
        write_results(&results, format, directory.path()).unwrap();
        let frame = read(&tables()[0], format, directory.path());
        for column in ["benchmark", "notes"] {
            let found = frame.column(column).unwrap().str().unwrap();
            let expected = names.map(|name| match format {
                TableFormat::Csv => csv_cell(name),
                _ => name.to_owned(),
            });
            let expected = expected.iter().map(|name| Some(name.as_str()));
            assert!(found.iter().eq(expected), "{format:?}: {found:?}");
        }
    }
    write_metrics(&results, directory.path()).unwrap();
    let text = fs::read_to_string(directory.path().join("metrics.txt")).unwrap();
    let series = openmetrics::parse(&text).unwrap();
    let found = series.iter().take(names.len());
    assert!(found.map(|series| &series.labels["benchmark"]).eq(&names));
}

#[test]
fn labels_of_a_row_stand_in_every_table_and_at_its_metrics() {
    let directory = tempfile::tempdir().unwrap();
    let mut results = one_row();
    let metrics = |results: &Results| {
        write_metrics(results, directory.path()).unwrap();
        let text = fs::read_to_string(directory.path().join("metrics.txt")).unwrap();
        openmetrics::parse(&text).unwrap()
    };
    results.results[0].labels.clear();
    let plain = metrics(&results);
    assert!(
        plain
            .iter()
            .all(|series| !series.labels.contains_key("labels"))
    );
    results.results[0].labels = vec![Label::ScriptedInput, Label::SpecialBuild];
    let labelled = metrics(&results);
    let words = "scripted-input, special-build";
    assert!(
        labelled
            .iter()
            .all(|series| series.labels["labels"] == words)
    );
    for format in TableFormat::ALL {
        write_results(&results, format, directory.path()).unwrap();
        let frame = read(&tables()[0], format, directory.path());
        let found = frame.column("labels").unwrap().str().unwrap();
        assert_eq!(found.get(0), Some(words), "{format:?}");
    }
}

#[test]
fn two_rows_of_one_name_are_no_metric() {
    let mut passed = one_row();
    passed.results.push(passed.results[0].clone());
    let directory = tempfile::tempdir().unwrap();
    let error = write_metrics(&passed, directory.path()).unwrap_err();
    assert!(matches!(error, ExportError::DoubleSeries { .. }));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}
