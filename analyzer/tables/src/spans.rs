//! One row per span and dispatch root of a boot.

use capbench_results::BenchmarkName;

use crate::column::{NONE, TICKS, count, flag, integer, text};
use crate::table::Table;

/// A span or dispatch root in its tree.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)] // As the columns of the same names.
pub struct Row<'a> {
    pub boot: &'a str,
    pub tree: u64,
    pub node: u64,
    pub parent_node: Option<u32>,
    pub cpu: u16,
    pub context: &'static str,
    pub benchmark: Option<&'a BenchmarkName>,
    pub segment: &'a str,
    pub parent: Option<&'a str>,
    pub unit: &'static str,
    pub start: u64,
    pub duration: u64,
    /// Time outside of its children, whether or not all of them are there.
    pub self_ticks: u64,
    pub complete: bool,
    /// The dispatch, where the row is its root.
    pub dispatch: Option<Dispatch<'a>>,
}

/// A dispatch.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)] // As the columns of the same names.
pub struct Dispatch<'a> {
    pub tid: u32,
    pub flow: u32,
    pub opcode: u8,
    pub interface: Option<&'a str>,
    pub method: u16,
    pub result: i32,
    pub outcome: &'static str,
}

/// The table.
pub fn table<'a>() -> Table<'a, Row<'a>> {
    let columns = [
        text("boot", |row: &Row| row.boot.into()),
        count("tree", NONE, |row| row.tree.into()),
        count("node", NONE, |row| row.node.into()),
        count("parent_node", NONE, |row| row.parent_node.into()),
        count("cpu", NONE, |row| row.cpu.into()),
        text("context", |row| row.context.into()),
        text("benchmark", |row| {
            row.benchmark.map(BenchmarkName::as_str).into()
        }),
        text("definition", |row| {
            row.benchmark.map(BenchmarkName::benchmark).into()
        }),
        text("parameters", |row| {
            let name = row.benchmark;
            name.map(BenchmarkName::parameters_in_words).into()
        }),
        text("segment", |row| row.segment.into()),
        text("parent", |row| row.parent.into()),
        text("unit", |row| row.unit.into()),
        count("start", TICKS, |row| row.start.into()),
        count("duration", TICKS, |row| row.duration.into()),
        // Not what it is called where a child may be missing.
        count("self_raw", TICKS, |row| {
            row.complete.then_some(row.self_ticks).into()
        }),
        flag("complete", |row| row.complete.into()),
        count("tid", NONE, |row| row.dispatch.map(|d| d.tid).into()),
        count("flow", NONE, |row| row.dispatch.map(|d| d.flow).into()),
        count("opcode", NONE, |row| row.dispatch.map(|d| d.opcode).into()),
        text("interface", |row| {
            row.dispatch.and_then(|d| d.interface).into()
        }),
        count("method", NONE, |row| row.dispatch.map(|d| d.method).into()),
        integer("result", NONE, |row| row.dispatch.map(|d| d.result).into()),
        text("outcome", |row| row.dispatch.map(|d| d.outcome).into()),
    ];
    Table::new("spans", columns)
}
