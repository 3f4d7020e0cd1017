//! The numbers of a benchmark that passed.

use crate::breakdown::Breakdown;
use crate::document::{Contradiction, finite, require};
use crate::instruments::{InstrumentAgreement, Perturbation};
use crate::mispriced::Mispriced;
use crate::words::{Unit, words};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

words! {
    /// What one sample is, and so what a percentile of samples is.
    "sample kind" SampleKind {
        /// One operation: percentiles are latencies.
        Operations = "operations",
        /// The mean of a batch: percentiles are of batch means.
        BatchMeans = "batchMeans",
    }
}

words! {
    /// What stands for a row where there is room for one number.
    "headline" HeadlineKind {
        /// Median of the boots' medians.
        Median = "median",
        /// Mean per operation: there are two modes, and between them a median falls on
        /// the one or the other by a single sample.
        Mean = "mean",
    }
}

impl Default for HeadlineKind {
    /// What documents that are older than the word divide.
    fn default() -> Self {
        Self::Median
    }
}

impl HeadlineKind {
    /// Whether it is what needs no word.
    pub fn is_median(&self) -> bool {
        *self == Self::Median
    }
}

/// The number that stands for a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Headline {
    /// Which it is.
    pub kind: HeadlineKind,
    /// Per operation, in the measurement's unit.
    pub value: f64,
}

/// A mode of values that have two.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValueMode {
    /// The middle of its samples.
    pub value: f64,
    /// Part of all samples that it holds.
    pub share: f64,
}

/// Two modes that each hold so much leave no robust median: a few samples that fall
/// elsewhere take it from the one to the other.
const SHARE_WITHOUT_MEDIAN: f64 = 0.25;

/// Shares are quotients, and their sum is rounded.
const SHARE_TOLERANCE: f64 = 1e-9;

impl SampleKind {
    /// The kind that samples of `batch` operations are.
    pub const fn of_batch(batch: u32) -> Self {
        if batch > 1 {
            Self::BatchMeans
        } else {
            Self::Operations
        }
    }
}

/// The numbers of a benchmark that passed, all boots together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Measurement {
    /// Unit of every number here.
    pub unit: Unit,
    /// Which direction is an improvement.
    pub lower_is_better: bool,
    /// Median of the boots' medians.
    pub median: f64,
    /// Median of the boots' 95th percentiles, of what `sample_kind` says; absent
    /// when a boot has too few samples to support one.
    pub p95: Option<f64>,
    /// Per-operation value of every warm batch, boots in order.
    pub samples: Vec<f64>,
    /// What one sample is.
    pub sample_kind: SampleKind,
    /// Operations per sample.
    pub batch: u32,
    /// Number of samples.
    pub n: u64,
    /// Smallest sample.
    pub min: f64,
    /// Largest sample.
    pub max: f64,
    /// Standard deviation of the samples (n − 1); absent for a single sample.
    pub sd: Option<f64>,
    /// Smallest and largest median of a boot.
    pub range: Range,
    /// Where the median would lie with other boots; absent below eight of them, where
    /// the range says all there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
    /// Median of the boots' first values, before any warm-up; absent when the
    /// benchmark does not record it.
    pub cold: Option<f64>,
    /// Mean of the boots' means; absent in documents that are older than the field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// The lower and the upper mode, where the samples have two; else empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub modes: Vec<ValueMode>,
    /// Each boot, in the order of its samples.
    pub boots: Vec<BootSummary>,
    /// Where a dispatch spends itself, from boots with all probes compiled in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breakdown: Option<Breakdown>,
    /// Second instruments that watched the same loop.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instruments: Vec<InstrumentAgreement>,
    /// What the instruments of other boots cost the benchmark.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub perturbations: Vec<Perturbation>,
    /// What the window holds that exact mode misprices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mispriced: Vec<Mispriced>,
}

/// The smallest and the largest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The smallest.
    pub low: f64,
    /// The largest.
    pub high: f64,
}

/// Where a median would lie with other boots, by bootstrap over the boots there were.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// How often such an interval is meant to hold the true median.
    pub confidence: f64,
}

/// Fewest boots that an interval can be made of.
const INTERVAL_BOOTS: usize = 8;

/// What one boot contributed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BootSummary {
    /// The boot's trace, relative to the run directory.
    pub trace: String,
    /// Its share of the samples.
    pub n: u64,
    /// Median of its samples.
    pub median: f64,
    /// 95th percentile of its samples, if they support one.
    pub p95: Option<f64>,
    /// Its first value, before any warm-up.
    pub cold: Option<f64>,
}

