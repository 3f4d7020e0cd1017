//! The `capbench` command. Standard output carries data, standard error the rest.

mod command;
mod ending;
mod exit;
mod output;
mod stdout;

use std::io::{self, Write};
use std::process::ExitCode;

use capbench_runner::stderr;
use clap::Parser;
use miette::Report;

use exit::Exit;
use stdout::Unwritten;

fn main() -> ExitCode {
    let ended = match command::Arguments::try_parse() {
        Ok(arguments) => command::dispatch(arguments),
        Err(answer) => without_command(&answer),
    };
    ended.unwrap_or_else(|report| failed(&report).into())
}

/// Says why, except where the reader of standard output left: it has what it wanted.
fn failed(report: &Report) -> Exit {
    match report.downcast_ref() {
        Some(Unwritten::ReaderGone) => Exit::ReaderGone,
        _ => {
            stderr::line(format_args!("{report:?}"));
            Exit::Usage
        }
    }
}

/// Help and version are what was asked for; anything else is a usage error, for
/// which clap's own status is that of results that cannot be used.
fn without_command(answer: &clap::Error) -> Result<ExitCode, Report> {
    let printed = answer.print();
    if answer.use_stderr() {
        return Ok(Exit::Usage.into());
    }
    let flushed = printed.and_then(|()| io::stdout().flush());
    flushed.map_err(Unwritten::from)?;
    Ok(Exit::Success.into())
}
