//! Exit codes. Scripts rely on them: they never change their meaning.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything asked for was done, and every result may be used.
    Success = 0,
    /// The command could not be carried out: usage, definitions, files, host.
    Usage = 1,
    /// It was carried out, and a result is failed or invalid.
    Unusable = 2,
    /// Stopped by the user; what had arrived is kept.
    Interrupted = capbench_runner::interrupt::EXIT_STATUS as isize,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
