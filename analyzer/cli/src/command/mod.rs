//! One file per command; each is thin and calls the crate that does the work.

mod doctor;
mod guest;
mod inspect;
mod list;
mod run;

use std::io::IsTerminal;
use std::path::PathBuf;

use capbench_report::Look;
use capbench_runner::guest::Variant;
use capbench_runner::host;
use clap::{Parser, Subcommand, ValueEnum};
use miette::{IntoDiagnostic, Result};

use crate::exit::Exit;

/// Measures kernels and refuses numbers that cannot be trusted.
///
/// Exit status: 0 done and usable, 1 not carried out, 2 carried out but a result
/// is failed or invalid, 130 interrupted.
#[derive(Parser)]
#[command(name = "capbench", version, propagate_version = true)]
pub struct Arguments {
    /// The capbench checkout [default: the one around the current directory]
    #[arg(long, global = true, value_name = "DIRECTORY")]
    root: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Boot a suite or one benchmark and keep everything that arrives
    Run(run::Run),
    /// Show the suites and benchmarks that can be run
    List(list::List),
    /// Show what a trace says, from any `.ktrace` or raw stream
    Inspect(inspect::Inspect),
    /// Show what this host has and lacks; --fix installs missing packages
    Doctor(doctor::Doctor),
    /// Build the guests
    Guest(guest::Guest),
}

/// How data is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// A variant as typed.
#[derive(Clone, Copy, ValueEnum)]
enum VariantName {
    Samples,
    Segments,
    Plain,
    Counts,
    Perf,
}

impl From<VariantName> for Variant {
    fn from(name: VariantName) -> Self {
        match name {
            VariantName::Samples => Self::Samples,
            VariantName::Segments => Self::Segments,
            VariantName::Plain => Self::Plain,
            VariantName::Counts => Self::Counts,
            VariantName::Perf => Self::Perf,
        }
    }
}

/// Carries out a command.
pub fn dispatch(arguments: Arguments) -> Result<Exit> {
    if let Command::Inspect(command) = arguments.command {
        return command.execute();
    }
    let root = match arguments.root {
        Some(root) => root,
        None => host::find_root(&std::env::current_dir().into_diagnostic()?)?,
    };
    match arguments.command {
        Command::Run(command) => command.execute(&root),
        Command::List(command) => command.execute(&root),
        Command::Doctor(command) => command.execute(&root),
        Command::Guest(command) => command.execute(&root),
        Command::Inspect(_) => unreachable!("needs no checkout and was handled above"),
    }
}

/// Prints data for programs.
fn print_json<T: serde::Serialize>(value: &T) -> Result<()> {
    println!("{}", serde_json::to_string_pretty(value).into_diagnostic()?);
    Ok(())
}

/// How text may look on standard output.
fn look() -> Look {
    let terminal = std::io::stdout().is_terminal();
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    Look {
        width: terminal_size::terminal_size()
            .map_or(Look::PLAIN.width, |(width, _)| usize::from(width.0)),
        color: terminal && !no_color,
    }
}
