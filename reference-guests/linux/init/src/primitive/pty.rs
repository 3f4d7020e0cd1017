//! A pseudo-terminal: a program on the slave side, us as the terminal on the
//! master side. The line discipline is the kernel's own, with echo off.

use super::{Event, Failure, Primitive, expect, single};
use crate::sys::check;
use crate::watch::Watch;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd};

/// Written to the slave or typed at the master: 63 letters and a new line.
const LINE: [u8; 64] = {
    let mut line = [b'x'; 64];
    line[63] = b'\n';
    line
};

/// What the terminal shows of [`LINE`]: the new line returns the carriage.
const SHOWN_LENGTH: usize = LINE.len() + 1;

/// Lines that fit the terminal's buffer unread.
const LINES_MAX: u32 = 32;

struct Pty {
    master: File,
    slave: File,
}

impl Pty {
    fn open() -> Result<Pty, Failure> {
        // SAFETY: makes a descriptor.
        let master = check(unsafe { libc::posix_openpt(libc::O_RDWR | libc::O_NOCTTY) })
            .map_err(Failure::of("posix_openpt"))?;
        // SAFETY: it is new and nobody else's.
        let master = unsafe { File::from_raw_fd(master) };
        // SAFETY: concerns the terminal just opened.
        check(unsafe { libc::unlockpt(master.as_raw_fd()) }).map_err(Failure::of("unlockpt"))?;
        let flags = libc::O_RDWR | libc::O_NOCTTY;
        // SAFETY: makes a descriptor of the terminal's other side.
        let slave = check(unsafe { libc::ioctl(master.as_raw_fd(), libc::TIOCGPTPEER, flags) })
            .map_err(Failure::of("ioctl TIOCGPTPEER"))?;
        // SAFETY: it is new and nobody else's.
        let slave = unsafe { File::from_raw_fd(slave) };
        let pty = Pty { master, slave };
        pty.turn_echo_off().map_err(Failure::of("tcsetattr"))?;
        Ok(pty)
    }

    fn turn_echo_off(&self) -> io::Result<()> {
        let terminal = self.slave.as_raw_fd();
        // SAFETY: all zeros are valid, and the settings are written to.
        let mut settings: libc::termios = unsafe { std::mem::zeroed() };
        // SAFETY: the settings live through both calls.
        unsafe {
            check(libc::tcgetattr(terminal, &mut settings))?;
            settings.c_lflag &= !libc::ECHO;
            check(libc::tcsetattr(terminal, libc::TCSANOW, &settings))?;
        }
        Ok(())
    }
}

/// A program writes lines. The terminal reads them after the timed part.
pub struct PtyWrite(Pty);

impl PtyWrite {
    /// Opens a terminal.
    pub fn new(batch: u32) -> Result<PtyWrite, Failure> {
        if batch > LINES_MAX {
            return Err(Failure::Row(format!(
                "a batch of {batch} is more than {LINES_MAX} lines"
            )));
        }
        Pty::open().map(PtyWrite)
    }
}

impl Primitive for PtyWrite {
    fn batch(&mut self, operations: u32, watch: &mut Watch<'_>) -> Result<(), Failure> {
        let slave = &mut self.0.slave;
        let mut result = Ok(LINE.len());
        watch.time(|| {
            for _ in 0..operations {
                result = slave.write(&LINE);
                if !matches!(result, Ok(length) if length == LINE.len()) {
                    break;
                }
            }
        });
        let length = result.map_err(Failure::of("write to the slave"))?;
        expect(length == LINE.len(), || {
            format!("only {length} bytes were written")
        })?;
        let mut shown = vec![0; operations as usize * SHOWN_LENGTH];
        self.0
            .master
            .read_exact(&mut shown)
            .map_err(Failure::of("read from the master"))?;
        let lines_match = shown
            .chunks(SHOWN_LENGTH)
            .all(|shown| shown.strip_suffix(b"\r\n") == LINE.strip_suffix(b"\n"));
        expect(lines_match, || "the terminal shows something else".into())
    }

    fn events(&self, operations: u64, _batches: u64) -> Vec<(Event, u64)> {
        vec![(Event::Syscall(libc::SYS_write), operations)]
    }
}

/// A line is typed and a program reads it.
pub struct PtyReadline(Pty);

impl PtyReadline {
    /// Opens a terminal.
    pub fn new(batch: u32) -> Result<PtyReadline, Failure> {
        single(batch)?;
        Pty::open().map(PtyReadline)
    }
}

impl Primitive for PtyReadline {
    fn batch(&mut self, _operations: u32, watch: &mut Watch<'_>) -> Result<(), Failure> {
        let Pty { master, slave } = &mut self.0;
        let mut line = [0; 2 * LINE.len()];
        let mut result = Ok(0);
        watch.time(|| {
            result = master.write(&LINE).and_then(|_| slave.read(&mut line));
        });
        let length = result.map_err(Failure::of("type and read a line"))?;
        expect(line[..length] == LINE, || {
            "the line read is not the line typed".into()
        })
    }

    fn events(&self, operations: u64, _batches: u64) -> Vec<(Event, u64)> {
        vec![
            (Event::Syscall(libc::SYS_write), operations),
            (Event::Syscall(libc::SYS_read), operations),
        ]
    }
}
