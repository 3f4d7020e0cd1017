//! Everything that is shown of a run, of a trace or of a sample, in each of its forms.

use crate::appendix::Appendix;
use crate::document::Document;
use crate::look::Look;
use crate::plot::PlotError;
use crate::{html, markdown, section, text};
use capbench_frames::flows::Stitched;
use capbench_frames::summary::TraceSummary;
use capbench_results::Results;
use capbench_results::change::Change;

/// A document that can be shown.
pub struct Report(Document);

impl Report {
    /// A whole run.
    pub fn new(results: &Results, appendix: &Appendix) -> Self {
        Self(section::document(results, appendix))
    }

    /// The parts of a run's report that are printed when it ends.
    pub fn summary(results: &Results, appendix: &Appendix) -> Self {
        Self(section::summary(results, appendix))
    }

    /// One trace by itself.
    pub fn trace(summary: &TraceSummary) -> Self {
        Self(section::trace::document(summary))
    }

    /// One sample in parts.
    pub fn sample(stitched: &Stitched) -> Self {
        Self(section::stitched::document(stitched))
    }

    /// A run beside another.
    pub fn change(change: &Change) -> Self {
        Self(section::change::document(change))
    }

    /// For a terminal or a pipe.
    pub fn text(&self, look: Look) -> String {
        text::render(&self.0, look)
    }

    /// One HTML file that needs nothing beside it.
    pub fn html(&self) -> Result<String, PlotError> {
        html::render(&self.0)
    }

    /// The same as Markdown.
    pub fn markdown(&self) -> String {
        markdown::render(&self.0)
    }
}
