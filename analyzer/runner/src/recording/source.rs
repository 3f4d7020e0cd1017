//! Where frames come from, read until it ends or the user stops.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::io::{Errno, ioctl_fionread};

use crate::interrupt::Interrupt;

/// The name of standard input.
const STANDARD_INPUT: &str = "-";
/// A signal that comes between a look at the flag and the wait is seen this much later.
const PATIENCE: Duration = Duration::from_millis(100);

/// Looks at a source without opening it: a FIFO's writer waits for that, and fails once
/// it was opened and closed again.
pub fn look(path: &Path) -> io::Result<Metadata> {
    let metadata = if path == Path::new(STANDARD_INPUT) {
        standard_input()?.metadata()?
    } else {
        fs::metadata(path)?
    };
    if metadata.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    Ok(metadata)
}

fn standard_input() -> io::Result<File> {
    Ok(io::stdin().as_fd().try_clone_to_owned()?.into())
}

/// A source that ends with the user's stop, if not before. What has arrived by then is
/// still read, so that nothing is lost that its sender got rid of.
pub struct Source<'a> {
    file: File,
    is_file: bool,
    interrupt: &'a Interrupt,
    /// Bytes that had arrived when the user stopped, less those read since.
    left: Option<u64>,
}

impl<'a> Source<'a> {
    /// Opens without waiting for a FIFO's writer or a terminal's carrier; reading does.
    pub fn open(path: &Path, interrupt: &'a Interrupt) -> io::Result<Self> {
        let file = if path == Path::new(STANDARD_INPUT) {
            standard_input()?
        } else {
            let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
            OpenOptions::new()
                .read(true)
                .custom_flags(flags.bits().cast_signed())
                .open(path)?
        };
        Ok(Self {
            is_file: file.metadata()?.is_file(),
            file,
            interrupt,
            left: None,
        })
    }

    /// Whether it was the user who ended it.
    pub fn is_stopped(&self) -> bool {
        self.left.is_some()
    }

    /// Waits a little. What is not there yet comes as an event, the end included.
    fn is_ready(&self) -> io::Result<bool> {
        let timeout = Timespec::try_from(PATIENCE).expect("a fraction of a second");
        let mut polled = [PollFd::new(&self.file, PollFlags::IN)];
        match poll(&mut polled, Some(&timeout)) {
            Ok(events) => Ok(events > 0),
            Err(Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// A file keeps what is not read, and what cannot say has nothing waiting.
    fn waiting(&self) -> u64 {
        if self.is_file {
            return 0;
        }
        ioctl_fionread(&self.file).unwrap_or(0)
    }
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.interrupt.is_raised() {
            if !self.is_ready()? {
                continue;
            }
            match self.file.read(buffer) {
                // Another reader was faster, or a signal came.
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                read => return read,
            }
        }
        let left = self.left.unwrap_or_else(|| self.waiting());
        self.left = Some(left);
        if left == 0 || !self.is_ready()? {
            return Ok(0);
        }
        let read = self.file.by_ref().take(left).read(buffer)?;
        self.left = Some(left - read as u64);
        Ok(read)
    }
}
