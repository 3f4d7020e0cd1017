//! How often each value occurred, and each boot below on the same axis or, where
//! there are few values, as columns side by side.

use super::axis::{self, Axis};
use super::canvas::{Anchor, Canvas, Fill};
use super::{Drawing, Plot, PlotError, file_name, full_name, palette};
use crate::number::number;
use capbench_results::{BenchmarkResult, Measurement, SampleKind};

/// Height of the columns.
const COLUMNS: f64 = 120.0;
const TOP: f64 = 30.0;
/// Height of a boot's line.
const LINE: f64 = 20.0;
/// Bins of a histogram: enough for two humps, few enough to be filled.
const BINS: usize = 40;
/// Up to so many different values each has a column of its own.
const FEW: usize = 8;
/// A column of one sample among thousands must still be seen.
const LEAST: f64 = 2.0;

pub(crate) struct Distribution {
    name: String,
    title: String,
    unit: &'static str,
    counted: &'static str,
    low: f64,
    high: f64,
    columns: Columns,
    boots: Vec<Boot>,
}

enum Columns {
    /// Every value with its count.
    Values(Vec<(f64, usize)>),
    /// Counts of equal parts between the smallest and the largest.
    Bins(Vec<usize>),
}

struct Boot {
    name: String,
    low: f64,
    median: f64,
    high: f64,
}

pub(crate) fn of(row: &BenchmarkResult, measurement: &Measurement) -> Distribution {
    let counted = match measurement.sample_kind {
        SampleKind::Operations => "operations",
        SampleKind::BatchMeans => "batch means",
    };
    Distribution {
        name: file_name(&["samples", &row.benchmark_name, &row.guest, &row.system]),
        title: format!("{} {counted} of {}", measurement.n, full_name(row)),
        unit: measurement.unit.as_str(),
        counted,
        low: measurement.min,
        high: measurement.max,
        columns: columns(measurement),
        boots: boots(measurement),
    }
}

fn columns(measurement: &Measurement) -> Columns {
    let mut sorted = measurement.samples.clone();
    sorted.sort_by(f64::total_cmp);
    let mut values: Vec<(f64, usize)> = Vec::new();
    for sample in &sorted {
        match values.last_mut() {
            Some((value, count)) if *value == *sample => *count += 1,
            _ => values.push((*sample, 1)),
        }
    }
    if values.len() <= FEW {
        return Columns::Values(values);
    }
    let mut bins = vec![0; BINS];
    let width = (measurement.max - measurement.min) / BINS as f64;
    for sample in &sorted {
        let bin = ((sample - measurement.min) / width) as usize;
        bins[bin.min(BINS - 1)] += 1;
    }
    Columns::Bins(bins)
}

/// Samples stand in the order of their boots. Boots that are equal stand once.
fn boots(measurement: &Measurement) -> Vec<Boot> {
    let mut samples = measurement.samples.as_slice();
    let mut boots: Vec<Boot> = Vec::new();
    for (index, boot) in measurement.boots.iter().enumerate() {
        let (own, rest) = samples.split_at((boot.n as usize).min(samples.len()));
        samples = rest;
        boots.push(Boot {
            name: format!("boot {}", index + 1),
            low: own.iter().copied().fold(boot.median, f64::min),
            median: boot.median,
            high: own.iter().copied().fold(boot.median, f64::max),
        });
    }
    let extent = |boot: &Boot| (boot.low, boot.median, boot.high);
    let same = |pair: &[Boot]| extent(&pair[0]) == extent(&pair[1]);
    if boots.len() > 1 && boots.windows(2).all(same) {
        let all = boots.len();
        boots.truncate(1);
        boots[0].name = format!("all {all} boots");
    }
    boots
}

impl From<Distribution> for Plot {
    fn from(distribution: Distribution) -> Self {
        Self {
            name: distribution.name.clone(),
            title: distribution.title.clone(),
            description: distribution.description(),
            height: distribution.height() as u32,
            drawing: Drawing::Distribution(distribution),
        }
    }
}

impl Distribution {
    fn height(&self) -> f64 {
        let boots = match self.columns {
            Columns::Values(_) => 0.0,
            Columns::Bins(_) => LINE * self.boots.len() as f64,
        };
        TOP + COLUMNS + boots + axis::HEIGHT
    }

