//! A message and its reply through a pair of Unix stream sockets.

use super::echo::{Echo, Ends};
use super::{Failure, Primitive};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;

/// One socket pair, two threads.
pub fn open() -> Result<Box<dyn Primitive>, Failure> {
    let (here, there) = UnixStream::pair().map_err(Failure::of("socketpair"))?;
    Ok(Box::new(Echo::start(ends(here)?, ends(there)?)?))
}

fn ends(socket: UnixStream) -> Result<Ends, Failure> {
    let second = socket.try_clone().map_err(Failure::of("dup"))?;
    Ok(Ends {
        send: OwnedFd::from(socket),
        receive: second.into(),
    })
}
