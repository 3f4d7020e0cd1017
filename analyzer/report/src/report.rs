//! The report of a run, in both of its forms.

use crate::appendix::Appendix;
use crate::document::Document;
use crate::plot::PlotError;
use crate::{html, markdown, section};
use capbench_results::Results;

/// A run as a report.
pub struct Report(Document);

impl Report {
    /// What there is to say about a run.
    pub fn new(results: &Results, appendix: &Appendix) -> Self {
        Self(section::document(results, appendix))
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