    fn description(&self) -> String {
        let counts = match &self.columns {
            Columns::Values(values) => {
                let values = values.iter();
                let parts: Vec<String> = values
                    .map(|(value, count)| format!("{count} times {}", number(*value)))
                    .collect();
                format!("Counts of {}: {}", self.counted, parts.join(", "))
            }
            Columns::Bins(_) => format!(
                "A histogram of {} from {} to {}",
                self.counted,
                number(self.low),
                number(self.high)
            ),
        };
        let boots: Vec<String> = self
            .boots
            .iter()
            .map(|boot| {
                format!(
                    "{} from {} to {} with the median {}",
                    boot.name,
                    number(boot.low),
                    number(boot.high),
                    number(boot.median)
                )
            })
            .collect();
        format!("{counts}, in {}. {}.", self.unit, boots.join("; "))
    }

    pub(super) fn draw(&self, canvas: &impl Canvas) -> Result<(), PlotError> {
        match &self.columns {
            Columns::Values(values) => self.draw_values(canvas, values),
            Columns::Bins(bins) => self.draw_bins(canvas, bins),
        }
    }

    /// One column per value, not to scale between them: what is far apart would
    /// crush what is near.
    fn draw_values(&self, canvas: &impl Canvas, values: &[(f64, usize)]) -> Result<(), PlotError> {
        const MOST_WIDE: f64 = 64.0;
        let (left, right) = canvas.span();
        let most = values.iter().map(|(_, count)| *count).max().unwrap_or(1);
        let foot = TOP + COLUMNS;
        let step = ((right - left) / values.len() as f64).min(2.5 * MOST_WIDE);
        for (index, (value, count)) in values.iter().enumerate() {
            let x = left + step * (index as f64 + 0.5);
            let half = (step * 0.3).min(MOST_WIDE / 2.0);
            let height = (COLUMNS * *count as f64 / most as f64).max(LEAST);
            let solid = Fill::Solid(palette::STRONG);
            canvas.area((x - half, foot - height), (x + half, foot), solid)?;
            let count = (x, foot - height - 11.0);
            let times = format!("{} ×", values[index].1);
            canvas.text(&times, count, Anchor::Middle, palette::INK)?;
            canvas.text(
                &number(*value),
                (x, foot + 14.0),
                Anchor::Middle,
                palette::INK,
            )?;
        }
        canvas.line(
            (left, foot),
            (left + step * values.len() as f64, foot),
            palette::MUTED,
        )?;
        let words = format!("{}; {} per value, not to scale", self.unit, self.counted);
        canvas.text(&words, (left, foot + 34.0), Anchor::Start, palette::MUTED)
    }

    fn draw_bins(&self, canvas: &impl Canvas, bins: &[usize]) -> Result<(), PlotError> {
        let (left, right) = canvas.span();
        let names = canvas.widest(&mut self.boots.iter().map(|boot| boot.name.as_str()))?;
        let axis = Axis {
            low: self.low,
            high: self.high,
            from: left + names + 16.0,
            to: right - 24.0,
        };
        let most = bins.iter().copied().max().unwrap_or(1);
        let base = TOP + COLUMNS;
        let foot = base + LINE * self.boots.len() as f64;
        let unit = format!("{}; columns count {}", self.unit, self.counted);
        axis.draw(canvas, TOP, foot, &unit)?;
        canvas.line((axis.from, base), (axis.to, base), palette::MUTED)?;
        let width = (axis.to - axis.from) / bins.len() as f64;
        for (index, count) in bins.iter().enumerate().filter(|(_, count)| **count > 0) {
            let x = axis.from + width * index as f64;
            let height = (COLUMNS * *count as f64 / most as f64).max(LEAST);
            let corners = ((x, base - height), (x + width, base));
            canvas.area(corners.0, corners.1, Fill::Solid(palette::SOFT))?;
        }
        let highest = format!("{most} at most");
        canvas.text(
            &highest,
            (axis.from, TOP - 14.0),
            Anchor::Start,
            palette::MUTED,
        )?;
        for (index, boot) in self.boots.iter().enumerate() {
            let y = base + LINE * (index as f64 + 0.5);
            canvas.text(&boot.name, (axis.from - 12.0, y), Anchor::End, palette::INK)?;
            let (low, high) = (axis.place(boot.low), axis.place(boot.high));
            canvas.line((low, y), (high, y), palette::STRONG)?;
            let at = (axis.place(boot.median), y);
            canvas.dot(at, Fill::Solid(palette::STRONG))?;
        }
        Ok(())
    }
}
