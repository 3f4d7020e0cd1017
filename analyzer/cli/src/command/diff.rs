//! `capbench diff`: a run beside another, and the segments that moved.

mod source;

use std::path::PathBuf;

use capbench_change::{Ending, compare};
use capbench_report::{Report, annotations, junit};
use capbench_results::change::Change;
use clap::{Args, ValueEnum};
use miette::{IntoDiagnostic, Result};

use super::look;
use crate::exit::Exit;
use crate::stdout;
use source::Places;

#[derive(Args)]
pub struct Diff {
    /// Before: a run's directory or id, a run of the store, or a trace
    base: String,

    /// After: the same [default: the newest run]
    #[arg(default_value = "latest")]
    head: String,

    /// The store [default: store/ in the checkout]
    #[arg(long = "store", value_name = "DIRECTORY")]
    store: Option<PathBuf>,

    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    format: ChangeFormat,
}

/// The form of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ChangeFormat {
    /// For people
    Text,
    /// For a comment on a change
    Markdown,
    /// One file that needs nothing beside it
    Html,
    /// For programs: capbench.change/1
    Json,
    /// A test case per row, for CI
    Junit,
    /// Annotations of a GitHub workflow
    Github,
}

impl Diff {
    pub fn execute(self, root: Result<PathBuf>) -> Result<Exit> {
        let places = Places {
            root: root.ok(),
            store: self.store,
        };
        let (base, head) = (places.find(&self.base)?, places.find(&self.head)?);
        let change = compare(&base, &head, None);
        print(&change, self.format)?;
        Ok(Ending::of(&change).into())
    }
}

/// Prints a comparison in a form.
pub fn print(change: &Change, format: ChangeFormat) -> Result<()> {
    let report = Report::change(change);
    let text = match format {
        ChangeFormat::Text => report.text(look()),
        ChangeFormat::Markdown => report.markdown(),
        ChangeFormat::Html => report.html().into_diagnostic()?,
        ChangeFormat::Json => change.to_json().into_diagnostic()?,
        ChangeFormat::Junit => junit(change).into_diagnostic()?,
        ChangeFormat::Github => annotations(change),
    };
    Ok(stdout::text(text)?)
}
