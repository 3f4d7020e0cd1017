//! One row per benchmark, guest and system; no number where it did not pass.

use capbench_results::MispricedKind::{AddressSpaceSwitch, Exception, FpuState, RepeatedString};
use capbench_results::{BenchmarkResult, Measurement, MispricedKind, Results, Run, ValueMode};

use crate::cell::Cell;
use crate::column::{EXECUTIONS, NONE, UNIT, count, flag, number, text};
use crate::identity::{self, OfResult};
use crate::table::Table;

/// A result, and the run that it is of.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The run.
    pub run: &'a Run,
    /// The result.
    pub result: &'a BenchmarkResult,
}

impl<'a> Row<'a> {
    /// Its numbers, where it passed.
    pub(crate) fn value(&self) -> Option<&'a Measurement> {
        self.result.outcome.measurement()
    }

    /// Reason and detail, where it did not pass.
    pub(crate) fn refusal(&self) -> Option<(&'static str, &'a str)> {
        let refusal = self.result.outcome.refusal();
        refusal.map(|(reason, detail, _)| (reason, detail))
    }

    /// What the instrument of a pass adds to the median.
    fn effect(&self, pass: &str) -> Cell<f64> {
        let mut perturbations = self.value().into_iter().flat_map(|v| &v.perturbations);
        let found = perturbations.find(|perturbation| perturbation.pass == pass);
        found.map(|perturbation| perturbation.effect).into()
    }

    /// How often an operation executes what exact mode misprices, where it was counted.
    fn counted(&self, kind: MispricedKind) -> Cell<f64> {
        let mut mispriced = self.value().into_iter().flat_map(|v| &v.mispriced);
        let found = mispriced.find(|held| held.kind == kind);
        found.and_then(|held| held.per_operation).into()
    }

    fn mode(&self, place: usize) -> Option<&'a ValueMode> {
        self.value()?.modes.get(place)
    }
}

impl<'a> OfResult<'a> for Row<'a> {
    fn result(&self) -> &Row<'a> {
        self
    }
}

/// The results of a run.
pub fn rows(results: &Results) -> impl Iterator<Item = Row<'_>> {
    let run = &results.run;
    results
        .results
        .iter()
        .map(move |result| Row { run, result })
}

/// The table.
pub fn table<'a>() -> Table<'a, Row<'a>> {
    let columns = [
        count("tier", NONE, |row: &Row| row.result.tier.into()),
        text("mode", |row| row.result.mode.as_str().into()),
        identity::status(),
        identity::reason(),
        text("detail", |row| {
            row.refusal().map(|(_, detail)| detail).into()
        }),
        identity::unit(),
        flag("lower_is_better", |row| {
            row.value().map(|v| v.lower_is_better).into()
        }),
        number("headline", UNIT, |row| {
            row.value().map(|v| v.headline().value).into()
        }),
        text("headline_kind", |row| {
            row.value().map(|v| v.headline().kind.as_str()).into()
        }),
        number("median", UNIT, |row| row.value().map(|v| v.median).into()),
        number("mean", UNIT, |row| row.value().and_then(|v| v.mean).into()),
        number("p95", UNIT, |row| row.value().and_then(|v| v.p95).into()),
        number("min", UNIT, |row| row.value().map(|v| v.min).into()),
        number("max", UNIT, |row| row.value().map(|v| v.max).into()),
        number("sd", UNIT, |row| row.value().and_then(|v| v.sd).into()),
        count("n", "samples", |row| row.value().map(|v| v.n).into()),
        count("batch", "operations", |row| {
            row.value().map(|v| v.batch).into()
        }),
        text("sample_kind", |row| {
            row.value().map(|v| v.sample_kind.as_str()).into()
        }),
        count("boots", "boots", |row| {
            row.value().map(|v| v.boots.len() as u64).into()
        }),
        number("range_low", UNIT, |row| {
            row.value().map(|v| v.range.low).into()
        }),
        number("range_high", UNIT, |row| {
            row.value().map(|v| v.range.high).into()
        }),
        number("interval_low", UNIT, |row| {
            row.value().and_then(|v| Some(v.interval?.low)).into()
        }),
        number("interval_high", UNIT, |row| {
            row.value().and_then(|v| Some(v.interval?.high)).into()
        }),
        number("interval_confidence", "1", |row: &Row| {
            let value = row.value();
            value.and_then(|v| Some(v.interval?.confidence)).into()
        })
        .in_stores(),
        number("cold", UNIT, |row| row.value().and_then(|v| v.cold).into()),
        number("low_mode", UNIT, |row| {
            row.mode(0).map(|mode| mode.value).into()
        }),
        number("low_mode_share", "1", |row| {
            row.mode(0).map(|mode| mode.share).into()
        }),
        number("high_mode", UNIT, |row| {
            row.mode(1).map(|mode| mode.value).into()
        }),
        number("high_mode_share", "1", |row| {
            row.mode(1).map(|mode| mode.share).into()
        }),
        number("perturbation_counts", UNIT, |row: &Row| {
            row.effect("counts")
        })
        .in_stores(),
        number("perturbation_perf", UNIT, |row: &Row| row.effect("perf")).in_stores(),
        text("mispriced", |row: &Row| {
            let kinds = |v: &Measurement| {
                let kinds = v.mispriced.iter().map(|held| held.kind.as_str());
                kinds.collect::<Vec<_>>().join(", ")
            };
            row.value().map(kinds).into()
        })
        .in_stores(),
        number("mispriced_rep", EXECUTIONS, |row: &Row| {
            row.counted(RepeatedString)
        })
        .in_stores(),
        number("mispriced_fpu_state", EXECUTIONS, |row: &Row| {
            row.counted(FpuState)
        })
        .in_stores(),
        number("mispriced_cr3_load", EXECUTIONS, |row: &Row| {
            row.counted(AddressSpaceSwitch)
        })
        .in_stores(),
        number("mispriced_exception", EXECUTIONS, |row: &Row| {
            row.counted(Exception)
        })
        .in_stores(),
        text("correctness_id", |row| (&row.result.correctness_id).into()),
        identity::authority_profile(),
        text("labels", |row| row.result.labels_in_words().into()),
        count("attempts", "boots", |row| {
            let attempts = row.result.attempts;
            Some(attempts).filter(|&recorded| recorded > 0).into()
        }),
        identity::config_hash(),
        text("artifact_hash", |row| {
            row.result.artifact_hash.map(|hash| hash.to_string()).into()
        }),
        identity::envelope_hash(),
        text("notes", |row| (&row.result.notes).into()),
    ];
    let start = identity::run().into_iter().chain(identity::subject());
    Table::new("results", start.chain(columns))
}
