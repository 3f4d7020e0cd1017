//! Runs of a store.

use crate::reading::{Identity, Reading, Source, Value};
use capbench_results::change::{RunSide, Side, Subject};
use capbench_results::{Mode, UnknownWord};
use capbench_store::{StoredRow, StoredRun, StoredValue};

impl Source {
    /// A run of a store, as it is named. The store keeps no cautions.
    ///
    /// # Errors
    ///
    /// The run is of a mode that this version does not know.
    pub fn of_stored(source: impl Into<String>, run: StoredRun) -> Result<Self, UnknownWord> {
        let mode: Mode = run.mode.parse()?;
        let envelope = run.envelope_hash;
        let reading = |row: StoredRow| Reading {
            row: row.row,
            identity: Identity(vec![
                ("definition", row.config_hash),
                ("mode", mode.to_string()),
                ("authority", row.authority_profile),
                ("envelope", envelope.clone()),
            ]),
            value: row.value.map(value),
        };
        Ok(Self {
            readings: run.rows.into_iter().map(reading).collect(),
            side: Side {
                source: source.into(),
                subject: Subject::Run(RunSide {
                    id: run.id,
                    suite: run.suite,
                    mode,
                    started_at: run.started_at,
                    commit: run.commit,
                    dirty: run.dirty,
                    boots: u32::try_from(run.boots).unwrap_or(u32::MAX),
                    cautions: Vec::new(),
                }),
            },
        })
    }
}

fn value(value: StoredValue) -> Value {
    Value {
        unit: value.unit,
        lower_is_better: value.lower_is_better,
        headline: value.headline,
        mean: value.mean,
        breakdown: value.breakdown,
    }
}
