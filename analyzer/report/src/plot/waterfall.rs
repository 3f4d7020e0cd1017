//! The segments of a dispatch as nested bars.
//!
//! Medians laid end to end, children inside their parent: a picture of where a
//! dispatch spends itself, not a recording of one.

use super::axis::{self, Axis};
use super::canvas::{Anchor, Canvas, Fill};
use super::{Drawing, Plot, PlotError, file_name, full_name, palette};
use crate::nesting::depth;
use crate::number::{NONE, number, optional, signed};
use capbench_results::{BenchmarkResult, Breakdown, Measurement, SegmentSummary};

/// Height of a segment's line and of its bar.
const LINE: f64 = 23.0;
const BAR: f64 = 15.0;
/// Room for the legend and the titles of columns.
const TOP: f64 = 58.0;
/// Indent of a child's name.
const INDENT: f64 = 14.0;
/// Width of a column of numbers.
const NUMBERS: f64 = 92.0;

pub(crate) struct Waterfall {
    name: String,
    title: String,
    unit: &'static str,
    bars: Vec<Bar>,
    /// Medians of an operation without and with all probes.
    operation: Option<(f64, f64)>,
}

/// A segment where it stands.
struct Bar {
    name: String,
    depth: usize,
    from: f64,
    duration: f64,
    raw: Option<f64>,
    corrected: Option<f64>,
}

pub(crate) fn of(
    row: &BenchmarkResult,
    measurement: &Measurement,
    breakdown: &Breakdown,
) -> Waterfall {
    Waterfall {
        name: file_name(&["segments", &row.benchmark_name, &row.guest, &row.system]),
        title: format!("Segments of a dispatch of {}", full_name(row)),
        unit: measurement.unit.as_str(),
        bars: bars(&breakdown.segments),
        operation: breakdown
            .traced_median
            .map(|traced| (measurement.median, traced)),
    }
}

/// Each segment begins where its sibling before it ended, the first where its
/// parent began.
fn bars(segments: &[SegmentSummary]) -> Vec<Bar> {
    let mut bars: Vec<Bar> = Vec::new();
    // Where the next child of each segment begins; at the end, of none.
    let mut next = vec![0.0; segments.len()];
    let mut outside = 0.0;
    for (index, segment) in segments.iter().enumerate() {
        let earlier = &segments[..index];
        let parent = earlier
            .iter()
            .rposition(|other| other.name == segment.parent);
        let place = match parent {
            Some(parent) => &mut next[parent],
            None => &mut outside,
        };
        let from = *place;
        *place += segment.median;
        next[index] = from;
        bars.push(Bar {
            name: segment.name.clone(),
            depth: depth(segments, index),
            from,
            duration: segment.median,
            raw: segment.self_raw,
            corrected: segment.self_corrected,
        });
    }
    bars
}

impl From<Waterfall> for Plot {
    fn from(waterfall: Waterfall) -> Self {
        let parts: Vec<String> = waterfall
            .bars
            .iter()
            .map(|bar| {
                format!(
                    "{} {}, self {} raw and {} corrected",
                    bar.name,
                    number(bar.duration),
                    optional(bar.raw),
                    optional(bar.corrected)
                )
            })
            .collect();
        let effect = waterfall
            .operation
            .map_or(String::new(), |(without, with)| {
                format!(
                    " The median of an operation is {} without segment probes and {} with all.",
                    number(without),
                    number(with)
                )
            });
        let lines = waterfall.lines() as f64;
        Self {
            name: waterfall.name.clone(),
            title: waterfall.title.clone(),
            description: format!(
                "Nested bars of medians in {}, laid end to end: {}.{effect}",
                waterfall.unit,
                parts.join("; ")
            ),
            height: (TOP + LINE * lines + axis::HEIGHT) as u32,
            drawing: Drawing::Waterfall(waterfall),
        }
    }
}

const WITHOUT: &str = "median, no segment probes";
const WITH: &str = "median, all probes";

impl Waterfall {
    fn lines(&self) -> usize {
        self.bars.len() + if self.operation.is_some() { 2 } else { 0 }
    }

    /// The farthest end of a bar.
    fn end(&self) -> f64 {
        let ends = self.bars.iter().map(|bar| bar.from + bar.duration);
        let operation = self
            .operation
            .map_or(1.0, |(without, with)| without.max(with));
        ends.fold(operation, f64::max)
    }

    fn axis(&self, canvas: &impl Canvas) -> Result<Axis, PlotError> {
        let (left, right) = canvas.span();
        let mut names: f64 = 0.0;
        for bar in &self.bars {
            names = names.max(canvas.width_of(&bar.name)? + INDENT * bar.depth as f64);
        }
        if self.operation.is_some() {
            names = names.max(canvas.width_of(WITHOUT)?);
        }
        Ok(Axis {
            low: 0.0,
            high: self.end(),
            from: left + names + 16.0,
            to: right - 3.0 * NUMBERS - 8.0,
        })
    }

