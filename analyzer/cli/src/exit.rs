//! Exit codes. Scripts rely on them: they never change their meaning.
//!
//! `docs/src/commands.md` holds the same table for people; a test keeps the two equal.

use capbench_change::Ending;
use std::process::ExitCode;

/// The exit status of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything asked for was done, and every result may be used.
    Success = 0,
    /// The command could not be carried out: usage, definitions, files, host. Or it was,
    /// and standard output took none of it.
    Usage = 1,
    /// It was carried out, and a result is failed or invalid.
    Unusable = 2,
    /// A comparison found a regression.
    Regression = 3,
    /// A comparison was inconclusive.
    Inconclusive = 4,
    /// Stopped by the user; what had arrived is kept.
    Interrupted = capbench_runner::interrupt::EXIT_STATUS as isize,
    /// The reader of standard output went away. What a shell reports for a process
    /// that SIGPIPE ended.
    ReaderGone = 141,
}

impl Exit {
    /// Every way to end, in the order of its code.
    pub const ALL: [Self; 7] = [
        Self::Success,
        Self::Usage,
        Self::Unusable,
        Self::Regression,
        Self::Inconclusive,
        Self::Interrupted,
        Self::ReaderGone,
    ];

    /// The meaning of the code, for every command.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Success => "done, and everything asked for may be used",
            Self::Usage => {
                "not carried out: usage, definitions, files or host; or standard output is full"
            }
            Self::Unusable => "carried out, and something is failed, invalid, broken or different",
            Self::Regression => "a comparison found a regression",
            Self::Inconclusive => "a comparison was inconclusive",
            Self::Interrupted => "stopped by the user; what had arrived is kept",
            Self::ReaderGone => {
                "the reader of standard output went away; what is kept in files is whole"
            }
        }
    }

    /// The codes as `capbench --help` ends with them.
    pub fn table() -> String {
        let lines = Self::ALL.map(|exit| format!("  {:>3}  {}", exit as u8, exit.meaning()));
        format!("Exit status:\n{}", lines.join("\n"))
    }
}

impl From<Ending> for Exit {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Refused => Self::Unusable,
            Ending::Regression => Self::Regression,
            Ending::Inconclusive => Self::Inconclusive,
            Ending::Good => Self::Success,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
