//! One file per command; each is thin and calls the crate that does the work.

mod bisect;
mod completions;
mod diff;
mod doctor;
mod explain;
mod export;
mod gate;
mod guest;
mod inspect;
mod judge;
mod list;
mod man;
mod plot;
mod record;
mod replay;
mod report;
mod run;
mod store;
mod verify;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use capbench_report::Look;
use capbench_runner::guest::Variant;
use capbench_runner::host;
use capbench_runner::qemu::{Qemu, QemuError};
use clap::{Args, Parser, Subcommand, ValueEnum};
use miette::{IntoDiagnostic, Result};

use crate::exit::Exit;
use crate::stdout::{self, Unwritten};

/// Measures kernels and refuses numbers that cannot be trusted.
#[derive(Parser)]
#[command(name = "capbench", version, propagate_version = true, after_help = Exit::table())]
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
    /// Keep the stream of a kernel that capbench did not boot as a trace
    Record(record::Record),
    /// Show what a trace says, from any `.ktrace` or raw stream
    Inspect(inspect::Inspect),
    /// Check a finished run again, from its raw traces and hashes
    Verify(verify::Verify),
    /// Judge a stored run again and compare with the results it keeps
    Judge(judge::Judge),
    /// Compare a run with another: what changed, and in which segments
    Diff(diff::Diff),
    /// Hold the working tree against a revision: both run, compared beyond the floor
    Gate(gate::Gate),
    /// Find the commit that moved a row
    Bisect(bisect::Bisect),
    /// Show where a number comes from
    Explain(explain::Explain),
    /// Repeat a run and compare it with the original
    Replay(replay::Replay),
    /// Write a run's report as HTML and Markdown
    Report(report::Report),
    /// Write a run's plots as SVG or PNG
    Plot(plot::Plot),
    /// Write a run's results and traces for other tools
    Export(export::Export),
    /// Keep the results of many runs as one dataset, and query it
    Store(store::Store),
    /// Show what this host has and lacks; --fix installs missing packages
    Doctor(doctor::Doctor),
    /// Build the guests, or run a program of your own on one
    Guest(guest::Guest),
    /// Print the completion script of a shell
    Completions(completions::Completions),
    /// Write the manual pages
    Man(man::Man),
}

/// Options of commands that boot guests.
#[derive(Args)]
struct Emulator {
    /// The QEMU to boot with [default: CAPBENCH_QEMU, else qemu-system-x86_64 on PATH]
    #[arg(long, value_name = "FILE")]
    qemu: Option<PathBuf>,
}

impl Emulator {
    fn find(&self) -> Result<Qemu, QemuError> {
        Qemu::find(self.qemu.as_deref())
    }
}

/// The format of printed data.
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
pub fn dispatch(arguments: Arguments) -> Result<ExitCode> {
    // Asked for only by what needs a checkout.
    let root = || match arguments.root {
        Some(root) => Ok(root),
        None => {
            let here = std::env::current_dir().into_diagnostic()?;
            host::find_root(&here).map_err(miette::Report::from)
        }
    };
    let exit = match arguments.command {
        Command::Run(command) => command.execute(&root()?),
        Command::List(command) => command.execute(&root()?),
        Command::Report(command) => command.execute(&root()?),
        Command::Plot(command) => command.execute(&root()?),
        Command::Export(command) => command.execute(&root()?),
        Command::Store(command) => command.execute(&root()?),
        Command::Doctor(command) => command.execute(&root()?),
        Command::Gate(command) => command.execute(&root()?),
        Command::Bisect(command) => command.execute(&root()?),
        // May end with the status of a guest's program.
        Command::Guest(command) => return command.execute(root),
        Command::Replay(command) => command.execute(&root()?),
        Command::Verify(command) => command.execute(root()),
        Command::Judge(command) => command.execute(root()),
        Command::Diff(command) => command.execute(root()),
        Command::Explain(command) => command.execute(root()),
        Command::Inspect(command) => command.execute(),
        Command::Record(command) => command.execute(),
        Command::Completions(command) => command.execute(),
        Command::Man(command) => command.execute(),
    };
    Ok(exit?.into())
}

/// Prints data for programs.
fn print_json<T: serde::Serialize>(value: &T) -> Result<()> {
    stdout::line(serde_json::to_string_pretty(value).into_diagnostic()?)?;
    Ok(())
}

/// Files that a command writes, named as each comes to be or, for programs, all at
/// once. A reader that has seen enough is no reason to stop writing files.
struct Reported {
    format: Format,
    files: Vec<PathBuf>,
    printed: Result<(), Unwritten>,
}

impl Reported {
    const fn new(format: Format) -> Self {
        Self {
            format,
            files: Vec::new(),
            printed: Ok(()),
        }
    }

    fn file(&mut self, path: PathBuf) {
        if self.format == Format::Text && self.printed.is_ok() {
            self.printed = stdout::line(path.display());
        }
        self.files.push(path);
    }

    fn end(self) -> Result<()> {
        match self.format {
            Format::Json => print_json(&serde_json::json!({ "files": self.files })),
            Format::Text => Ok(self.printed?),
        }
    }
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
