//! What a program measured in one window, per operation.

use crate::windows::Window;
use trace_format::{Sample, SampleFlags};

/// Per-operation values of a window's samples.
pub struct SampleSet {
    /// Of the batches that count, in order.
    pub warm: Vec<f64>,
    /// Of the very first batch.
    pub cold: Option<f64>,
    /// The CPU idled in some batch.
    pub idled: bool,
}

impl SampleSet {
    /// Of metric 0, which is what the program measured.
    pub fn of(window: &Window) -> Self {
        let value = |sample: &Sample| sample.ticks as f64 / f64::from(sample.operations.max(1));
        let set_aside = SampleFlags::COLD | SampleFlags::WARM_UP;
        let samples = || window.samples.iter().filter(|sample| sample.metric == 0);
        let cold = samples().find(|sample| sample.flags.contains(SampleFlags::COLD));
        Self {
            warm: samples()
                .filter(|s| !s.flags.intersects(set_aside))
                .map(value)
                .collect(),
            cold: cold.map(value),
            idled: samples().any(|sample| sample.flags.contains(SampleFlags::IDLED)),
        }
    }
}
