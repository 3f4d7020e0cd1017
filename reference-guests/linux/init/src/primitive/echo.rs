//! Round trips of an 8-byte message between two threads, over any pair of file
//! descriptors: the reply is the message plus one.

use super::helper::Helper;
use super::{Event, Failure, Primitive, expect};
use crate::watch::Watch;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

const MESSAGE_LENGTH: isize = size_of::<u64>() as isize;

/// Ends the helper; no round trip counts that far.
const STOP: u64 = 1 << 62;

/// What one thread writes to and reads from.
pub struct Ends {
    /// Takes its messages.
    pub send: OwnedFd,
    /// Gives it the other's.
    pub receive: OwnedFd,
}

/// Two threads, the other one echoing.
pub struct Echo {
    ends: Ends,
    helper: Helper,
    message: u64,
}

impl Echo {
    /// Starts the echoing thread.
    pub fn start(ends: Ends, other: Ends) -> Result<Echo, Failure> {
        Ok(Echo {
            ends,
            helper: Helper::start(move || echo(&other))?,
            message: 0,
        })
    }
}

fn echo(ends: &Ends) {
    while let Ok(message) = receive(ends)
        && message < STOP
        && send(ends, message + 1).is_ok()
    {}
}

impl Primitive for Echo {
    fn batch(&mut self, operations: u32, watch: &mut Watch<'_>) -> Result<(), Failure> {
        let mut result = Ok(0);
        let mut wrong = 0;
        watch.time(|| {
            for _ in 0..operations {
                self.message += 1;
                result = send(&self.ends, self.message).and_then(|()| receive(&self.ends));
                let Ok(reply) = result else { break };
                wrong |= reply ^ (self.message + 1);
            }
        });
        result.map_err(Failure::of("round trip"))?;
        expect(wrong == 0, || "a reply was not its message plus one".into())
    }

    fn settle(&mut self) -> Result<(), Failure> {
        self.helper.settle()
    }

    fn events(&self, operations: u64, _batches: u64) -> Vec<(Event, u64)> {
        vec![
            (Event::Syscall(libc::SYS_write), 2 * operations),
            (Event::Syscall(libc::SYS_read), 2 * operations),
        ]
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        let _ = send(&self.ends, STOP);
        self.helper.join();
    }
}

#[inline(always)]
fn send(ends: &Ends, message: u64) -> io::Result<()> {
    let file = ends.send.as_raw_fd();
    // SAFETY: the message is as long as stated.
    whole(unsafe { libc::write(file, (&raw const message).cast(), size_of::<u64>()) })
}

#[inline(always)]
fn receive(ends: &Ends) -> io::Result<u64> {
    let mut message = 0_u64;
    let file = ends.receive.as_raw_fd();
    // SAFETY: the message is as long as stated.
    whole(unsafe { libc::read(file, (&raw mut message).cast(), size_of::<u64>()) })?;
    Ok(message)
}

#[inline(always)]
fn whole(length: isize) -> io::Result<()> {
    match length {
        MESSAGE_LENGTH => Ok(()),
        -1 => Err(io::Error::last_os_error()),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}
