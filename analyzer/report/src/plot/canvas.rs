//! Where plots draw, in logical pixels, whatever is behind it.

use super::{PlotError, WIDTH, font, palette};
use capbench_results::plain;
use plotters::coord::Shift;
use plotters::element::{Circle, PathElement, Rectangle, Text};
use plotters::prelude::{DrawingArea, DrawingBackend, IntoTextStyle};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, RGBColor, ShapeStyle};

/// Height of text; the SVG form divides by its own 1.24.
const TEXT: f64 = 15.0;

/// Room between a plot and its edge.
const EDGE: f64 = 8.0;

/// Where text stands relative to its point.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a box is filled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fill {
    Solid(RGBColor),
    /// An outline only.
    Open,
}

/// The strokes all plots are made of.
pub(super) trait Canvas {
    /// A box from one corner to the other.
    fn area(&self, from: (f64, f64), to: (f64, f64), fill: Fill) -> Result<(), PlotError>;
    /// A straight line.
    fn line(&self, from: (f64, f64), to: (f64, f64), color: RGBColor) -> Result<(), PlotError>;
    /// A disc, open or filled.
    fn dot(&self, at: (f64, f64), fill: Fill) -> Result<(), PlotError>;
    /// Text in the middle of its line's height.
    fn text(
        &self,
        text: &str,
        at: (f64, f64),
        anchor: Anchor,
        color: RGBColor,
    ) -> Result<(), PlotError>;
    /// How wide a text is.
    fn width_of(&self, text: &str) -> Result<f64, PlotError>;

    /// From the left edge to the right one.
    fn span(&self) -> (f64, f64) {
        (EDGE, f64::from(WIDTH) - EDGE)
    }

    /// The widest of some texts.
    fn widest(&self, texts: &mut dyn Iterator<Item = &str>) -> Result<f64, PlotError> {
        let mut widest: f64 = 0.0;
        for text in texts {
            widest = widest.max(self.width_of(text)?);
        }
        Ok(widest)
    }
}

/// A plotters area behind a canvas.
pub(super) struct Area<'a, B: DrawingBackend> {
    pub(super) area: &'a DrawingArea<B, Shift>,
    /// Physical pixels per logical one.
    pub(super) scale: f64,
    /// Logical pixels that text sits too high by where this draws.
    pub(super) sink: f64,
}

impl<B: DrawingBackend> Area<'_, B> {
    fn at(&self, (x, y): (f64, f64)) -> (i32, i32) {
        (
            (x * self.scale).round() as i32,
            (y * self.scale).round() as i32,
        )
    }

    fn stroke(&self, color: RGBColor) -> ShapeStyle {
        color.stroke_width(self.scale.round() as u32)
    }
}

impl<B: DrawingBackend> Canvas for Area<'_, B> {
    fn area(&self, from: (f64, f64), to: (f64, f64), fill: Fill) -> Result<(), PlotError> {
        let corners = [self.at(from), self.at(to)];
        if let Fill::Solid(color) = fill {
            let solid = Rectangle::new(corners, color.filled());
            self.area.draw(&solid).map_err(PlotError::new)?;
        }
        // All boxes are outlined: in grey print their edges must not run together.
        let outline = Rectangle::new(corners, self.stroke(palette::MUTED));
        self.area.draw(&outline).map_err(PlotError::new)
    }

    fn line(&self, from: (f64, f64), to: (f64, f64), color: RGBColor) -> Result<(), PlotError> {
        let path = PathElement::new(vec![self.at(from), self.at(to)], self.stroke(color));
        self.area.draw(&path).map_err(PlotError::new)
    }

    fn dot(&self, at: (f64, f64), fill: Fill) -> Result<(), PlotError> {
        const RADIUS: f64 = 5.0;
        let radius = (RADIUS * self.scale) as i32;
        let inside = match fill {
            Fill::Solid(color) => color,
            Fill::Open => palette::PAPER,
        };
        let disc = Circle::new(self.at(at), radius, inside.filled());
        self.area.draw(&disc).map_err(PlotError::new)?;
        let ring = Circle::new(self.at(at), radius, self.stroke(palette::STRONG));
        self.area.draw(&ring).map_err(PlotError::new)
    }

    fn text(
        &self,
        text: &str,
        at: (f64, f64),
        anchor: Anchor,
        color: RGBColor,
    ) -> Result<(), PlotError> {
        let horizontal = match anchor {
            Anchor::Start => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::End => HPos::Right,
        };
        let style = (font::FAMILY, TEXT * self.scale)
            .into_text_style(self.area)
            .color(&color)
            .pos(Pos::new(horizontal, VPos::Center));
        let text = Text::new(plain(text), self.at((at.0, at.1 + self.sink)), style);
        self.area.draw(&text).map_err(PlotError::new)
    }

    fn width_of(&self, text: &str) -> Result<f64, PlotError> {
        let style = (font::FAMILY, TEXT * self.scale).into_text_style(self.area);
        let size = self.area.estimate_text_size(&plain(text), &style);
        Ok(f64::from(size.map_err(PlotError::new)?.0) / self.scale)
    }
}