impl Measurement {
    /// The number that stands for the row: the median, or the mean per operation where
    /// two modes hold a quarter of the samples each.
    pub fn headline(&self) -> Headline {
        let both = self.modes.len() == 2;
        let no_median = both
            && self
                .modes
                .iter()
                .all(|mode| mode.share >= SHARE_WITHOUT_MEDIAN);
        match self.mean.filter(|_| no_median) {
            Some(value) => Headline {
                kind: HeadlineKind::Mean,
                value,
            },
            None => Headline {
                kind: HeadlineKind::Median,
                value: self.median,
            },
        }
    }

    /// Checks what no reader should have to take on trust.
    pub fn check(&self) -> Result<(), Contradiction> {
        require(!self.samples.is_empty(), "a measurement has samples")?;
        require(
            self.n == self.samples.len() as u64,
            "n is the number of samples",
        )?;
        require(!self.boots.is_empty(), "a measurement has boots")?;
        let of_boots = self
            .boots
            .iter()
            .try_fold(0u64, |sum, boot| sum.checked_add(boot.n));
        require(
            of_boots == Some(self.n),
            "the boots' samples are all samples",
        )?;
        require(self.batch > 0, "a sample holds at least one operation")?;
        require(
            self.sample_kind == SampleKind::of_batch(self.batch),
            "samples are batch means exactly when a batch holds several operations",
        )?;
        self.samples
            .iter()
            .try_for_each(|sample| finite("sample", *sample))?;
        let low = self.samples.iter().copied().fold(f64::INFINITY, f64::min);
        let high = self
            .samples
            .iter()
            .copied()
            .fold(f64::NEG_INFINITY, f64::max);
        require(
            self.min == low && self.max == high,
            "min and max are those of the samples",
        )?;
        finite("median", self.median)?;
        let Range { low, high } = self.range;
        require(
            low <= self.median && self.median <= high,
            "the median lies in its range",
        )?;
        require(
            self.min <= low && high <= self.max,
            "boots' medians lie among the samples",
        )?;
        for value in [self.p95, self.sd, self.cold, self.mean]
            .into_iter()
            .flatten()
        {
            finite("statistic", value)?;
        }
        self.check_modes()?;
        for boot in &self.boots {
            require(
                low <= boot.median && boot.median <= high,
                "boots' medians lie in the range",
            )?;
            require(boot.n > 0, "a boot has samples")?;
            for value in [boot.p95, boot.cold].into_iter().flatten() {
                finite("statistic of a boot", value)?;
            }
        }
        if let Some(interval) = self.interval {
            require(
                self.boots.len() >= INTERVAL_BOOTS,
                "an interval is made of eight boots or more",
            )?;
            require(
                low <= interval.low && interval.low <= interval.high && interval.high <= high,
                "an interval of the median lies among the boots' medians",
            )?;
            require(
                interval.confidence > 0.0 && interval.confidence < 1.0,
                "a confidence lies between 0 and 1",
            )?;
        }
        self.instruments
            .iter()
            .try_for_each(InstrumentAgreement::check)?;
        for perturbation in &self.perturbations {
            finite("median under an instrument", perturbation.median)?;
            require(
                perturbation.effect == perturbation.median - self.median,
                "a perturbation is the median under the instrument minus the median",
            )?;
        }
        self.mispriced.iter().try_for_each(Mispriced::check)?;
        let Some(breakdown) = &self.breakdown else {
            return Ok(());
        };
        let effect = breakdown.traced_median.map(|traced| traced - self.median);
        require(
            breakdown.tracing_effect == effect,
            "the tracing effect is the traced median minus the median",
        )?;
        breakdown.check()
    }

    fn check_modes(&self) -> Result<(), Contradiction> {
        let spread = (self.max - self.min).abs() * SHARE_TOLERANCE;
        require(
            self.mean
                .is_none_or(|mean| self.min - spread <= mean && mean <= self.max + spread),
            "the mean lies among the samples",
        )?;
        match &self.modes[..] {
            [] => Ok(()),
            [low, high] => {
                require(self.mean.is_some(), "beside two modes stands the mean")?;
                require(
                    self.min <= low.value && low.value < high.value && high.value <= self.max,
                    "the lower of two modes comes first, and both lie among the samples",
                )?;
                require(
                    low.share > 0.0
                        && high.share > 0.0
                        && (low.share + high.share - 1.0).abs() <= SHARE_TOLERANCE,
                    "two modes share all samples",
                )
            }
            _ => require(false, "there are two modes or none"),
        }
    }
}
