//! `capbench store`: the results of many runs as one dataset.

use std::path::{Path, PathBuf};

use capbench_runner::artifact::{Artifact, names};
use capbench_runner::stderr;
use capbench_store::{Added, Answer, AnswerFormat, Listing, Store as Dataset};
use clap::{Args, Subcommand, ValueEnum};
use miette::Result;

use super::{Format, print_json};
use crate::exit::Exit;
use crate::stdout;
use crate::table::{right_align, table, text};

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

        /// How to print
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Show the runs and series that are there
    List {
        /// How to print
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Answer SQL over the tables runs, results, samples, segments and comparisons
    Query {
        /// The query
        sql: String,

        /// How to print
        #[arg(long, value_enum, default_value_t = QueryFormat::Text)]
        format: QueryFormat,
    },
}

/// How an answer is printed.
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
    let mut runs = table(&["run", "started", "mode", "suite", "commit", "rows"]);
    for run in &listing.runs {
        let commit = short(&run.commit);
        let rows = run.rows.to_string();
        runs.add_row([
            &run.run_id,
            &run.started_at,
            &run.mode,
            &run.suite,
            &commit,
            &rows,
        ]);
    }
    right_align(&mut runs, &[5]);
    let mut series = table(&[
        "guest",
        "system",
        "benchmark",
        "mode",
        "definition",
        "authority",
        "envelope",
        "runs",
        "passed",
    ]);
    for one in &listing.series {
        series.add_row([
            &one.guest,
            &one.system,
            &one.benchmark,
            &one.mode,
            &short(&one.config_hash),
            &one.authority_profile,
            &short(&one.envelope_hash),
            &one.runs.to_string(),
            &one.passed.to_string(),
        ]);
    }
    right_align(&mut series, &[7, 8]);
    for run_id in &listing.partial {
        stderr::line(format_args!(
            "note: {run_id} was not added to its end; add it again"
        ));
    }
    stdout::line(format_args!("{}\n\n{}", text(&runs), text(&series)))?;
    Ok(())
}

fn print(answer: &Answer, format: QueryFormat) -> Result<()> {
    match format {
        QueryFormat::Csv => stdout::text(answer.text(AnswerFormat::Csv)?)?,
        QueryFormat::Json => stdout::text(answer.text(AnswerFormat::Json)?)?,
        QueryFormat::Text => {
            let titles = answer.titles();
            let mut shown = table(&titles.iter().map(String::as_str).collect::<Vec<_>>());
            for row in answer.rows() {
                shown.add_row(
                    row.into_iter()
                        .map(|cell| cell.unwrap_or_else(|| "–".into())),
                );
            }
            stdout::line(text(&shown))?;
        }
    }
    Ok(())
}

/// As much of a hash as tells it from its neighbours.
fn short(hash: &str) -> String {
    hash.chars().take(8).collect()
}
