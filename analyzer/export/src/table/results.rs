//! One row per benchmark, guest and system.

use capbench_results::Results;

use super::Kind::{Count, Flag, Number, Text};
use super::{ColumnSpec, NONE, Rows, TableSpec, UNIT, column};

const COLUMNS: &[ColumnSpec] = &[
    column("run_id", Text, NONE),
    column("benchmark", Text, NONE),
    column("guest", Text, NONE),
    column("system", Text, NONE),
    column("tier", Count, NONE),
    column("mode", Text, NONE),
    column("status", Text, NONE),
    column("reason", Text, NONE),
    column("detail", Text, NONE),
    column("unit", Text, NONE),
    column("lower_is_better", Flag, NONE),
    column("headline", Number, UNIT),
    column("headline_kind", Text, NONE),
    column("median", Number, UNIT),
    column("mean", Number, UNIT),
    column("p95", Number, UNIT),
    column("min", Number, UNIT),
    column("max", Number, UNIT),
    column("sd", Number, UNIT),
    column("n", Count, "samples"),
    column("batch", Count, "operations"),
    column("sample_kind", Text, NONE),
    column("boots", Count, "boots"),
    column("range_low", Number, UNIT),
    column("range_high", Number, UNIT),
    column("interval_low", Number, UNIT),
    column("interval_high", Number, UNIT),
    column("cold", Number, UNIT),
    column("low_mode", Number, UNIT),
    column("low_mode_share", Number, "1"),
    column("high_mode", Number, UNIT),
    column("high_mode_share", Number, "1"),
    column("correctness_id", Text, NONE),
    column("authority_profile", Text, NONE),
    column("labels", Text, NONE),
    column("attempts", Count, "boots"),
    column("config_hash", Text, NONE),
    column("artifact_hash", Text, NONE),
    column("envelope_hash", Text, NONE),
    column("notes", Text, NONE),
];

pub(crate) const SPEC: TableSpec = TableSpec {
    name: "results",
    columns: COLUMNS,
};

pub(crate) fn rows(results: &Results) -> Rows {
    let mut rows = Rows::new(SPEC);
    let envelope = results.run.envelope.hash.to_string();
    for result in &results.results {
        let value = result.outcome.measurement();
        let refusal = result.outcome.refusal();
        let labels = result.labels_in_words();
        let config = result.config_hash.to_string();
        let artifact = result.artifact_hash.map(|hash| hash.to_string());
        rows.push([
            (&result.run_id).into(),
            (&result.benchmark_name).into(),
            (&result.guest).into(),
            (&result.system).into(),
            result.tier.into(),
            result.mode.as_str().into(),
            result.status().as_str().into(),
            refusal.map(|(reason, ..)| reason).into(),
            refusal.map(|(_, detail, _)| detail).into(),
            value.map(|v| v.unit.as_str()).into(),
            value.map(|v| v.lower_is_better).into(),
            value.map(|v| v.headline().value).into(),
            value.map(|v| v.headline().kind.as_str()).into(),
            value.map(|v| v.median).into(),
            value.and_then(|v| v.mean).into(),
            value.and_then(|v| v.p95).into(),
            value.map(|v| v.min).into(),
            value.map(|v| v.max).into(),
            value.and_then(|v| v.sd).into(),
            value.map(|v| v.n).into(),
            value.map(|v| v.batch).into(),
            value.map(|v| v.sample_kind.as_str()).into(),
            value.map(|v| v.boots.len() as u64).into(),
            value.map(|v| v.range.low).into(),
            value.map(|v| v.range.high).into(),
            value.and_then(|v| v.interval).map(|i| i.low).into(),
            value.and_then(|v| v.interval).map(|i| i.high).into(),
            value.and_then(|v| v.cold).into(),
            value.and_then(|v| v.modes.first()).map(|m| m.value).into(),
            value.and_then(|v| v.modes.first()).map(|m| m.share).into(),
            value.and_then(|v| v.modes.get(1)).map(|m| m.value).into(),
            value.and_then(|v| v.modes.get(1)).map(|m| m.share).into(),
            (&result.correctness_id).into(),
            (&result.authority_profile).into(),
            (&labels).into(),
            Some(result.attempts).filter(|&told| told > 0).into(),
            config.as_str().into(),
            artifact.as_deref().into(),
            envelope.as_str().into(),
            (&result.notes).into(),
        ]);
    }
    rows
}
