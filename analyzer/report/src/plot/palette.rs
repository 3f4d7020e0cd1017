//! The few colours of a plot. Each differs from its neighbours in luminance, so
//! that a grey print tells them apart; the page's style sheet maps them for dark
//! backgrounds, by these very values.

use plotters::style::RGBColor;

/// Text.
pub(super) const INK: RGBColor = RGBColor(0x1F, 0x23, 0x28);
/// Text beside what matters, outlines.
pub(super) const MUTED: RGBColor = RGBColor(0x59, 0x63, 0x6E);
/// Lines of the grid.
pub(super) const GRID: RGBColor = RGBColor(0xD8, 0xDE, 0xE4);
/// The subject of a plot.
pub(super) const STRONG: RGBColor = RGBColor(0x1B, 0x4F, 0x8A);
/// The surroundings of the subject.
pub(super) const SOFT: RGBColor = RGBColor(0x9D, 0xBC, 0xE0);
/// Behind everything, and in what is open.
pub(super) const PAPER: RGBColor = RGBColor(0xFF, 0xFF, 0xFF);

/// All of them, with the names that the style sheet knows them by.
pub(crate) const ALL: [(&str, RGBColor); 6] = [
    ("ink", INK),
    ("muted", MUTED),
    ("grid", GRID),
    ("strong", STRONG),
    ("soft", SOFT),
    ("paper", PAPER),
];
