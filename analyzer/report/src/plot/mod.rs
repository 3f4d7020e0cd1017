//! Plots, as SVG text or PNG bytes.
//!
//! Promises that a plot that cannot be drawn is an error and never an empty
//! picture, that it reads in grey (luminance, outlines and labels tell things
//! apart, not hue), and that it carries its meaning in words too. Every plot is
//! laid out in the same logical pixels for both forms.

mod axis;
mod canvas;
pub(crate) mod distribution;
mod font;
mod palette;
mod png;
pub(crate) mod ratios;
mod svg;
pub(crate) mod waterfall;

use canvas::Canvas;
use capbench_results::{BenchmarkResult, Outcome, Results};

pub(crate) use palette::ALL as COLORS;

/// Width of every plot in logical pixels: a page's column.
const WIDTH: u32 = 920;

/// A plot that can be drawn.
pub struct Plot {
    /// A file name without its extension.
    pub name: String,
    /// Its title.
    pub title: String,
    /// Its content in words.
    pub description: String,
    height: u32,
    drawing: Drawing,
}

/// A plot could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("the plot could not be drawn: {0}")]
pub struct PlotError(String);

impl PlotError {
    fn new(why: impl std::fmt::Display) -> Self {
        Self(why.to_string())
    }
}

/// The kinds of drawings.
enum Drawing {
    Ratios(ratios::Ratios),
    Waterfall(waterfall::Waterfall),
    Distribution(distribution::Distribution),
}

impl Plot {
    /// As an SVG document of its own.
    pub fn svg(&self) -> Result<String, PlotError> {
        svg::render(self)
    }

    /// As a PNG, twice the logical size, so that it prints.
    pub fn png(&self) -> Result<Vec<u8>, PlotError> {
        png::render(self)
    }

    fn draw(&self, canvas: &impl Canvas) -> Result<(), PlotError> {
        match &self.drawing {
            Drawing::Ratios(ratios) => ratios.draw(canvas),
            Drawing::Waterfall(waterfall) => waterfall.draw(canvas),
            Drawing::Distribution(distribution) => distribution.draw(canvas),
        }
    }
}

/// Every plot that a run's results make.
pub fn plots(results: &Results) -> Vec<Plot> {
    let mut plots: Vec<Plot> = ratios::of(results).map(Plot::from).into_iter().collect();
    for row in &results.results {
        let Outcome::Passed(measurement) = &row.outcome else {
            continue;
        };
        if measurement.min < measurement.max {
            plots.push(distribution::of(row, measurement).into());
        }
        if let Some(breakdown) = &measurement.breakdown {
            plots.push(waterfall::of(row, measurement, breakdown).into());
        }
    }
    plots
}

/// A row where it ran, with its labels: a picture travels without its table.
fn full_name(row: &BenchmarkResult) -> String {
    let labels = match row.labels_in_words() {
        words if words.is_empty() => words,
        words => format!(", {words}"),
    };
    format!(
        "{} on {} ({}){labels}",
        row.benchmark_name, row.guest, row.system
    )
}

/// A file name from foreign words.
fn file_name(words: &[&str]) -> String {
    let plain = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '_' => c,
        _ => '-',
    };
    words.join("-").chars().map(plain).collect()
}
