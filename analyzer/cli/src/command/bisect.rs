//! `capbench bisect`: the commit that moved a row.

use std::path::{Path, PathBuf};

use capbench_change::Harness;
use capbench_change::bisect::{Extent, Found, Probe, Request, bisect, left_out};
use capbench_report::{Inlines, Report, Table};
use capbench_results::BenchmarkName;
use capbench_runner::guest::GuestName;
use capbench_runner::manifest::Catalogue;
use capbench_runner::revision::Revision;
use capbench_runner::stderr;
use clap::Args;
use miette::{IntoDiagnostic, Result, miette};
use serde_json::json;

use super::{Emulator, Format, look, print_json};
use crate::exit::Exit;
use crate::stdout;

#[derive(Args)]
pub struct Bisect {
    /// The range: `GOOD..BAD`, each a commit, a branch or a tag
    #[arg(value_name = "RANGE", value_parser = range)]
    range: (String, String),

    /// The row, with its parameters: `ring/nop/1`
    #[arg(long, value_name = "ROW")]
    row: String,

    /// The guest of the row
    #[arg(long, value_name = "GUEST", default_value_t = GuestName::that_changes())]
    guest: GuestName,

    /// Find every commit that moves the row, and not only one
    #[arg(long)]
    every: bool,

    #[command(flatten)]
    emulator: Emulator,

    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

fn range(text: &str) -> Result<(String, String), String> {
    match text.split_once("..") {
        Some((from, to)) if !from.is_empty() && !to.is_empty() && !to.starts_with('.') => {
            Ok((from.to_owned(), to.to_owned()))
        }
        _ => Err("expected GOOD..BAD".to_owned()),
    }
}

impl Bisect {
    pub fn execute(self, root: &Path) -> Result<Exit> {
        let catalogue = Catalogue::load(&root.join("manifests")).map_err(|error| *error)?;
        let row = BenchmarkName::from(self.row.as_str());
        let benchmark = catalogue.benchmarks.get(row.benchmark()).filter(|of| {
            let mut rows = of.batches.iter().map(|batch| of.row_name(*batch));
            rows.any(|known| known == row)
        });
        let benchmark = benchmark.ok_or_else(|| {
            miette!(
                code = "capbench::bisect",
                help = "name a row with its batch size, such as ring/nop/1; `capbench list` \
                        shows the benchmarks",
                "there is no row `{}`",
                capbench_results::plain(&self.row)
            )
        })?;
        let (from, to) = &self.range;
        let (from, to) = (Revision::find(root, from)?, Revision::find(root, to)?);
        let revisions = Revision::range(root, &from, &to)?;
        let program: PathBuf = std::env::current_exe().into_diagnostic()?;
        let harness = Harness {
            program,
            qemu: self.emulator.qemu.clone(),
        };
        let request = Request {
            root,
            revisions: &revisions,
            benchmark,
            row: &row,
            guest: self.guest,
            extent: if self.every {
                Extent::Every
            } else {
                Extent::One
            },
        };
        let found = bisect(&request, &harness, |revision| {
            let subject = capbench_results::plain(&revision.subject);
            stderr::line(format_args!("bisect: {} {subject}", revision.short()));
        })?;
        match self.format {
            Format::Json => print_json(&json(&found, &revisions))?,
            Format::Text => text(&found, &revisions, &row)?,
        }
        Ok(Exit::Success)
    }
}

fn json(found: &Found, revisions: &[Revision]) -> serde_json::Value {
    let commit = |place: usize| &revisions[place].commit;
    json!({
        "unit": found.unit,
        "tried": found.tried.iter().map(|of| match &of.probe {
            Probe::Value(value) => json!({ "commit": commit(of.place), "value": value }),
            Probe::Skipped(reason) => json!({ "commit": commit(of.place), "skipped": reason }),
        }).collect::<Vec<_>>(),
        "moves": found.moves.iter().map(|(of, change)| json!({
            "before": commit(of.before),
            "after": commit(of.after),
            "from": of.from,
            "to": of.to,
            "change": change,
        })).collect::<Vec<_>>(),
        "smokesLeftOut": left_out(&found.tried),
    })
}

fn text(found: &Found, revisions: &[Revision], row: &BenchmarkName) -> Result<()> {
    let table = Table::of("", &found.tried)
        .words("commit", |of| revisions[of.place].short())
        .words(row.as_str(), |of| match &of.probe {
            Probe::Value(value) => Inlines::from(value.to_string()),
            Probe::Skipped(reason) => Inlines::from(format!("skipped: {reason}")),
        })
        .words("subject", |of| revisions[of.place].subject.as_str())
        .end();
    stdout::text(table.text(look()))?;
    let smokes: Vec<&str> = left_out(&found.tried).into_iter().collect();
    if !smokes.is_empty() {
        stdout::line(format_args!(
            "left out where a revision has no program for it: {}",
            smokes.join(", ")
        ))?;
    }
    if found.moves.is_empty() {
        stdout::line(format_args!("{row} is the same at both ends of the range"))?;
    }
    let unit = found.unit.map_or("", |unit| unit.as_str());
    for (of, change) in &found.moves {
        let revision = &revisions[of.after];
        let skipped = of.after - of.before - 1;
        stdout::line(format_args!(
            "\n{} moved {row} from {} to {} {unit}: {}",
            revision.short(),
            of.from,
            of.to,
            capbench_results::plain(&revision.subject)
        ))?;
        if skipped > 0 {
            stdout::line(format_args!(
                "or one of the {skipped} before it, which could not be run"
            ))?;
        }
        if let Some(change) = change {
            stdout::text(Report::change(change).text(look()))?;
        }
    }
    Ok(())
}
