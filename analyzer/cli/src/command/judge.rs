//! `capbench judge`: a stored run judged again by the rules of this version.

use std::path::{Path, PathBuf};

use capbench_judge::{JudgedAgain, SealError, judge_stored, write_judgement};
use capbench_runner::artifact::Artifact;
use clap::Args;
use miette::{Result, miette};
use serde_json::json;

use super::run::print_judgement;
use super::{Format, print_json, report};
use crate::exit::Exit;
use crate::output;
use crate::stdout::{self, Unwritten};

#[derive(Args)]
pub struct Judge {
    /// A run's directory [default: runs/latest]
    #[arg(value_name = "RUN")]
    run: Option<PathBuf>,

    /// Write the results and evidence as they are judged now into this new directory
    #[arg(long, value_name = "DIRECTORY")]
    output: Option<PathBuf>,

    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Judge {
    pub fn execute(self, root: Result<PathBuf>) -> Result<Exit> {
        let artifact = match self.run {
            Some(run) => Artifact::open(&run)?,
            None => report::open(&root?, None)?,
        };
        let again = judge_stored(&artifact)?;
        if let Some(directory) = &self.output {
            write(directory, &again, self.format)?;
        }
        match self.format {
            Format::Json => print_json(&json!({
                "run": artifact.record.run_id,
                "differences": again.differences,
                "asStated": again.as_stated,
            }))?,
            Format::Text => {
                let place = artifact.directory();
                print_judgement(&again.judgement, &artifact.record, place)?;
                print_comparison(&again)?;
            }
        }
        let is_usable = again.judgement.results.all_usable() && again.differences.is_empty();
        Ok(match is_usable {
            true => Exit::Success,
            false => Exit::Unusable,
        })
    }
}

/// Never into a run: what was sealed stays as it was.
fn write(directory: &Path, again: &JudgedAgain, format: Format) -> Result<()> {
    if directory.exists() {
        return Err(miette!(
            code = "capbench::output",
            help = "name a directory that does not exist yet",
            "{} is there already",
            directory.display()
        ));
    }
    output::directory(directory)?;
    let mut written = Vec::new();
    write_judgement(&again.judgement, |name, bytes| {
        let path = directory.join(name);
        output::write(&path, bytes)?;
        written.push(path);
        Ok(())
    })
    .map_err(|error| match error {
        SealError::Unwritten(report) => report,
        SealError::Results(fault) => miette!("the results: {fault}"),
        SealError::Evidence(fault) => miette!("the evidence: {fault}"),
        SealError::Message(fault) => miette!("the results as a message: {fault}"),
    })?;
    // Programs read one document, and know the names.
    if format == Format::Text {
        for path in written {
            stdout::line(path.display())?;
        }
    }
    Ok(())
}

fn print_comparison(again: &JudgedAgain) -> Result<(), Unwritten> {
    for open in &again.as_stated {
        stdout::line(format_args!("taken as stated: {open}"))?;
    }
    if again.differences.is_empty() {
        return stdout::line("judged as stored: every result and all evidence are equal");
    }
    stdout::line("the run keeps other results:")?;
    for difference in &again.differences {
        stdout::line(format_args!(
            "  - {}: stored {}, judged {}",
            difference.place, difference.stored, difference.judged
        ))?;
    }
    Ok(())
}
