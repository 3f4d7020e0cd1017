//! One row per benchmark, guest and system; no number where it did not pass.

use capbench_results::MispricedKind::{AddressSpaceSwitch, Exception, FpuState, RepeatedString};
use capbench_results::{BenchmarkResult, Measurement, MispricedKind};
use polars_core::prelude::Column;

use super::{Rows, column, each, identity, maybe};

pub(super) fn columns(rows: &Rows) -> Vec<Column> {
    let of = &rows.rows;
    let number = |value: fn(&Measurement) -> Option<f64>| {
        maybe(of, |row: &&BenchmarkResult| {
            row.outcome.measurement().and_then(value)
        })
    };
    let count = |value: fn(&Measurement) -> u64| {
        maybe(of, |row: &&BenchmarkResult| {
            row.outcome.measurement().map(value)
        })
    };
    let detail = |row: &&BenchmarkResult| row.outcome.refusal().map(|r| r.1.to_owned());
    let kind = |row: &&BenchmarkResult| {
        let value = row.outcome.measurement()?;
        Some(value.sample_kind.as_str().to_owned())
    };
    let headline_kind = |row: &&BenchmarkResult| {
        let value = row.outcome.measurement()?;
        Some(value.headline().kind.as_str().to_owned())
    };
    let mispriced = |row: &&BenchmarkResult| {
        let mispriced = row.outcome.measurement()?.mispriced.iter();
        let kinds: Vec<&str> = mispriced.map(|held| held.kind.as_str()).collect();
        Some(kinds.join(", "))
    };
    let lower = |row: &&BenchmarkResult| Some(row.outcome.measurement()?.lower_is_better);
    let mut columns = identity(rows.run, of);
    columns.extend([
        column("detail", maybe(of, detail)),
        column("tier", each(of, |row| u64::from(row.tier))),
        column("lower_is_better", maybe(of, lower)),
        column("headline", number(|v| Some(v.headline().value))),
        column("headline_kind", maybe(of, headline_kind)),
        column("median", number(|v| Some(v.median))),
        column("mean", number(|v| v.mean)),
        column("p95", number(|v| v.p95)),
        column("min", number(|v| Some(v.min))),
        column("max", number(|v| Some(v.max))),
        column("sd", number(|v| v.sd)),
        column("n", count(|v| v.n)),
        column("batch", count(|v| v.batch.into())),
        column("sample_kind", maybe(of, kind)),
        column("boots", count(|v| v.boots.len() as u64)),
        column("range_low", number(|v| Some(v.range.low))),
        column("range_high", number(|v| Some(v.range.high))),
        column("interval_low", number(|v| Some(v.interval?.low))),
        column("interval_high", number(|v| Some(v.interval?.high))),
        column(
            "interval_confidence",
            number(|v| Some(v.interval?.confidence)),
        ),
        column("cold", number(|v| v.cold)),
        column("low_mode", number(|v| Some(v.modes.first()?.value))),
        column("low_mode_share", number(|v| Some(v.modes.first()?.share))),
        column("high_mode", number(|v| Some(v.modes.get(1)?.value))),
        column("high_mode_share", number(|v| Some(v.modes.get(1)?.share))),
        column("perturbation_counts", number(|v| effect(v, "counts"))),
        column("perturbation_perf", number(|v| effect(v, "perf"))),
        column("mispriced", maybe(of, mispriced)),
        column("mispriced_rep", number(|v| counted(v, RepeatedString))),
        column("mispriced_fpu_state", number(|v| counted(v, FpuState))),
        column(
            "mispriced_cr3_load",
            number(|v| counted(v, AddressSpaceSwitch)),
        ),
        column("mispriced_exception", number(|v| counted(v, Exception))),
        column("attempts", each(of, |row| u64::from(row.attempts))),
        column("labels", each(of, |row| row.labels_in_words())),
        column("correctness_id", each(of, |row| row.correctness_id.clone())),
        column(
            "artifact_hash",
            maybe(of, |row| row.artifact_hash.map(|hash| hash.to_string())),
        ),
    ]);
    columns
}

/// What the instrument of a pass adds to the median.
fn effect(measurement: &Measurement, pass: &str) -> Option<f64> {
    let mut perturbations = measurement.perturbations.iter();
    let found = perturbations.find(|perturbation| perturbation.pass == pass)?;
    Some(found.effect)
}

/// How often an operation executes what exact mode misprices, where it was counted.
fn counted(measurement: &Measurement, kind: MispricedKind) -> Option<f64> {
    let mut mispriced = measurement.mispriced.iter();
    mispriced.find(|held| held.kind == kind)?.per_operation
}
