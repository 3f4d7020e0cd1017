//! Files that a run names, opened by one rule.
//!
//! A run may come from anywhere. What it names must lie inside its directory: a path
//! of plain names, no link on the way, a regular file at its end, and what is read
//! whole is of a bounded size. Opening never waits, whatever lies there.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use capbench_results::{brief, plain};
use miette::Diagnostic;
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;

/// Largest file that is read whole. The results of all suites together take a
/// hundredth of it.
pub const WHOLE_BYTES_MAX: u64 = 256 << 20;

/// Largest file that is opened. Kept streams and logs are compressed and a hundredth of
/// it; a hole of any length costs no space, but time to read.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// A file that a run names is not read.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("{}: {fault}", brief(name.display()))]
#[diagnostic(
    code(capbench::artifact::inside),
    help(
        "a run holds regular files of its own and nothing else: copy it again from where it \
         was made; `capbench verify` names the files that were changed"
    )
)]
pub struct NotInside {
    name: PathBuf,
    /// Why not.
    pub fault: Fault,
}

/// The fault of a file that a run names.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Absolute, or with `..`.
    #[error("its path leads out of the run")]
    LeadsOut,
    /// It, or a directory on the way, may be anywhere.
    #[error("it is, or lies behind, a link or something else that is no directory")]
    Link,
    /// A FIFO, say, or a device.
    #[error("it is no regular file")]
    NotRegular,
    /// More than is read.
    #[error("its {bytes} bytes are more than the {limit} that are read of it")]
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The most that is read.
        limit: u64,
    },
    /// The system's own words.
    #[error("{0}")]
    System(io::Error),
}

impl NotInside {
    /// Whether there is no such file.
    pub fn is_missing(&self) -> bool {
        matches!(&self.fault, Fault::System(error) if error.kind() == io::ErrorKind::NotFound)
    }
}

/// Opens the file `name` of the run in `directory`.
pub fn open(directory: &Path, name: &Path) -> Result<File, NotInside> {
    open_at_most(directory, name, FILE_BYTES_MAX)
}

/// The same of a file that may have so many bytes: what a run has not yet compressed.
pub fn open_at_most(directory: &Path, name: &Path, limit: u64) -> Result<File, NotInside> {
    open_up_to(directory, name, limit).map_err(|fault| NotInside {
        name: name.to_owned(),
        fault,
    })
}

/// The content of the file `name` of the run in `directory`.
pub fn read(directory: &Path, name: &Path) -> Result<Vec<u8>, NotInside> {
    open_up_to(directory, name, WHOLE_BYTES_MAX)
        .and_then(read_whole)
        .map_err(|fault| NotInside {
            name: name.to_owned(),
            fault,
        })
}

/// Whether a path of a record leads to a place inside, by names that can be shown.
pub fn is_plain_path(path: &Path) -> bool {
    let mut components = path.components().peekable();
    let shows_as_it_is = |text: &str| matches!(plain(text), Cow::Borrowed(_));
    components.peek().is_some()
        && path.to_str().is_some_and(shows_as_it_is)
        && components.all(|part| matches!(part, Component::Normal(_)))
}

fn open_up_to(directory: &Path, name: &Path, limit: u64) -> Result<File, Fault> {
    let parts: Option<Vec<_>> = name
        .components()
        .map(|part| match part {
            Component::Normal(part) => Some(part),
            _ => None,
        })
        .collect();
    let parts = parts.ok_or(Fault::LeadsOut)?;
    let (last, way) = parts.split_last().ok_or(Fault::LeadsOut)?;
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
    let found = file.metadata().map_err(Fault::System)?;
    match found.len() {
        _ if !found.is_file() => Err(Fault::NotRegular),
        bytes if bytes > limit => Err(Fault::TooLarge { bytes, limit }),
        _ => Ok(file),
    }
}

fn fault(error: Errno) -> Fault {
    match error {
        Errno::LOOP | Errno::NOTDIR => Fault::Link,
        // A socket.
        Errno::NXIO => Fault::NotRegular,
        error => Fault::System(error.into()),
    }
}

