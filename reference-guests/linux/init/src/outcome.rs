//! How a boot ended, as its exit status says it.

/// How a boot ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every oracle held.
    Passed,
    /// A row's oracle failed.
    OracleFailed,
    /// The program itself could not go on.
    Panicked,
}

impl Outcome {
    /// What is written to the `isa-debug-exit` device; QEMU exits with twice
    /// that and one: 33, 35 or 37.
    pub const fn debug_exit(self) -> u8 {
        match self {
            Outcome::Passed => 0x10,
            Outcome::OracleFailed => 0x11,
            Outcome::Panicked => 0x12,
        }
    }

    /// Exit status of the ordinary program.
    pub const fn status(self) -> u8 {
        match self {
            Outcome::Passed => 0,
            Outcome::OracleFailed => 2,
            Outcome::Panicked => 1,
        }
    }
}
