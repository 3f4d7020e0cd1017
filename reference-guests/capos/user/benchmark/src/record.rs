//! What a row found: its samples, and what its oracle says of them.

use crate::Row;
use alloc::vec::Vec;
use guest_runtime::measure::{Oracle, Sample};

/// Samples and oracle of a row.
#[derive(Debug)]
pub struct Record {
    /// The counts.
    pub oracle: Oracle,
    /// The first thing that was wrong; empty if nothing was.
    pub detail: &'static str,
    /// One for every batch, the cold first one and the warm-up flagged.
    pub samples: Vec<Sample>,
    warmup: u32,
    batch: u32,
    recorded: u32,
}

impl Record {
    /// Room for a row. The memory is touched here, not in the first timed batches.
    pub fn new(row: &Row<'_>) -> Self {
        Self {
            oracle: Oracle::default(),
            detail: "",
            samples: alloc::vec![Sample::default(); row.batches() as usize],
            warmup: row.warmup,
            batch: row.batch,
            recorded: 0,
        }
    }

    /// The next batch took from `start` to `end`.
    pub fn sample(&mut self, start: u64, end: u64) {
        let batch = self.recorded;
        self.recorded += 1;
        // A row without warm-up is about its first batch, and sets none aside.
        let is_cold = batch == 0 && self.warmup > 0;
        let cold = if is_cold { Sample::COLD } else { 0 };
        let warm_up = if batch < self.warmup {
            Sample::WARM_UP
        } else {
            0
        };
        self.samples[batch as usize] = Sample {
            start,
            ticks: end.wrapping_sub(start),
            operations: self.batch,
            flags: cold | warm_up,
            metric: 0,
        };
    }

    /// So many submissions were made.
    pub fn submitted(&mut self, count: u32) {
        self.oracle.submitted += u64::from(count);
    }

    /// So many completions were seen.
    pub fn completed(&mut self, count: u32) {
        self.oracle.completed += u64::from(count);
    }

    /// The oracle's finding, unless the condition holds.
    pub fn ensure(&mut self, condition: bool, otherwise: &'static str) {
        if !condition {
            self.fail(otherwise);
        }
    }

    /// The oracle's finding.
    pub fn fail(&mut self, detail: &'static str) {
        self.oracle.failures = self.oracle.failures.saturating_add(1);
        if self.detail.is_empty() {
            self.detail = detail;
        }
    }
}
