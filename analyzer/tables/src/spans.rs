//! One row per span and dispatch root of a boot.

use capbench_results::BenchmarkName;

use crate::column::Kind::{Count, Flag, Integer, Text};
use crate::column::{NONE, TICKS, column};
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
        column("boot", Text, NONE, |row: &Row| row.boot.into()),
        column("tree", Count, NONE, |row| row.tree.into()),
        column("node", Count, NONE, |row| row.node.into()),
        column("parent_node", Count, NONE, |row| row.parent_node.into()),
        column("cpu", Count, NONE, |row| row.cpu.into()),
        column("context", Text, NONE, |row| row.context.into()),
        column("benchmark", Text, NONE, |row| row.benchmark.into()),
        column("definition", Text, NONE, |row| {
            row.benchmark.map(BenchmarkName::benchmark).into()
        }),
        column("parameters", Text, NONE, |row| {
            let name = row.benchmark;
            name.map(BenchmarkName::parameters_in_words).into()
        }),
        column("segment", Text, NONE, |row| row.segment.into()),
        column("parent", Text, NONE, |row| row.parent.into()),
        column("unit", Text, NONE, |row| row.unit.into()),
        column("start", Count, TICKS, |row| row.start.into()),
        column("duration", Count, TICKS, |row| row.duration.into()),
        // Not what it is called where a child may be missing.
        column("self_raw", Count, TICKS, |row| {
            row.complete.then_some(row.self_ticks).into()
        }),
        column("complete", Flag, NONE, |row| row.complete.into()),
        column("tid", Count, NONE, |row| row.dispatch.map(|d| d.tid).into()),
        column("flow", Count, NONE, |row| {
            row.dispatch.map(|d| d.flow).into()
        }),
        column("opcode", Count, NONE, |row| {
            row.dispatch.map(|d| d.opcode).into()
        }),
        column("interface", Text, NONE, |row| {
            row.dispatch.and_then(|d| d.interface).into()
        }),
        column("method", Count, NONE, |row| {
            row.dispatch.map(|d| d.method).into()
        }),
        column("result", Integer, NONE, |row| {
            row.dispatch.map(|d| d.result).into()
        }),
        column("outcome", Text, NONE, |row| {
            row.dispatch.map(|d| d.outcome).into()
        }),
    ];
    Table::new("spans", columns)
}
