//! The chapter *Exports* of the book and the tables say the same.

use capbench_export::BATCH_ROWS;
use capbench_frames::nesting::TREE_LIMIT;
use capbench_tables::exported;

const CHAPTER: &str = include_str!("../../../docs/src/exports.md");

/// Column, type and unit of each row of the table under a heading.
fn documented(table: &str) -> Vec<[String; 3]> {
    let heading = format!("### {table}\n");
    let (_, section) = CHAPTER.split_once(&heading).expect("a heading per table");
    let section = section.split("\n#").next().unwrap();
    let lines = section.lines().filter(|line| line.starts_with("| "));
    lines
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            assert_eq!(cells.len(), 4, "{line}");
            assert!(!cells[3].is_empty(), "{line}");
            [cells[0].into(), cells[1].into(), cells[2].into()]
        })
        .collect()
}

#[test]
fn every_column_is_documented_in_order_with_type_and_unit() {
    for table in exported() {
        let columns = table.columns.iter();
        let declared: Vec<[String; 3]> = columns
            .map(|c| [c.name.into(), c.kind.as_str().into(), c.unit.into()])
            .collect();
        assert_eq!(documented(table.name), declared, "table {}", table.name);
    }
}

#[test]
fn no_other_table_is_documented() {
    let headings = CHAPTER.lines().filter_map(|line| line.strip_prefix("### "));
    let tables = exported();
    let tables: Vec<_> = tables.iter().map(|table| table.name).collect();
    assert_eq!(headings.collect::<Vec<_>>(), tables);
}

#[test]
fn the_bounds_of_memory_are_documented() {
    assert!(CHAPTER.contains(&format!("one batch of {BATCH_ROWS} rows")));
    assert!(CHAPTER.contains(&format!("at most {TREE_LIMIT} records")));
}
