//! Children that exit with a status they were given, and waiting for them.

use super::{Failure, expect};
use crate::sys::check;
use std::process::ExitCode;

/// Name this program is started under to do nothing but exit.
pub const NAME: &str = "capbench-exit";

/// The status to exit with at once, where this process was started under
/// [`NAME`].
pub fn status() -> Option<ExitCode> {
    let mut arguments = std::env::args();
    if arguments.next().as_deref() != Some(NAME) {
        return None;
    }
    let status = arguments.next()?.parse::<u8>().ok()?;
    Some(ExitCode::from(status))
}

/// Waits for a child and returns what `waitpid` stored; −1 where it failed.
#[inline(always)]
pub fn wait(child: libc::pid_t) -> libc::c_int {
    let mut status = 0;
    // SAFETY: the status is written to.
    if unsafe { libc::waitpid(child, &mut status, 0) } == child {
        status
    } else {
        -1
    }
}

/// What `waitpid` stores for a child that exited with this status.
pub const fn exited_with(status: u8) -> libc::c_int {
    (status as libc::c_int) << 8
}

/// Judges what a batch of children left: the first call that failed, and the
/// bits in which statuses differed from those given.
pub fn judge(what: &'static str, result: libc::c_int, wrong: libc::c_int) -> Result<(), Failure> {
    check(result).map_err(Failure::of(what))?;
    expect(wrong == 0, || "a child did not exit with its status".into())
}