    pub(super) fn draw(&self, canvas: &impl Canvas) -> Result<(), PlotError> {
        let (left, right) = canvas.span();
        let axis = self.axis(canvas)?;
        let columns = [right - 2.0 * NUMBERS, right - NUMBERS, right];
        legend(canvas, left)?;
        for (title, x) in ["median", "self", "corrected"].into_iter().zip(columns) {
            canvas.text(title, (x, TOP - 14.0), Anchor::End, palette::MUTED)?;
        }
        let foot = TOP + LINE * self.lines() as f64;
        axis.draw(canvas, TOP - 4.0, foot, self.unit)?;
        for (index, bar) in self.bars.iter().enumerate() {
            let y = TOP + LINE * (index as f64 + 0.5);
            let name = (left + INDENT * bar.depth as f64, y);
            canvas.text(&bar.name, name, Anchor::Start, palette::INK)?;
            bar.draw(canvas, &axis, y)?;
            let numbers = [
                number(bar.duration),
                optional(bar.raw),
                optional(bar.corrected),
            ];
            for (text, x) in numbers.iter().zip(columns) {
                canvas.text(text, (x, y), Anchor::End, palette::INK)?;
            }
        }
        self.draw_operation(canvas, &axis, columns[0])
    }

    /// The effect of tracing on an operation, on the same axis.
    fn draw_operation(&self, canvas: &impl Canvas, axis: &Axis, at: f64) -> Result<(), PlotError> {
        let Some((without, with)) = self.operation else {
            return Ok(());
        };
        let (left, right) = canvas.span();
        let first = TOP + LINE * self.bars.len() as f64;
        canvas.line((left, first), (right, first), palette::GRID)?;
        let lines = [(WITHOUT, without, None), (WITH, with, Some(with - without))];
        for (index, (name, value, effect)) in lines.into_iter().enumerate() {
            let y = first + LINE * (index as f64 + 0.5);
            canvas.text(name, (left, y), Anchor::Start, palette::MUTED)?;
            let (top, foot) = (y - BAR / 2.0, y + BAR / 2.0);
            let end = axis.place(value.min(without));
            let solid = Fill::Solid(palette::GRID);
            canvas.area((axis.place(0.0), top), (end, foot), solid)?;
            if value > without {
                canvas.area(
                    (end, top),
                    (axis.place(value), foot),
                    Fill::Solid(palette::SOFT),
                )?;
            }
            canvas.text(&number(value), (at, y), Anchor::End, palette::INK)?;
            if let Some(effect) = effect {
                let text = format!("{} by tracing", signed(effect));
                canvas.text(&text, (right, y), Anchor::End, palette::INK)?;
            }
        }
        Ok(())
    }
}

/// The legend of a bar's three fills.
fn legend(canvas: &impl Canvas, left: f64) -> Result<(), PlotError> {
    let mut x = left;
    for (fill, words) in [
        (Fill::Solid(palette::STRONG), "self, corrected"),
        (
            Fill::Solid(palette::SOFT),
            "the probes' own cost, taken out",
        ),
        (Fill::Open, "inside other segments"),
    ] {
        canvas.area((x, 8.0), (x + 18.0, 20.0), fill)?;
        canvas.text(words, (x + 25.0, 14.0), Anchor::Start, palette::MUTED)?;
        x += 25.0 + canvas.width_of(words)? + 24.0;
    }
    Ok(())
}

impl Bar {
    /// Its own part, the cost of its probes, and the parts inside, in this order.
    fn draw(&self, canvas: &impl Canvas, axis: &Axis, y: f64) -> Result<(), PlotError> {
        let (top, foot) = (y - BAR / 2.0, y + BAR / 2.0);
        let end = self.from + self.duration;
        let raw = self.raw.unwrap_or(self.duration).clamp(0.0, self.duration);
        let corrected = self.corrected.unwrap_or(raw).clamp(0.0, raw);
        let parts = [
            (
                self.from,
                self.from + corrected,
                Fill::Solid(palette::STRONG),
            ),
            (
                self.from + corrected,
                self.from + raw,
                Fill::Solid(palette::SOFT),
            ),
            (self.from + raw, end, Fill::Open),
        ];
        for (from, to, fill) in parts {
            if to > from {
                canvas.area((axis.place(from), top), (axis.place(to), foot), fill)?;
            }
        }
        if self.duration == 0.0 {
            let x = axis.place(self.from);
            canvas.text(NONE, (x, y), Anchor::Start, palette::MUTED)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(name: &str, parent: &str, median: f64) -> SegmentSummary {
        SegmentSummary {
            name: name.into(),
            parent: parent.into(),
            count: 1,
            median,
            p95: None,
            max: 1,
            share: None,
            self_raw: None,
            self_corrected: None,
            bucketed: false,
        }
    }

    #[test]
    fn children_stand_inside_their_parent_one_behind_the_other() {
        let segments = [
            segment("entry", "", 16.0),
            segment("dispatch", "", 100.0),
            segment("a", "dispatch", 30.0),
            segment("b", "dispatch", 60.0),
            segment("b1", "b", 5.0),
        ];
        let places: Vec<f64> = bars(&segments).iter().map(|bar| bar.from).collect();
        assert_eq!(places, [0.0, 16.0, 16.0, 46.0, 46.0]);
    }
}
