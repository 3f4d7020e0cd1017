//! The command as a child: its status, words, time and memory.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use capbench_tests::command::executable;
use capbench_tests::source_copy::repository;

use crate::case::Output;

pub const TIME_LIMIT: Duration = Duration::from_secs(20);
pub const MEMORY_LIMIT_BYTES: u64 = 256 << 20;
/// How often a child's end is looked for.
const PACE: Duration = Duration::from_millis(3);

pub struct Ended {
    /// None where a signal ended it.
    pub status: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: String,
    pub time: Duration,
    pub memory_bytes: u64,
}

/// Runs it to its end, or kills it at the time limit.
pub fn run(arguments: &[String], output: Output, place: &Path) -> Ended {
    let (stdout, stderr) = (place.join("stdout"), place.join("stderr"));
    let to = match output {
        Output::Kept => Stdio::from(File::create(&stdout).unwrap()),
        Output::Full => Stdio::from(File::options().write(true).open("/dev/full").unwrap()),
        Output::ReaderGone => {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            Stdio::from(writer)
        }
    };
    let mut command = Command::new(executable());
    command
        .args(arguments)
        .current_dir(repository())
        .env("NO_COLOR", "1")
        .env("COLUMNS", "200")
        .stdin(Stdio::null())
        .stdout(to)
        .stderr(File::create(&stderr).unwrap());
    let started = Instant::now();
    let child = command.spawn().unwrap();
    let (status, memory_bytes) = wait(child.id(), started);
    Ended {
        status,
        stdout: fs::read(&stdout).unwrap_or_default(),
        stderr: String::from_utf8_lossy(&fs::read(&stderr).unwrap()).into_owned(),
        time: started.elapsed(),
        memory_bytes,
    }
}

/// Waits with the child's own account, which the standard library does not keep.
fn wait(process: u32, started: Instant) -> (Option<i32>, u64) {
    let process = libc::pid_t::try_from(process).unwrap();
    let mut status = 0;
    // SAFETY: all-zero bytes are a value of this plain structure of numbers.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both pointers are to values that live through the call; nobody else
        // waits for this child.
        let found = unsafe { libc::wait4(process, &mut status, libc::WNOHANG, &mut usage) };
        assert!(found >= 0, "the child is ours");
        if found > 0 {
            break;
        }
        if started.elapsed() > TIME_LIMIT {
            // SAFETY: the child was not waited for yet, so the number is still its own.
            unsafe { libc::kill(process, libc::SIGKILL) };
        }
        std::thread::sleep(PACE);
    }
    let exited = libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status));
    (exited, usage.ru_maxrss.unsigned_abs() * 1024)
}
