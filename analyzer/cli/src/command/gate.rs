//! `capbench gate`: the working tree against a revision.

use std::path::{Path, PathBuf};

use capbench_change::gate::{Gated, Request, gate};
use capbench_change::limits::{Allowed, apply};
use capbench_change::{Ending, Harness};
use capbench_report::Report;
use capbench_runner::guest::GuestName;
use capbench_runner::manifest::Catalogue;
use capbench_runner::revision::Revision;
use capbench_runner::stderr;
use clap::Args;
use miette::{IntoDiagnostic, Result, miette};

use super::Emulator;
use super::diff::{ChangeFormat, print};
use crate::exit::Exit;
use crate::output;

#[derive(Args)]
pub struct Gate {
    /// The revision to hold the working tree against: a commit, a branch or a tag
    #[arg(value_name = "REVISION")]
    base: String,

    /// What is measured on both
    #[arg(long, value_name = "SUITE|BENCHMARK", default_value = "ring")]
    suite: String,

    /// The guest that changes
    #[arg(long, value_name = "GUEST", default_value_t = GuestName::that_changes())]
    guest: GuestName,

    /// Variants of base that mean the same: how far they move a value is its floor
    #[arg(long, value_name = "NUMBER", default_value_t = 8, value_parser = clap::value_parser!(u32).range(8..=1000))]
    variants: u32,

    /// Allow this loss of every benchmark instead of what manifests/gates says
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    limit: Option<f64>,

    /// Also write the comparison as Markdown, for a comment on the change
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,

    #[command(flatten)]
    emulator: Emulator,

    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    format: ChangeFormat,
}

fn percent(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(percent) if percent.is_finite() && percent >= 0.0 => Ok(percent),
        _ => Err("expected zero or a positive number".to_owned()),
    }
}

impl Gate {
    pub fn execute(self, root: &Path) -> Result<Exit> {
        let catalogue = Catalogue::load(&root.join("manifests")).map_err(|error| *error)?;
        catalogue.select(&self.suite)?;
        let base = Revision::find(root, &self.base)?;
        let harness = Harness {
            program: std::env::current_exe().into_diagnostic()?,
            qemu: self.emulator.qemu.clone(),
        };
        stderr::line(format_args!(
            "gate: {} against {} ({})",
            self.suite,
            base.short(),
            capbench_results::plain(&base.subject)
        ));
        let request = Request {
            root,
            base: &base,
            selection: &self.suite,
            guest: self.guest,
            variants: self.variants,
        };
        let Gated { mut change, .. } = gate(&request, &harness)?;
        let allowed = self.limit.map_or(Allowed::AsDefined, Allowed::Percent);
        apply(&mut change, &catalogue, allowed);
        if let Some(path) = &self.markdown {
            if path.is_dir() {
                return Err(miette!(
                    code = "capbench::output",
                    help = "name a file",
                    "{} is a directory",
                    path.display()
                ));
            }
            output::write(path, Report::change(&change).markdown().as_bytes())?;
        }
        print(&change, self.format)?;
        Ok(Ending::of_gate(&change).into())
    }
}
