//! `capbench store`: the results of many runs as one dataset.

use std::path::{Path, PathBuf};

use capbench_report::{Kind, Table};
use capbench_runner::artifact::{Artifact, names};
use capbench_runner::stderr;
use capbench_store::{Added, Answer, AnswerFormat, Listing, Store as Dataset};
use clap::{Args, Subcommand, ValueEnum};
use miette::Result;

use super::{Format, look, print_json};
use crate::exit::Exit;
use crate::stdout;

#[derive(Args)]
pub struct Store {
    /// The store [default: store/ in the checkout]
    #[arg(long = "store", global = true, value_name = "DIRECTORY")]
    directory: Option<PathBuf>,

    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Add the results of a run; again changes nothing
    Add {
        /// The run's directory [default: runs/latest]
        run: Option<PathBuf>,

        /// Output format
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Show the runs and series that are there
    List {
        /// Output format
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Answer SQL over the tables runs, results, samples, segments and comparisons
    Query {
        /// The query
        sql: String,

        /// Output format
        #[arg(long, value_enum, default_value_t = QueryFormat::Text)]
        format: QueryFormat,
    },
}

/// The format of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum QueryFormat {
    /// For people
    Text,
    /// Comma-separated values
    Csv,
    /// An array of objects
    Json,
}

impl Store {
    pub fn execute(self, root: &Path) -> Result<Exit> {
        let directory = self.directory.unwrap_or_else(|| root.join("store"));
        match self.action {
            Action::Add { run, format } => {
                let latest = || root.join("runs").join(names::LATEST);
                add(&directory, &run.unwrap_or_else(latest), format)?;
            }
            Action::List { format } => list(&Dataset::open(&directory)?.list()?, format)?,
            Action::Query { sql, format } => {
                print(&Dataset::open(&directory)?.query(&sql)?, format)?;
            }
        }
        Ok(Exit::Success)
    }
}

fn add(directory: &Path, run: &Path, format: Format) -> Result<()> {
    // Before a store is made: the run may not be one.
    let artifact = Artifact::open(run)?;
    let store = Dataset::open_or_create(directory)?;
    let run_id = &artifact.results.run.id;
    let files = match store.add(&artifact.results)? {
        Added::New { files } => files,
        Added::Unchanged => 0,
    };
    match (format, files) {
        (Format::Json, _) => print_json(&serde_json::json!({
            "runId": run_id,
            "isNew": files > 0,
            "files": files,
        }))?,
        (Format::Text, 0) => stdout::line(format_args!("{run_id}: was there already"))?,
        (Format::Text, _) => stdout::line(format_args!("{run_id}: added, {files} files"))?,
    }
    Ok(())
}

fn list(listing: &Listing, format: Format) -> Result<()> {
    if format == Format::Json {
        return print_json(listing);
    }
    let runs = Table::of("", &listing.runs)
        .words("run", |run| run.run_id.as_str())
        .words("started", |run| run.started_at.as_str())
        .words("mode", |run| run.mode.as_str())
        .words("suite", |run| run.suite.as_str())
        .words("commit", |run| short(&run.commit))
        .number("rows", |run| run.rows)
        .end();
    let series = Table::of("", &listing.series)
        .words("guest", |one| one.guest.as_str())
        .words("system", |one| one.system.as_str())
        .words("benchmark", |one| one.benchmark.as_str())
        .words("mode", |one| one.mode.as_str())
        .words("definition", |one| short(&one.config_hash))
        .words("authority", |one| one.authority_profile.as_str())
        .words("envelope", |one| short(&one.envelope_hash))
        .number("runs", |one| one.runs)
        .number("passed", |one| one.passed)
        .end();
    for run_id in &listing.partial {
        stderr::line(format_args!(
            "note: {run_id} was not added to its end; add it again"
        ));
    }
    let look = look();
    stdout::text(format_args!("{}\n{}", runs.text(look), series.text(look)))?;
    Ok(())
}

fn print(answer: &Answer, format: QueryFormat) -> Result<()> {
    match format {
        QueryFormat::Csv => stdout::text(answer.text(AnswerFormat::Csv)?)?,
        QueryFormat::Json => stdout::text(answer.text(AnswerFormat::Json)?)?,
        QueryFormat::Text => {
            let titles = answer.titles();
            let titles = titles.iter().map(|title| (title.as_str(), Kind::Words));
            let mut shown = Table::new("", &titles.collect::<Vec<_>>());
            for row in answer.rows() {
                let cells = row
                    .into_iter()
                    .map(|cell| cell.map_or("–".into(), Into::into));
                shown.row(cells.collect());
            }
            stdout::text(shown.text(look()))?;
        }
    }
    Ok(())
}

/// The shortest prefix of a hash that its neighbours do not share.
fn short(hash: &str) -> String {
    hash.chars().take(8).collect()
}
