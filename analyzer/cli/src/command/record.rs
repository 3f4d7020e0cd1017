//! `capbench record`: a stream of a kernel that capbench did not boot, kept as a trace.
//!
//! Reads frames from wherever the kernel's transport leads: a file, a FIFO or terminal
//! that an emulator writes to, or standard input. What has arrived is on disk before it
//! is compressed, so neither Ctrl-C nor a full disk loses it.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use capbench_frames::trace::read_file;
use capbench_runner::capture;
use capbench_runner::interrupt::Interrupt;
use capbench_runner::stderr;
use clap::Args;
use miette::{IntoDiagnostic, Report, Result, WrapErr, miette};
use serde::Serialize;

use super::{Format, print_json};
use crate::exit::Exit;
use crate::output::unwritable;
use crate::stdout;

/// Bytes read at a time, and how many such parts may wait for the disk.
const PART_BYTES: usize = 64 << 10;
const PARTS_WAITING: usize = 16;
/// How often a silent source is no reason not to look whether the user wants to stop.
const PATIENCE: Duration = Duration::from_millis(100);

#[derive(Args)]
pub struct Record {
    /// Where the frames come from; `-` is standard input
    #[arg(value_name = "SOURCE")]
    source: PathBuf,

    /// The trace to write; must not exist
    #[arg(long, short, value_name = "FILE.ktrace")]
    out: PathBuf,

    /// How to print what was kept
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// What was kept, for programs.
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
        if self.out.exists() {
            return Err(miette!(
                code = "capbench::record",
                help = "name another file, or move that one away",
                "{} exists, and recording never overwrites a trace",
                self.out.display()
            ));
        }
        let interrupt = Interrupt::install().into_diagnostic()?;
        let raw = self.out.with_extension("trace.part");
        let mut kept = File::create(&raw).map_err(|error| unwritable(&raw, &error))?;
        let parts = read_apart(open(&self.source)?);
        let written = keep(&parts, &mut kept, &interrupt)
            .into_diagnostic()
            .wrap_err_with(|| format!("what arrived before is in {}", raw.display()))?;
        if written == 0 {
            let _ = fs::remove_file(&raw);
            return Err(miette!(
                code = "capbench::record",
                help = "is the kernel built to measure, and its transport led here?",
                "nothing came from {}",
                self.source.display()
            ));
        }
        let stream = capture::store(&raw, &self.out)
            .into_diagnostic()
            .wrap_err_with(|| format!("the stream is in {} as it came", raw.display()))?;
        tell(&stream, &self.out, self.format)
    }
}

fn open(source: &Path) -> Result<Box<dyn Read + Send>> {
    if source == Path::new("-") {
        return Ok(Box::new(io::stdin()));
    }
    let file = File::open(source)
        .into_diagnostic()
        .wrap_err_with(|| format!("cannot read {}", source.display()))?;
    Ok(Box::new(file))
}

/// Reads on a thread of its own, because a read from a FIFO ends when it likes. The
/// thread ends with the source or with the process.
fn read_apart(mut source: Box<dyn Read + Send>) -> Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = sync_channel(PARTS_WAITING);
    thread::spawn(move || {
        loop {
            let mut part = vec![0; PART_BYTES];
            let part = source.read(&mut part).map(|length| {
                part.truncate(length);
                part
            });
            let is_last = part.as_ref().map_or(true, Vec::is_empty);
            if sender.send(part).is_err() || is_last {
                return;
            }
        }
    });
    receiver
}

/// Writes what arrives until the source ends or the user stops. Bytes written.
fn keep(
    parts: &Receiver<io::Result<Vec<u8>>>,
    kept: &mut File,
    interrupt: &Interrupt,
) -> io::Result<u64> {
    let mut written = 0;
    while !interrupt.is_raised() {
        match parts.recv_timeout(PATIENCE) {
            Ok(part) => {
                let part = part?;
                if part.is_empty() {
                    break;
                }
                kept.write_all(&part)?;
                written += part.len() as u64;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    kept.sync_all()?;
    Ok(written)
}

fn tell(stream: &capture::Stream, out: &Path, format: Format) -> Result<Exit> {
    let trace = read_file(out, &out.display().to_string()).into_diagnostic()?;
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
    let printed = match format {
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
    };
    printed.wrap_err_with(|| format!("the trace is kept in {}", out.display()))?;
    Ok(Exit::Success)
}
