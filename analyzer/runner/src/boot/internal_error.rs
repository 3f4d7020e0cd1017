//! KVM that gives up on a guest.
//!
//! QEMU then stops the machine and waits, for a debugger or for ever. It says so in
//! two places, and both are watched: a line in its log, which has the cause, and the
//! machine's state, which its monitor reports also where no such line is written (a
//! processor that KVM cannot enter, say). The monitor is QEMU's standard input and
//! output, so that it needs no path and ends with either side.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How the line in the log begins.
const INTERNAL_ERROR: &str = "KVM internal error";
/// The machine's state in the monitor's words.
const STOPPED: &str = "internal-error";
/// From the line to the kill: the registers are written behind it.
const DUMP: Duration = Duration::from_millis(200);
/// At one look, and of one line.
const MOST_BYTES: usize = 64 << 10;

/// Looks whether KVM still runs the guest.
pub(super) struct InternalErrors {
    log: Lines<File>,
    monitor: Monitor,
    first_line: Option<String>,
    /// The line, and when it was seen.
    seen: Option<(String, Instant)>,
}

impl InternalErrors {
    /// Of the emulator that writes `log` and has the other end of `monitor`.
    pub(super) fn new(log: &Path, monitor: UnixStream) -> io::Result<Self> {
        Ok(Self {
            log: Lines::new(File::open(log)?),
            monitor: Monitor::new(monitor)?,
            first_line: None,
            seen: None,
        })
    }

    /// What went wrong, once QEMU has written all it has to say of it.
    pub(super) fn look(&mut self) -> Option<String> {
        let stopped = self.monitor.has_stopped();
        // After the monitor: what the log says of a stop is written before it.
        for line in self.log.read() {
            if self.seen.is_none() && line.starts_with(INTERNAL_ERROR) {
                self.seen = Some((line.clone(), Instant::now()));
            }
            if self.first_line.is_none() && !line.trim().is_empty() {
                self.first_line = Some(line);
            }
        }
        match (&self.seen, stopped) {
            (Some((line, _)), true) => Some(line.clone()),
            (Some((line, since)), false) if since.elapsed() > DUMP => Some(line.clone()),
            (Some(_), false) | (None, false) => None,
            (None, true) => Some(match &self.first_line {
                Some(line) => format!("QEMU's machine is in state `{STOPPED}`: {line}"),
                None => format!("QEMU's machine is in state `{STOPPED}`"),
            }),
        }
    }
}

/// The two ends of a monitor: ours, and QEMU's as its standard input and output.
pub(super) fn monitor() -> io::Result<(UnixStream, Stdio, Stdio)> {
    let (ours, theirs) = UnixStream::pair()?;
    let output: OwnedFd = theirs.try_clone()?.into();
    Ok((ours, OwnedFd::from(theirs).into(), output.into()))
}

/// QEMU's monitor, in its machine protocol (QMP).
struct Monitor {
    requests: UnixStream,
    answers: Lines<UnixStream>,
}

impl Monitor {
    fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        let mut monitor = Self {
            requests: stream.try_clone()?,
            answers: Lines::new(stream),
        };
        // Events come from here on; the state is for what happened before.
        monitor.ask("qmp_capabilities");
        monitor.ask("query-status");
        Ok(monitor)
    }

    /// An emulator that ended cannot be asked, and need not be.
    fn ask(&mut self, command: &str) {
        let request = json!({ "execute": command });
        let _ = writeln!(self.requests, "{request}");
    }

    fn has_stopped(&mut self) -> bool {
        let mut stopped = false;
        for line in self.answers.read() {
            let answer: Value = serde_json::from_str(&line).unwrap_or_default();
            stopped |= answer["return"]["status"] == STOPPED;
            if answer["event"] == "STOP" {
                self.ask("query-status");
            }
        }
        stopped
    }
}

/// Whole lines of something that is still written.
struct Lines<R> {
    source: R,
    unfinished: Vec<u8>,
}

impl<R: Read> Lines<R> {
    fn new(source: R) -> Self {
        Self {
            source,
            unfinished: Vec::new(),
        }
    }

    /// Those that ended since the last look. What has no end for too long is no line.
    fn read(&mut self) -> Vec<String> {
        let mut bytes = [0; 4096];
        let mut lines = Vec::new();
        let mut read = 0;
        while read < MOST_BYTES {
            let length = match self.source.read(&mut bytes) {
                Ok(0) => break,
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => break,
            };
            read += length;
            for part in bytes[..length].split_inclusive(|&byte| byte == b'\n') {
                self.unfinished.extend(part);
                if let Some(line) = self.unfinished.strip_suffix(b"\n") {
                    lines.push(String::from_utf8_lossy(line).trim_end().to_owned());
                    self.unfinished.clear();
                }
            }
            if self.unfinished.len() > MOST_BYTES {
                self.unfinished.clear();
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_and_once_however_they_are_cut() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let mut written = File::create(&path).unwrap();
        let mut lines = Lines::new(File::open(&path).unwrap());
        written.write_all(b"one\ntw").unwrap();
        assert_eq!(lines.read(), ["one"]);
        assert!(lines.read().is_empty());
        written.write_all(b"o\n\nthree").unwrap();
        assert_eq!(lines.read(), ["two", ""]);
    }

    #[test]
    fn a_line_without_end_costs_no_memory_and_not_the_next() {
        let mut endless = vec![b'x'; 3 * MOST_BYTES];
        endless.extend(b"\nnext\n");
        let mut lines = Lines::new(endless.as_slice());
        let mut all = Vec::new();
        for _ in 0..5 {
            all.extend(lines.read());
            assert!(lines.unfinished.len() <= MOST_BYTES);
        }
        assert_eq!(all.last().unwrap(), "next");
    }
}
