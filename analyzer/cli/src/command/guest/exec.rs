//! `capbench guest exec`: the console on standard output, the rest on standard error.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use capbench_frames::trace::read_file;
use capbench_report::{Look, Report};
use capbench_runner::exec::{Binary, EndError, ExecError, Request, exec, parse_grant};
use capbench_runner::guest::Variant;
use capbench_runner::interrupt::Interrupt;
use capbench_runner::manifest::Grant;
use capbench_runner::stderr;
use clap::{Args, ValueEnum};
use miette::{IntoDiagnostic, Result};

use super::super::{Emulator, look, run};
use crate::exit::Exit;
use crate::stdout::Unwritten;

/// Ends with the program's exit code where that is an exit status (0 to 255), else
/// with 1 and a message. 1 is also the status where nothing was run.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub struct Exec {
    /// A static ELF executable for a capOS process
    #[arg(value_name = "ELF")]
    program: PathBuf,

    /// A capability for the program, in CapSet order: its name and the kernel
    /// source it comes from [default source: the name]
    #[arg(long = "grant", value_name = "NAME[=SOURCE]", value_parser = parse_grant)]
    grants: Vec<Grant>,

    /// A further binary, which the program may start by this name
    #[arg(long = "program", value_name = "NAME=ELF", value_parser = Binary::parse)]
    programs: Vec<Binary>,

    /// A parameter, which the program reads through its boot package
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = run::assignment)]
    parameters: Vec<(String, String)>,

    /// Instrumentation of the kernel
    #[arg(long, value_enum, default_value = "plain")]
    variant: Recording,

    /// Seconds after which the program counts as hung
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    timeout: u64,

    #[command(flatten)]
    emulator: Emulator,

    /// Keep what the kernel recorded [default: a summary is shown, nothing is kept]
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
}

/// The variants of the reference kernel.
#[derive(Clone, Copy, ValueEnum)]
enum Recording {
    Plain,
    Samples,
    Segments,
}

impl From<Recording> for Variant {
    fn from(recording: Recording) -> Self {
        match recording {
            Recording::Plain => Self::Plain,
            Recording::Samples => Self::Samples,
            Recording::Segments => Self::Segments,
        }
    }
}

impl Exec {
    pub fn execute(self, root: &Path) -> Result<ExitCode> {
        let qemu = self.emulator.find()?;
        let interrupt = Interrupt::install().into_diagnostic()?;
        let request = Request {
            root,
            variant: self.variant.into(),
            program: Binary::of_file(self.program),
            further: self.programs,
            grants: self.grants,
            parameters: self.parameters.into_iter().collect(),
            timeout: Duration::from_secs(self.timeout),
            trace: self.trace,
        };
        let mut console = io::stdout().lock();
        let mut shown = Ok(());
        let executed = exec(&request, &qemu, &interrupt, &mut console, &mut |trace| {
            shown = show(trace, &request.program.name)
        });
        match executed {
            Ok(executed) => {
                shown?;
                executed.console.map_err(Unwritten::from)?;
                Ok(ExitCode::from(executed.status))
            }
            Err(ExecError::End(EndError::Interrupted)) => Ok(Exit::Interrupted.into()),
            Err(error) => Err(error.into()),
        }
    }
}

/// The statements of a trace, in addition to the console.
fn show(trace: &Path, program: &str) -> Result<()> {
    let trace = read_file(trace, program).into_diagnostic()?;
    let summary = capbench_judge::trace(&trace).into_diagnostic()?;
    // The width is the terminal's; colour was decided for standard output.
    let look = Look {
        color: false,
        ..look()
    };
    stderr::text(Report::trace(&summary).text(look));
    Ok(())
}
