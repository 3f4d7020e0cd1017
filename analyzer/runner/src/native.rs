//! The Linux guest's program as an ordinary program of this host.
//!
//! Its numbers come from another kernel configuration, a real clock and a machine
//! that does other things too: they are context, never part of a ratio. Nothing is
//! widened for it: what the host's kernel does not allow is reported by the program
//! with the errno. It runs when all boots are over, so as not to compete with them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::boot::{Capture, Exit, Launch, Limits, Supervision, launch};
use crate::capture;
use crate::interrupt::Interrupt;

/// Long beside the few seconds that all primitives take, short beside a hang.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// Samples of a few thousand batches; far more is a program that runs wild.
const MOST_TRACE_BYTES: u64 = 256 << 20;

/// Names inside the directory of a native run.
mod names {
    pub(super) const ROWS: &str = "rows";
    pub(super) const RAW: &str = "native.trace";
    pub(super) const TRACE: &str = "native.ktrace";
    pub(super) const LOG: &str = "native.log";
}

/// What came of it. Paths are relative to the artifact once it is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NativeRun {
    /// How the program ended.
    pub exit: NativeExit,
    /// Its stream.
    pub capture: Capture,
    /// Its output.
    pub log: PathBuf,
}

/// How an ordinary program ended, distinguished from how a machine does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum NativeExit {
    /// Every row ran, or said what the kernel lacks.
    Clean,
    /// An oracle failed.
    OracleFailed,
    /// The user stopped it.
    Interrupted,
    /// Anything else, in words.
    Abnormal {
        /// The failure, in words.
        message: String,
    },
}

impl NativeExit {
    /// Exit statuses of the program, as its manual says.
    const ORACLE_FAILED: i32 = 2;

    fn of(exit: Exit) -> Self {
        match exit {
            Exit::Unexpected { status: 0, .. } => Self::Clean,
            Exit::Unexpected { status, .. } if status == Self::ORACLE_FAILED => Self::OracleFailed,
            Exit::Interrupted => Self::Interrupted,
            Exit::Unexpected { status, message } => Self::Abnormal {
                message: format!("the program exited with status {status}: {message}"),
            },
            Exit::Killed { signal, message } => Self::Abnormal {
                message: format!("the program was killed by signal {signal}: {message}"),
            },
            other => Self::Abnormal {
                message: other.to_string(),
            },
        }
    }
}

/// Runs `rows` (one per line) with `program` and keeps what arrives in `directory`.
/// Never fails: not starting is an ending too.
pub fn run(program: &Path, rows: &str, directory: &Path, interrupt: &Interrupt) -> NativeRun {
    match start(program, rows, directory, interrupt) {
        Ok(run) => run,
        Err(error) => NativeRun {
            exit: NativeExit::Abnormal {
                message: format!("{}: {error}", directory.display()),
            },
            capture: Capture::Absent,
            log: directory.join(names::LOG),
        },
    }
}

fn start(
    program: &Path,
    rows: &str,
    directory: &Path,
    interrupt: &Interrupt,
) -> io::Result<NativeRun> {
    fs::create_dir_all(directory)?;
    let file = |name: &str| directory.join(name);
    let (raw, log) = (file(names::RAW), file(names::LOG));
    fs::write(file(names::ROWS), rows)?;
    let argument = |name: &str, path: &Path| format!("{name}={}", path.display());
    let ended = launch(
        &Launch {
            program,
            arguments: &[
                "pass=samples".to_owned(),
                argument("rows", &file(names::ROWS)),
                argument("trace", &raw),
            ],
            log: &log,
            trace: &raw,
            limits: Limits {
                time: TIME_LIMIT,
                trace_bytes: MOST_TRACE_BYTES,
            },
            supervision: Supervision::Limits,
        },
        interrupt,
    );
    let capture = if raw.exists() {
        match capture::store(&raw, &file(names::TRACE)) {
            Ok(stream) => Capture::Stored(stream),
            Err(error) => Capture::Failed {
                raw,
                message: error.to_string(),
            },
        }
    } else {
        Capture::Absent
    };
    Ok(NativeRun {
        exit: NativeExit::of(ended.exit),
        capture,
        log,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn run_script(script: &str) -> NativeRun {
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("program");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let files = directory.path().join("native");
        run(&program, "a:b:1:1:1\n", &files, &Interrupt::default())
    }

    #[test]
    fn a_program_that_ends_well_leaves_its_stream() {
        let ran = run_script("printf frames > \"${3#trace=}\"");
        assert_eq!(ran.exit, NativeExit::Clean);
        assert!(matches!(ran.capture, Capture::Stored(_)), "{ran:?}");
    }

    #[test]
    fn a_failed_oracle_is_told_from_a_crash_and_from_nothing() {
        assert_eq!(run_script("exit 2").exit, NativeExit::OracleFailed);
        let crashed = run_script("echo no such row >&2; exit 1");
        let NativeExit::Abnormal { message } = crashed.exit else {
            panic!("{crashed:?}")
        };
        assert!(message.ends_with("status 1: no such row"), "{message}");
        assert_eq!(crashed.capture, Capture::Absent);
    }
}
