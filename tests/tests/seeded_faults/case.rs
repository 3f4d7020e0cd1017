//! One fault, the command that meets it, and how it must end.

use std::fmt;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use capbench_tests::command::executable;
use capbench_tests::source_copy::repository;

use crate::subject::Subject;

/// Longest that a command may take.
const SECONDS: u64 = 20;

/// Most memory that it may take, in KiB.
const RESIDENT_KIB: u64 = 256 * 1024;

/// How often a command's memory is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(4);

/// What must never be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Found {
    Panic,
    FalseHold,
    TooMuchMemory,
    TooLong,
    NoRemedy,
    AnotherStatus,
}

impl Found {
    pub const ALL: [Self; 6] = [
        Self::Panic,
        Self::FalseHold,
        Self::TooMuchMemory,
        Self::TooLong,
        Self::NoRemedy,
        Self::AnotherStatus,
    ];
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Panic => "panics",
            Self::FalseHold => "false holds",
            Self::TooMuchMemory => "over 256 MiB",
            Self::TooLong => "over 20 s",
            Self::NoRemedy => "without remedy",
            Self::AnotherStatus => "other than it was said to end",
        })
    }
}

/// How a command must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Not carried out, with a remedy.
    Refused,
    /// Carried out, and something is broken.
    Broken,
    /// Not carried out, or broken: never in order.
    NotInOrder,
    /// In order only if it prints just what it prints without the fault.
    InOrderIfTheSame,
    /// Whatever is told; only no panic and the limits.
    Anything,
}

/// What came of a case.
pub struct Outcome {
    pub found: Vec<Found>,
    /// The status, and the beginning of what was said.
    pub said: String,
}

type Prepare = Box<dyn Fn(&Path, &Subject) -> Vec<String> + Send + Sync>;

/// A fault from a seed.
pub struct Case {
    pub area: &'static str,
    pub fault: String,
    pub seed: u64,
    pub expected: Expected,
    /// Makes the fault in a directory; returns the command that meets it.
    pub prepare: Prepare,
    /// The same command without the fault, where the two are compared.
    pub sound: Option<Vec<String>>,
    /// A file that must not come to be.
    pub never_made: Option<&'static str>,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} (seed {}): {:?}",
            self.area, self.fault, self.seed, self.expected
        )
    }
}

impl Case {
    pub fn run(&self, subject: &Subject) -> Outcome {
        let directory = tempfile::tempdir().unwrap();
        let arguments = (self.prepare)(directory.path(), subject);
        let ended = Ended::of(&arguments, directory.path());
        let mut found = Vec::new();
        let is_panic = ended.status.is_none() && !ended.is_late || ended.status == Some(101);
        if is_panic || ended.error.contains("panicked at") {
            found.push(Found::Panic);
        }
        if ended.is_late {
            found.push(Found::TooLong);
        }
        if ended.resident_kib > RESIDENT_KIB {
            found.push(Found::TooMuchMemory);
        }
        if ended.status == Some(1) && !has_remedy(&ended.error) {
            found.push(Found::NoRemedy);
        }
        found.extend(self.judge(&ended));
        if self
            .never_made
            .is_some_and(|name| directory.path().join(name).exists())
        {
            found.push(Found::FalseHold);
        }
        let mut said: String = ended.error.chars().take(300).collect();
        said = format!(
            "status {:?}, {} KiB: {said}",
            ended.status, ended.resident_kib
        );
        Outcome { found, said }
    }

    fn judge(&self, ended: &Ended) -> Option<Found> {
        let status = ended.status?;
        match self.expected {
            Expected::Anything => None,
            Expected::InOrderIfTheSame if status == 0 => {
                let sound = Ended::of(self.sound.as_ref()?, repository());
                (sound.output != ended.output).then_some(Found::FalseHold)
            }
            Expected::InOrderIfTheSame => {
                (![1, 2].contains(&status)).then_some(Found::AnotherStatus)
            }
            _ if status == 0 => Some(Found::FalseHold),
            Expected::Refused => (status != 1).then_some(Found::AnotherStatus),
            Expected::Broken => (status != 2).then_some(Found::AnotherStatus),
            Expected::NotInOrder => (![1, 2].contains(&status)).then_some(Found::AnotherStatus),
        }
    }
}

fn has_remedy(error: &str) -> bool {
    ["help:", "--help", "Usage:"]
        .iter()
        .any(|word| error.contains(word))
}

/// A command that ended, by itself or not.
struct Ended {
    status: Option<i32>,
    output: Vec<u8>,
    error: String,
    is_late: bool,
    resident_kib: u64,
}

impl Ended {
    fn of(arguments: &[String], directory: &Path) -> Self {
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
        let mut output = child.stdout.take().unwrap();
        let mut error = child.stderr.take().unwrap();
        let (mut printed, mut said) = (Vec::new(), Vec::new());
        let (status, is_late, resident_kib) = thread::scope(|scope| {
            scope.spawn(|| output.read_to_end(&mut printed));
            scope.spawn(|| error.read_to_end(&mut said));
            supervised(&mut child)
        });
        Self {
            status,
            // Of the two sides of a comparison one lies elsewhere.
            output: without_places(&printed),
            error: String::from_utf8_lossy(&said).into_owned(),
            is_late,
            resident_kib,
        }
    }
}

/// Lines that name the file are left out.
fn without_places(printed: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(printed);
    let lines = text.lines().filter(|line| !line.contains(".ktrace"));
    lines
        .flat_map(|line| [line.as_bytes(), b"\n"].concat())
        .collect()
}

fn supervised(child: &mut Child) -> (Option<i32>, bool, u64) {
    let begun = Instant::now();
    let mut resident_kib = 0;
    loop {
        resident_kib = resident_kib.max(resident(child.id()));
        if let Some(status) = child.try_wait().unwrap() {
            return (status.code(), false, resident_kib);
        }
        if begun.elapsed() > Duration::from_secs(SECONDS) {
            child.kill().unwrap();
            child.wait().unwrap();
            return (None, true, resident_kib);
        }
        thread::sleep(LOOK_EVERY);
    }
}

/// The most that a process had in memory so far, as Linux counts it.
fn resident(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}
