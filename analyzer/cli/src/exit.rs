//! Exit codes. Scripts rely on them: they never change their meaning.
//!
//! `docs/src/commands.md` holds the same table for people; a test keeps the two equal.

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
    /// A comparison found a regression.
    Regression = 3,
    /// A comparison could not tell.
    Inconclusive = 4,
    /// Stopped by the user; what had arrived is kept.
    Interrupted = capbench_runner::interrupt::EXIT_STATUS as isize,
}

impl Exit {
    /// Every way to end, in the order of its code.
    pub const ALL: [Self; 6] = [
        Self::Success,
        Self::Usage,
        Self::Unusable,
        Self::Regression,
        Self::Inconclusive,
        Self::Interrupted,
    ];

    /// What the code says, for every command.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Success => "done, and everything asked for may be used",
            Self::Usage => "not carried out: usage, definitions, files or host",
            Self::Unusable => "carried out, and something is failed, invalid, broken or different",
            Self::Regression => "a comparison found a regression",
            Self::Inconclusive => "a comparison could not tell",
            Self::Interrupted => "stopped by the user; what had arrived is kept",
        }
    }

    /// The codes as `capbench --help` ends with them.
    pub fn table() -> String {
        let lines = Self::ALL.map(|exit| format!("  {:>3}  {}", exit as u8, exit.meaning()));
        format!("Exit status:\n{}", lines.join("\n"))
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
