//! One row per benchmark, guest and system; no number where it did not pass.

use capbench_results::MispricedKind::{AddressSpaceSwitch, Exception, FpuState, RepeatedString};
use capbench_results::{BenchmarkResult, Measurement, MispricedKind, Results, Run, ValueMode};

use crate::cell::Cell;
use crate::column::Kind::{Count, Flag, Number, Text};
use crate::column::{EXECUTIONS, NONE, UNIT, column};
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
    fn effect(&self, pass: &str) -> Cell<'a> {
        let mut perturbations = self.value().into_iter().flat_map(|v| &v.perturbations);
        let found = perturbations.find(|perturbation| perturbation.pass == pass);
        found.map(|perturbation| perturbation.effect).into()
    }

    /// How often an operation executes what exact mode misprices, where it was counted.
    fn counted(&self, kind: MispricedKind) -> Cell<'a> {
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
        column("tier", Count, NONE, |row: &Row| row.result.tier.into()),
        column("mode", Text, NONE, |row| row.result.mode.as_str().into()),
        identity::status(),
        identity::reason(),
        column("detail", Text, NONE, |row| {
            row.refusal().map(|(_, detail)| detail).into()
        }),
        identity::unit(),
        column("lower_is_better", Flag, NONE, |row| {
            row.value().map(|v| v.lower_is_better).into()
        }),
        column("headline", Number, UNIT, |row| {
            row.value().map(|v| v.headline().value).into()
        }),
        column("headline_kind", Text, NONE, |row| {
            row.value().map(|v| v.headline().kind.as_str()).into()
        }),
        column("median", Number, UNIT, |row| {
            row.value().map(|v| v.median).into()
        }),
        column("mean", Number, UNIT, |row| {
            row.value().and_then(|v| v.mean).into()
        }),
        column("p95", Number, UNIT, |row| {
            row.value().and_then(|v| v.p95).into()
        }),
        column("min", Number, UNIT, |row| row.value().map(|v| v.min).into()),
        column("max", Number, UNIT, |row| row.value().map(|v| v.max).into()),
        column("sd", Number, UNIT, |row| {
            row.value().and_then(|v| v.sd).into()
        }),
        column("n", Count, "samples", |row| row.value().map(|v| v.n).into()),
        column("batch", Count, "operations", |row| {
            row.value().map(|v| v.batch).into()
        }),
        column("sample_kind", Text, NONE, |row| {
            row.value().map(|v| v.sample_kind.as_str()).into()
        }),
        column("boots", Count, "boots", |row| {
            row.value().map(|v| v.boots.len() as u64).into()
        }),
        column("range_low", Number, UNIT, |row| {
            row.value().map(|v| v.range.low).into()
        }),
        column("range_high", Number, UNIT, |row| {
            row.value().map(|v| v.range.high).into()
        }),
        column("interval_low", Number, UNIT, |row| {
            row.value().and_then(|v| Some(v.interval?.low)).into()
        }),
        column("interval_high", Number, UNIT, |row| {
            row.value().and_then(|v| Some(v.interval?.high)).into()
        }),
        column("interval_confidence", Number, "1", |row: &Row| {
            let value = row.value();
            value.and_then(|v| Some(v.interval?.confidence)).into()
        })
        .in_stores(),
        column("cold", Number, UNIT, |row| {
            row.value().and_then(|v| v.cold).into()
        }),
        column("low_mode", Number, UNIT, |row| {
            row.mode(0).map(|mode| mode.value).into()
        }),
        column("low_mode_share", Number, "1", |row| {
            row.mode(0).map(|mode| mode.share).into()
        }),
        column("high_mode", Number, UNIT, |row| {
            row.mode(1).map(|mode| mode.value).into()
        }),
        column("high_mode_share", Number, "1", |row| {
            row.mode(1).map(|mode| mode.share).into()
        }),
        column("perturbation_counts", Number, UNIT, |row: &Row| {
            row.effect("counts")
        })
        .in_stores(),
        column("perturbation_perf", Number, UNIT, |row: &Row| {
            row.effect("perf")
        })
        .in_stores(),
        column("mispriced", Text, NONE, |row: &Row| {
            let kinds = |v: &Measurement| {
                let kinds = v.mispriced.iter().map(|held| held.kind.as_str());
                kinds.collect::<Vec<_>>().join(", ")
            };
            row.value().map(kinds).into()
        })
        .in_stores(),
        column("mispriced_rep", Number, EXECUTIONS, |row: &Row| {
            row.counted(RepeatedString)
        })
        .in_stores(),
        column("mispriced_fpu_state", Number, EXECUTIONS, |row: &Row| {
            row.counted(FpuState)
        })
        .in_stores(),
        column("mispriced_cr3_load", Number, EXECUTIONS, |row: &Row| {
            row.counted(AddressSpaceSwitch)
        })
        .in_stores(),
        column("mispriced_exception", Number, EXECUTIONS, |row: &Row| {
            row.counted(Exception)
        })
        .in_stores(),
        column("correctness_id", Text, NONE, |row| {
            (&row.result.correctness_id).into()
        }),
        identity::authority_profile(),
        column("labels", Text, NONE, |row| {
            row.result.labels_in_words().into()
        }),
        column("attempts", Count, "boots", |row| {
            let attempts = row.result.attempts;
            Some(attempts).filter(|&recorded| recorded > 0).into()
        }),
        identity::config_hash(),
        column("artifact_hash", Text, NONE, |row| {
            row.result.artifact_hash.map(|hash| hash.to_string()).into()
        }),
        identity::envelope_hash(),
        column("notes", Text, NONE, |row| (&row.result.notes).into()),
    ];
    let start = identity::run().into_iter().chain(identity::subject());
    Table::new("results", start.chain(columns))
}
