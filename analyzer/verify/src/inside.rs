//! Files that a run names, opened by the rule that they lie inside of it.
//!
//! Written again here on purpose: what is checked may come from anywhere. A path of
//! plain names, no link on the way, a regular file at its end, of a stated size at
//! most. Opening never waits, whatever lies there.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path};

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;

/// Largest file that a run may have: as long as the longest stream that is read, which
/// is kept compressed. A hole of any length costs no space, but time to hash.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// Largest file that is read whole. The results of all suites together take a
/// hundredth of it.
const WHOLE_BYTES_MAX: u64 = 256 << 20;

/// A file that a run names is not read.
#[derive(Debug, thiserror::Error)]
pub enum NotInside {
    #[error("its path leads out of the run")]
    LeadsOut,
    #[error("it is a link, or lies behind one: copy the run with the files themselves")]
    Link,
    #[error("it is no regular file: remove it, a run has none of its kind")]
    NotRegular,
    #[error(
        "its {bytes} bytes are more than the {limit} that are read of it: copy the run again from \
         where it was made"
    )]
    TooLarge { bytes: u64, limit: u64 },
    #[error("{0}")]
    System(#[from] io::Error),
}

impl NotInside {
    /// Whether there is no such file.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::System(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

/// Whether a name is not one of a place inside.
pub fn leads_out(name: &str) -> bool {
    let mut parts = Path::new(name).components().peekable();
    parts.peek().is_none() || parts.any(|part| !matches!(part, Component::Normal(_)))
}

/// Opens the file `name` of the run in `directory`.
pub fn open(directory: &Path, name: &str) -> Result<File, NotInside> {
    open_up_to(directory, name, FILE_BYTES_MAX)
}

/// The content of the file `name` of the run in `directory`.
pub fn read(directory: &Path, name: &str) -> Result<Vec<u8>, NotInside> {
    let file = open_up_to(directory, name, WHOLE_BYTES_MAX)?;
    let mut content = Vec::new();
    file.take(WHOLE_BYTES_MAX).read_to_end(&mut content)?;
    Ok(content)
}

/// The same as text.
pub fn text(directory: &Path, name: &str) -> Result<String, NotInside> {
    let text = String::from_utf8(read(directory, name)?);
    text.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error).into())
}

fn open_up_to(directory: &Path, name: &str, limit: u64) -> Result<File, NotInside> {
    let parts: Option<Vec<_>> = Path::new(name)
        .components()
        .map(|part| match part {
            Component::Normal(part) => Some(part),
            _ => None,
        })
        .collect();
    let parts = parts.ok_or(NotInside::LeadsOut)?;
    let (last, way) = parts.split_last().ok_or(NotInside::LeadsOut)?;
    let to_directory = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    // The run itself may go by a link, as the latest one does.
    let mut at = openat(CWD, directory, to_directory, Mode::empty()).map_err(fault)?;
    for part in way {
        let flags = to_directory | OFlags::NOFOLLOW;
        at = openat(&at, *part, flags, Mode::empty()).map_err(fault)?;
    }
    // Without NONBLOCK a FIFO would wait for its writer.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW;
    let flags = flags | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(openat(&at, *last, flags, Mode::empty()).map_err(fault)?);
    let found = file.metadata()?;
    match found.len() {
        _ if !found.is_file() => Err(NotInside::NotRegular),
        bytes if bytes > limit => Err(NotInside::TooLarge { bytes, limit }),
        _ => Ok(file),
    }
}

fn fault(error: Errno) -> NotInside {
    match error {
        Errno::LOOP | Errno::NOTDIR => NotInside::Link,
        // A socket.
        Errno::NXIO => NotInside::NotRegular,
        error => NotInside::System(error.into()),
    }
}
