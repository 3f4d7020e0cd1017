//! `capbench record`: a stream of a kernel that capbench did not boot, kept as a trace.

use std::path::{Path, PathBuf};

use capbench_frames::trace::read_file;
use capbench_runner::capture::Stream;
use capbench_runner::interrupt::Interrupt;
use capbench_runner::recording::{Recorded, record};
use capbench_runner::stderr;
use clap::Args;
use miette::{IntoDiagnostic, Report, Result, WrapErr, miette};
use serde::Serialize;

use super::{Format, print_json};
use crate::exit::Exit;
use crate::stdout;

#[derive(Args)]
pub struct Record {
    /// Source of the frames; `-` is standard input
    #[arg(value_name = "SOURCE")]
    source: PathBuf,

    /// The trace to write; must not exist
    #[arg(long, short, value_name = "FILE.ktrace")]
    out: PathBuf,

    /// Output format of the summary
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// A summary of the kept stream, for programs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Kept<'a> {
    file: &'a Path,
    bytes: u64,
    sha256: String,
    windows: usize,
    /// Whether the stream has its end.
    complete: bool,
}

impl Record {
    pub fn execute(self) -> Result<Exit> {
        let interrupt = Interrupt::install().into_diagnostic()?;
        match record(&self.source, &self.out, &interrupt)? {
            Recorded::Whole(stream) => {
                self.tell(&stream)?;
                Ok(Exit::Success)
            }
            Recorded::Stopped(Some(stream)) => {
                self.tell(&stream)?;
                Ok(Exit::Interrupted)
            }
            Recorded::Stopped(None) => {
                stderr::line("stopped before anything came: there is no trace");
                Ok(Exit::Interrupted)
            }
        }
    }

    fn tell(&self, stream: &Stream) -> Result<()> {
        describe(stream, &self.out, self.format)
            .wrap_err_with(|| format!("the trace is kept in {}", self.out.display()))
    }
}

fn describe(stream: &Stream, out: &Path, format: Format) -> Result<()> {
    let trace = read_file(out, &out.display().to_string()).map_err(|error| {
        miette!(
            code = "capbench::record",
            help = "is it the kernel's trace port that leads here, and nothing else?",
            "{error}"
        )
    })?;
    let kept = Kept {
        file: out,
        bytes: stream.bytes,
        sha256: stream.sha256.to_string(),
        windows: trace.windows.len(),
        complete: trace.statements.end.is_some(),
    };
    if !kept.complete {
        stderr::line(
            "the stream has no end: the kernel did not finish, or recording stopped before",
        );
    }
    match format {
        Format::Json => print_json(&kept),
        Format::Text => {
            let Kept {
                bytes,
                sha256,
                windows,
                ..
            } = &kept;
            stderr::line(format_args!(
                "{bytes} bytes, sha256 {sha256}, {windows} windows"
            ));
            stdout::line(out.display()).map_err(Report::from)
        }
    }
}
