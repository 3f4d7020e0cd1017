//! A linear axis below a plot.

use super::canvas::{Anchor, Canvas};
use super::{PlotError, palette};
use crate::number::number;
use plotters::coord::ranged1d::Ranged;
use plotters::coord::types::RangedCoordf64;

/// Height that an axis needs below its plot.
pub(super) const HEIGHT: f64 = 44.0;

/// Values from `low` to `high` between two places.
#[derive(Clone, Copy)]
pub(super) struct Axis {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) from: f64,
    pub(super) to: f64,
}

impl Axis {
    /// Where a value lies.
    pub(super) fn place(&self, value: f64) -> f64 {
        let part = (value - self.low) / (self.high - self.low);
        self.from + part * (self.to - self.from)
    }

    /// Marks at round values from `top` to `foot`, with the unit below.
    pub(super) fn draw(
        &self,
        canvas: &impl Canvas,
        top: f64,
        foot: f64,
        unit: &str,
    ) -> Result<(), PlotError> {
        const MOST_MARKS: usize = 8;
        let scale: RangedCoordf64 = (self.low..self.high).into();
        for mark in scale.key_points(MOST_MARKS) {
            let x = self.place(mark);
            canvas.line((x, top), (x, foot + 3.0), palette::GRID)?;
            canvas.text(
                &number(mark),
                (x, foot + 14.0),
                Anchor::Middle,
                palette::MUTED,
            )?;
        }
        canvas.line((self.from, foot), (self.to, foot), palette::MUTED)?;
        let middle = (self.from + self.to) / 2.0;
        canvas.text(unit, (middle, foot + 34.0), Anchor::Middle, palette::MUTED)
    }
}
