//! A message through one pipe, its reply through another.

use super::echo::{Echo, Ends};
use super::{Failure, Primitive};

/// Two pipes, two threads.
pub fn open() -> Result<Box<dyn Primitive>, Failure> {
    let pipe = || std::io::pipe().map_err(Failure::of("pipe"));
    let (there, back) = (pipe()?, pipe()?);
    let ends = Ends {
        send: there.1.into(),
        receive: back.0.into(),
    };
    let other = Ends {
        send: back.1.into(),
        receive: there.0.into(),
    };
    Ok(Box::new(Echo::start(ends, other)?))
}