fn read_whole(file: File) -> Result<Vec<u8>, Fault> {
    let mut content = Vec::new();
    file.take(WHOLE_BYTES_MAX)
        .read_to_end(&mut content)
        .map_err(Fault::System)?;
    Ok(content)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use rustix::fs::{FileType, mknodat};

    use super::*;

    fn run() -> tempfile::TempDir {
        let run = tempfile::tempdir().unwrap();
        fs::create_dir(run.path().join("boots")).unwrap();
        fs::write(run.path().join("boots/x.log"), "said").unwrap();
        run
    }

    fn fault_of(run: &Path, name: &str) -> Fault {
        read(run, Path::new(name)).unwrap_err().fault
    }

    #[test]
    fn a_file_of_the_run_is_read_also_where_the_run_goes_by_a_link() {
        let run = run();
        let elsewhere = tempfile::tempdir().unwrap();
        let latest = elsewhere.path().join("latest");
        symlink(run.path(), &latest).unwrap();
        for directory in [run.path(), &latest] {
            assert_eq!(read(directory, Path::new("boots/x.log")).unwrap(), b"said");
        }
    }

    #[test]
    fn a_path_that_leaves_the_run_is_refused() {
        let run = run();
        for name in ["/etc/hostname", "../x", "boots/../../x", "."] {
            assert!(matches!(fault_of(run.path(), name), Fault::LeadsOut));
        }
    }

    #[test]
    fn a_link_is_refused_as_a_file_and_as_a_directory_on_the_way() {
        let run = run();
        symlink("/dev/zero", run.path().join("zero")).unwrap();
        symlink("boots", run.path().join("others")).unwrap();
        for name in ["zero", "others/x.log"] {
            assert!(matches!(fault_of(run.path(), name), Fault::Link), "{name}");
        }
    }

    #[test]
    fn what_is_no_regular_file_is_refused_without_waiting() {
        let run = run();
        let fifo = run.path().join("fifo");
        mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR, 0).unwrap();
        let _socket = UnixListener::bind(run.path().join("socket")).unwrap();
        for name in ["fifo", "socket", "boots"] {
            let fault = fault_of(run.path(), name);
            assert!(matches!(fault, Fault::NotRegular), "{name}: {fault}");
        }
    }

    #[test]
    fn a_file_larger_than_is_read_whole_is_refused() {
        let run = run();
        let file = File::create(run.path().join("large")).unwrap();
        file.set_len(WHOLE_BYTES_MAX + 1).unwrap();
        assert!(matches!(
            fault_of(run.path(), "large"),
            Fault::TooLarge { .. }
        ));
    }

    #[test]
    fn a_hole_of_a_terabyte_is_not_opened() {
        let run = run();
        let name = Path::new("boots/x.ktrace");
        let file = File::create(run.path().join(name)).unwrap();
        file.set_len(1 << 40).unwrap();
        let said = open(run.path(), name).unwrap_err().to_string();
        assert!(
            said.starts_with("boots/x.ktrace: its 1099511627776 bytes"),
            "{said}"
        );
    }

    #[test]
    fn a_log_that_is_not_yet_compressed_may_be_longer() {
        let run = run();
        let name = Path::new("boots/x.instructions.log");
        let file = File::create(run.path().join(name)).unwrap();
        file.set_len(2 << 30).unwrap();
        assert!(open(run.path(), name).is_err());
        assert!(open_at_most(run.path(), name, 16 << 30).is_ok());
    }

    #[test]
    fn paths_that_lead_out_or_steer_a_terminal_are_not_plain() {
        for bad in [
            "",
            ".",
            "..",
            "../x",
            "/x",
            "boots/../x",
            "a\u{1b}[2J",
            "a\u{202e}b",
        ] {
            assert!(!is_plain_path(Path::new(bad)), "{bad:?}");
        }
        for good in ["boots/x.console.log", "my sources/ö"] {
            assert!(is_plain_path(Path::new(good)), "{good}");
        }
    }
}
