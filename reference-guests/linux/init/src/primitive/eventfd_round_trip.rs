//! A count through one eventfd, its reply through another.

use super::echo::{Echo, Ends};
use super::{Failure, Primitive};
use crate::sys::check;
use std::os::fd::{FromRawFd, OwnedFd};

/// Two eventfds, two threads.
pub fn open() -> Result<Box<dyn Primitive>, Failure> {
    let (there, back) = (eventfd()?, eventfd()?);
    let copy = |fd: &OwnedFd| fd.try_clone().map_err(Failure::of("dup"));
    let other = Ends {
        send: copy(&back)?,
        receive: copy(&there)?,
    };
    let ends = Ends {
        send: there,
        receive: back,
    };
    Ok(Box::new(Echo::start(ends, other)?))
}

fn eventfd() -> Result<OwnedFd, Failure> {
    // SAFETY: makes a descriptor.
    let fd =
        check(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC) }).map_err(Failure::of("eventfd"))?;
    // SAFETY: it is new and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
