//! The spans of a boot, row by row.
//!
//! Written in batches of [`BATCH_ROWS`], so that memory does not follow the length
//! of the trace: one batch in columns and once more in its format (about a kilobyte
//! a row at the worst), and an open tree. A Parquet file's footer and an Arrow file's
//! list of batches grow by some kilobytes per batch.

use std::collections::BTreeMap;

use capbench_frames::nesting::{Position, Ring, Tree};
use capbench_results::BenchmarkName;
use capbench_tables::{Rows, spans};
use polars_core::prelude::{DataFrame, PolarsResult};
use trace_format::Dispatch;
use trace_format::decode::RootAt;

use crate::boot::{Boot, Visitor, context_name};
use crate::error::ExportError;

/// Rows of a batch: a row group, or a record batch. Large enough that columns
/// compress, small enough that two batches fit beside everything else.
pub const BATCH_ROWS: usize = 1 << 17;

/// Takes a full batch.
pub(crate) type Batches<'a> = &'a mut dyn FnMut(PolarsResult<DataFrame>) -> Result<(), ExportError>;

/// Walks over a boot's trees and hands out their rows. Returns how many.
pub(crate) fn feed(boot: &Boot, batches: Batches) -> Result<u64, ExportError> {
    let names = Names::of(boot);
    let windows = boot.trace.windows.iter();
    let benchmarks = windows.map(|window| window.benchmark.as_str());
    let benchmarks = benchmarks.map(|name| (name, name.into())).collect();
    let mut spans = Spans {
        names: &names,
        benchmarks: &benchmarks,
        boot,
        rows: spans::table().exported().rows(),
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

struct Spans<'a, 'b> {
    names: &'a Names<'a>,
    benchmarks: &'a BTreeMap<&'a str, BenchmarkName>,
    boot: &'a Boot,
    rows: Rows<'a, spans::Row<'a>>,
    trees: u64,
    total: u64,
    batches: Batches<'b>,
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

/// The outcome of a dispatch, in a word.
pub(crate) const fn outcome_name(root: &RootAt) -> &'static str {
    match root.outcome {
        trace_format::Outcome::Complete => "complete",
        trace_format::Outcome::Pending => "pending",
        trace_format::Outcome::Resumed => "resumed",
        trace_format::Outcome::ResumedPending => "resumedPending",
    }
}

impl<'a> Spans<'a, '_> {
    fn hand_out(&mut self) -> Result<(), ExportError> {
        self.total += self.rows.count() as u64;
        (self.batches)(self.rows.take())
    }

    fn row(
        &mut self,
        ring: Ring,
        tree: &Tree,
        position: &Position,
        benchmark: Option<&'a BenchmarkName>,
    ) {
        let node = &tree.nodes[position.node];
        let parent = position.parent.map(|parent| &tree.nodes[parent]);
        let root = tree.root().filter(|_| parent.is_none());
        let names = self.names;
        self.rows.push(&spans::Row {
            boot: &self.boot.stem,
            tree: self.trees,
            node: position.node as u64,
            parent_node: position.parent.map(|parent| parent as u32),
            cpu: ring.0,
            context: context_name(ring.1),
            benchmark,
            segment: names.segment(node.segment),
            parent: parent.map(|parent| names.segment(parent.segment)),
            unit: self.boot.unit().unit(),
            start: node.start,
            duration: node.duration,
            self_ticks: node.self_raw,
            complete: tree.complete,
            dispatch: root.map(|root| spans::Dispatch {
                tid: root.dispatch.tid,
                flow: root.dispatch.flow,
                opcode: root.dispatch.opcode,
                interface: names.interface(&root.dispatch),
                method: root.dispatch.method,
                result: root.dispatch.result,
                outcome: outcome_name(root),
            }),
        });
    }
}

impl Visitor for Spans<'_, '_> {
    fn tree(&mut self, ring: Ring, tree: &Tree) -> Result<(), ExportError> {
        let Some(top) = tree.nodes.last() else {
            return Ok(());
        };
        let benchmark = self.names.benchmark(top.start, top.end());
        let benchmark = benchmark.and_then(|name| self.benchmarks.get(name));
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
