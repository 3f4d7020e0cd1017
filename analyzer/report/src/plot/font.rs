//! The font that text is measured with, and drawn with in pictures.
//!
//! Hosts without fonts must give the same plots, so one comes with the program:
//! DejaVu Sans, whose licence allows it. SVG names the reader's own sans-serif; as
//! DejaVu runs wide, what fits here fits there.

use super::PlotError;
use plotters::style::{FontStyle, register_font};
use std::sync::OnceLock;

/// The family as plots name it.
pub(super) const FAMILY: &str = "sans-serif";

/// Makes the font known; once is enough.
pub(super) fn register() -> Result<(), PlotError> {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    let registered = REGISTERED
        .get_or_init(|| register_font(FAMILY, FontStyle::Normal, dejavu::sans::regular()).is_ok());
    registered
        .then_some(())
        .ok_or_else(|| PlotError::new("the built-in font cannot be read"))
}
