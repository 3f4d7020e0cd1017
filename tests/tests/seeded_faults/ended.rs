//! A command that ended, by itself or not, and what it took.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use capbench_tests::command::executable;
use capbench_tests::source_copy::repository;

use crate::resources;

/// Longest that a command may take.
pub const SECONDS_MAX: u64 = 20;

/// Most bytes of an output that are looked at.
const OUTPUT_BYTES_MAX: u64 = 64 << 20;

/// How often a command is asked whether it ended.
const LOOK_EVERY: Duration = Duration::from_millis(4);

pub struct Ended {
    /// None where a signal ended it.
    pub status: Option<i32>,
    pub output: Vec<u8>,
    pub error: Vec<u8>,
    pub is_late: bool,
    /// Peak resident set, as the kernel accounts it.
    pub resident_kib: u64,
}

impl Ended {
    pub fn of(arguments: &[String], directory: &Path) -> Self {
        let mut command = Command::new(executable());
        command
            .args(arguments)
            .current_dir(repository())
            .env("NO_COLOR", "1")
            .env("COLUMNS", "200")
            .env("TMPDIR", directory)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let output = child.stdout.take().unwrap();
        let error = child.stderr.take().unwrap();
        let (mut printed, mut said) = (Vec::new(), Vec::new());
        let (status, is_late, resident_kib) = thread::scope(|scope| {
            scope.spawn(|| output.take(OUTPUT_BYTES_MAX).read_to_end(&mut printed));
            scope.spawn(|| error.take(OUTPUT_BYTES_MAX).read_to_end(&mut said));
            supervised(&mut child)
        });
        Self {
            status: status.code(),
            output: printed,
            error: said,
            is_late,
            resident_kib,
        }
    }
}

fn supervised(child: &mut Child) -> (ExitStatus, bool, u64) {
    let begun = Instant::now();
    let mut is_late = false;
    loop {
        if let Some((status, resident_kib)) = resources::ended(child) {
            return (ExitStatus::from_raw(status), is_late, resident_kib);
        }
        if !is_late && begun.elapsed() > Duration::from_secs(SECONDS_MAX) {
            is_late = true;
            child.kill().unwrap();
        }
        thread::sleep(LOOK_EVERY);
    }
}
