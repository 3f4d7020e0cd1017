//! One row per span and dispatch root of a boot.
//!
//! Written in batches of [`BATCH_ROWS`], so that memory does not follow the length
//! of the trace: one batch in columns and once more in its format (about a kilobyte
//! a row at the worst), and an open tree. A Parquet file's footer and an Arrow file's
//! list of batches grow by some kilobytes per batch.

use capbench_frames::nesting::{Node, Position, Ring, Tree};
use polars_core::prelude::{DataFrame, PolarsResult};
use trace_format::Dispatch;
use trace_format::decode::RootAt;

use super::Kind::{Count, Flag, Integer, Text};
use super::{Cell, ColumnSpec, NONE, Rows, TICKS, TableSpec, column};
use crate::boot::{Boot, Visitor, context_name};
use crate::error::ExportError;

/// Rows of a batch: a row group, or a record batch. Large enough that columns
/// compress, small enough that two batches fit beside everything else.
pub const BATCH_ROWS: usize = 1 << 17;

const COLUMNS: &[ColumnSpec] = &[
    column("boot", Text, NONE),
    column("tree", Count, NONE),
    column("node", Count, NONE),
    column("parent_node", Count, NONE),
    column("cpu", Count, NONE),
    column("context", Text, NONE),
    column("benchmark", Text, NONE),
    column("segment", Text, NONE),
    column("parent", Text, NONE),
    column("unit", Text, NONE),
    column("start", Count, TICKS),
    column("duration", Count, TICKS),
    column("self_raw", Count, TICKS),
    column("complete", Flag, NONE),
    column("tid", Count, NONE),
    column("flow", Count, NONE),
    column("opcode", Count, NONE),
    column("interface", Text, NONE),
    column("method", Count, NONE),
    column("result", Integer, NONE),
    column("outcome", Text, NONE),
];

pub(crate) const SPEC: TableSpec = TableSpec {
    name: "spans",
    columns: COLUMNS,
};

/// Takes a full batch.
pub(crate) type Batches<'a> = &'a mut dyn FnMut(PolarsResult<DataFrame>) -> Result<(), ExportError>;

/// Walks over a boot's trees and hands out their rows. Returns how many.
pub(crate) fn feed(boot: &Boot, batches: Batches) -> Result<u64, ExportError> {
    let mut spans = Spans {
        names: Names::of(boot),
        boot,
        rows: Rows::new(SPEC),
        trees: 0,
        total: 0,
        batches,
    };
    boot.walk(&mut spans)?;
    if spans.rows.count() > 0 {
        spans.hand_out()?;
    }
    Ok(spans.total)
}

struct Spans<'a> {
    names: Names<'a>,
    boot: &'a Boot,
    rows: Rows,
    trees: u64,
    total: u64,
    batches: Batches<'a>,
}

/// Names that many rows share.
pub(crate) struct Names<'a> {
    boot: &'a Boot,
    segments: Vec<String>,
}

impl<'a> Names<'a> {
    pub(crate) fn of(boot: &'a Boot) -> Self {
        let ids = 0..trace_format::span::SEGMENT_LIMIT;
        Self {
            boot,
            segments: ids.map(|id| boot.statements().segment_name(id)).collect(),
        }
    }

    pub(crate) fn segment(&self, id: u16) -> &str {
        self.segments
            .get(usize::from(id))
            .map_or("?", String::as_str)
    }

    pub(crate) fn interface(&self, dispatch: &Dispatch) -> Option<&'a str> {
        let declared = self.boot.statements().interfaces.get(&dispatch.interface);
        declared.map(|(_, name)| name.as_str())
    }

    /// The benchmark whose window holds an interval from start to end.
    pub(crate) fn benchmark(&self, start: u64, end: u64) -> Option<&'a str> {
        let windows = &self.boot.trace.windows;
        let behind = windows.partition_point(|window| window.begun <= start);
        let window = windows.get(behind.checked_sub(1)?)?;
        let inside = window.ended.is_some_and(|ended| end <= ended);
        inside.then_some(window.benchmark.as_str())
    }
}

/// What a dispatch ended as, in a word.
pub(crate) const fn outcome_name(root: &RootAt) -> &'static str {
    match root.outcome {
        trace_format::Outcome::Complete => "complete",
        trace_format::Outcome::Pending => "pending",
        trace_format::Outcome::Resumed => "resumed",
        trace_format::Outcome::ResumedPending => "resumedPending",
    }
}

impl Spans<'_> {
    fn hand_out(&mut self) -> Result<(), ExportError> {
        self.total += self.rows.count() as u64;
        (self.batches)(self.rows.take())
    }

    fn row(&mut self, ring: Ring, tree: &Tree, position: &Position, benchmark: Option<&str>) {
        let node = &tree.nodes[position.node];
        let parent = position.parent.map(|parent| &tree.nodes[parent]);
        let root = tree.root().filter(|_| parent.is_none());
        let dispatch = root.map(|root| &root.dispatch);
        let names = &self.names;
        let name = |node: &Node| names.segment(node.segment);
        self.rows.push([
            Cell::Text(&self.boot.stem),
            self.trees.into(),
            (position.node as u64).into(),
            position.parent.map(|parent| parent as u64).into(),
            ring.0.into(),
            context_name(ring.1).into(),
            benchmark.into(),
            name(node).into(),
            parent.map(name).into(),
            self.boot.unit().unit().into(),
            node.start.into(),
            node.duration.into(),
            tree.complete.then_some(node.self_raw).into(),
            tree.complete.into(),
            dispatch.map(|dispatch| dispatch.tid).into(),
            dispatch.map(|dispatch| dispatch.flow).into(),
            dispatch.map(|dispatch| dispatch.opcode).into(),
            dispatch.and_then(|d| names.interface(d)).into(),
            dispatch.map(|dispatch| dispatch.method).into(),
            dispatch.map(|dispatch| dispatch.result).into(),
            root.map(outcome_name).into(),
        ]);
    }
}

impl Visitor for Spans<'_> {
    fn tree(&mut self, ring: Ring, tree: &Tree) -> Result<(), ExportError> {
        let Some(top) = tree.nodes.last() else {
            return Ok(());
        };
        let benchmark = self.names.benchmark(top.start, top.end());
        let mut positions: Vec<Position> = tree.from_the_top().collect();
        positions.reverse();
        for position in &positions {
            self.row(ring, tree, position, benchmark);
        }
        self.trees += 1;
        // A tree is short against a batch, so that batches may end with one.
        if self.rows.count() >= BATCH_ROWS {
            self.hand_out()?;
        }
        Ok(())
    }
}
