//! Every ratio of the matrix on one logarithmic axis.

use super::canvas::{Anchor, Canvas, Fill};
use super::{Drawing, Plot, PlotError, palette};
use crate::bias::bias;
use crate::number::{number, ratio};
use capbench_results::{ComparisonOutcome, Mode, Results, RowName};

/// Height of a pair.
const LINE: f64 = 24.0;
/// Above and below the pairs.
const TOP: f64 = 30.0;
const BOTTOM: f64 = 40.0;

/// Pairs that have a ratio.
pub(crate) struct Ratios {
    axis: &'static str,
    pairs: Vec<Pair>,
}

struct Pair {
    name: String,
    value: f64,
    biased: bool,
}

/// None without a ratio.
pub(crate) fn of(results: &Results) -> Option<Ratios> {
    let has_bias = |name: &RowName| {
        let row = results.results.iter().find(|row| RowName::of(row) == *name);
        row.is_some_and(|row| bias(&row.outcome).is_some())
    };
    let pairs: Vec<Pair> = results
        .comparisons
        .iter()
        .filter_map(|comparison| {
            let ComparisonOutcome::Ratio(found) = &comparison.outcome else {
                return None;
            };
            let (above, below) = (&comparison.numerator, &comparison.denominator);
            // A logarithm has no place for anything else.
            (found.value > 0.0).then(|| Pair {
                name: format!(
                    "{} ÷ {} ({})",
                    above.benchmark_name, below.benchmark_name, below.system
                ),
                value: found.value,
                biased: has_bias(above) || has_bias(below),
            })
        })
        .collect();
    let axis = match results.run.mode {
        Mode::Exact => "instruction ratio (not time)",
        Mode::Hardware => "ratio",
        Mode::Emulated => "ratio, not publishable",
    };
    (!pairs.is_empty()).then_some(Ratios { axis, pairs })
}

impl From<Ratios> for Plot {
    fn from(ratios: Ratios) -> Self {
        let parts: Vec<String> = ratios
            .pairs
            .iter()
            .map(|pair| format!("{}: {}", pair.name, ratio(pair.value)))
            .collect();
        Self {
            name: "ratios".to_owned(),
            title: format!("Each pair's {}", ratios.axis),
            description: format!(
                "One dot per pair on a logarithmic axis; a line marks 1, where both values are \
                 equal. An open dot marks a bias. {}.",
                parts.join("; ")
            ),
            height: (TOP + BOTTOM + LINE * ratios.pairs.len() as f64) as u32,
            drawing: Drawing::Ratios(ratios),
        }
    }
}

impl Ratios {
    /// The axis: the ratios and 1, with some room.
    fn bounds(&self) -> (f64, f64) {
        const ROOM: f64 = 1.15;
        let values = || self.pairs.iter().map(|pair| pair.value);
        let low = values().fold(1.0, f64::min) / ROOM;
        let high = values().fold(1.0, f64::max) * ROOM;
        (low, high)
    }

    pub(super) fn draw(&self, canvas: &impl Canvas) -> Result<(), PlotError> {
        let (left, right) = canvas.span();
        let names = canvas.widest(&mut self.pairs.iter().map(|pair| pair.name.as_str()))?;
        let label = canvas.width_of("00.000  bias")? + 10.0;
        let (from, to) = (left + names + 16.0, right - label);
        let (low, high) = self.bounds();
        let place = |value: f64| from + (value / low).ln() / (high / low).ln() * (to - from);
        let foot = TOP + LINE * self.pairs.len() as f64;
        self.draw_axis(canvas, (low, high), &place, foot)?;
        let middle = (from + to) / 2.0;
        canvas.text(
            self.axis,
            (middle, foot + 30.0),
            Anchor::Middle,
            palette::MUTED,
        )?;
        canvas.text(
            "equal",
            (place(1.0), TOP - 18.0),
            Anchor::Middle,
            palette::MUTED,
        )?;
        for (index, pair) in self.pairs.iter().enumerate() {
            let y = TOP + LINE * (index as f64 + 0.5);
            canvas.text(&pair.name, (from - 12.0, y), Anchor::End, palette::INK)?;
            canvas.line((place(1.0), y), (place(pair.value), y), palette::STRONG)?;
            let (fill, mark) = if pair.biased {
                (Fill::Open, "  bias")
            } else {
                (Fill::Solid(palette::STRONG), "")
            };
            canvas.dot((place(pair.value), y), fill)?;
            let label = format!("{}{mark}", ratio(pair.value));
            canvas.text(&label, (to + 10.0, y), Anchor::Start, palette::INK)?;
        }
        Ok(())
    }

    fn draw_axis(
        &self,
        canvas: &impl Canvas,
        (low, high): (f64, f64),
        place: &impl Fn(f64) -> f64,
        foot: f64,
    ) -> Result<(), PlotError> {
        for tick in doublings(low, high) {
            canvas.line((place(tick), TOP - 6.0), (place(tick), foot), palette::GRID)?;
            let label = number(tick);
            canvas.text(
                &label,
                (place(tick), foot + 12.0),
                Anchor::Middle,
                palette::MUTED,
            )?;
        }
        canvas.line(
            (place(1.0), TOP - 8.0),
            (place(1.0), foot + 4.0),
            palette::INK,
        )
    }
}

/// Halves and doubles between two ratios, thinned out until they have room.
fn doublings(low: f64, high: f64) -> Vec<f64> {
    const MOST: i32 = 9;
    let (first, last) = (low.log2().ceil() as i32, high.log2().floor() as i32);
    let step = 1 + (last - first) / MOST;
    // Multiples of the step, so that 1 is always among them.
    (first..=last)
        .filter(|exponent| exponent % step == 0)
        .map(|exponent| 2_f64.powi(exponent))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_of_ratios_is_marked_at_doublings_around_one() {
        assert_eq!(doublings(0.3, 2.5), [0.5, 1.0, 2.0]);
        let wide = doublings(1e-6, 1e6);
        assert!(wide.contains(&1.0) && wide.len() <= 14, "{wide:?}");
    }
}
