//! One row per run.

use capbench_results::Results;
use polars_core::prelude::Column;

use super::{column, each};

pub(super) fn columns(runs: &[(&Results, &str)]) -> Vec<Column> {
    vec![
        column("run_id", each(runs, |(r, _)| r.run.id.clone())),
        column("started_at", each(runs, |(r, _)| r.run.started_at.clone())),
        column("commit", each(runs, |(r, _)| r.run.commit.clone())),
        column("dirty", each(runs, |(r, _)| r.run.dirty)),
        column("suite", each(runs, |(r, _)| r.run.suite.clone())),
        column("tool", each(runs, |(r, _)| r.run.tool.clone())),
        column("boots", each(runs, |(r, _)| u64::from(r.run.boots))),
        column(
            "envelope_hash",
            each(runs, |(r, _)| r.run.envelope.hash.to_string()),
        ),
        column(
            "envelope",
            each(runs, |(r, _)| r.run.envelope.description.clone()),
        ),
        column("rows", each(runs, |(r, _)| r.results.len() as u64)),
        column("content_hash", each(runs, |(_, hash)| (*hash).to_owned())),
    ]
}
