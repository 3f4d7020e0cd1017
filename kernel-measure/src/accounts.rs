//! What a ring does when it is full, and the accounts it keeps.

/// What a full ring gives up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The new record: the start of the run is kept.
    #[default]
    Discard,
    /// The oldest records: the tail of the run is kept, as a crash needs it.
    Overwrite,
}

/// Where the records of a ring went. At rest `begun` equals `committed` plus
/// `dropped`, and what the host decodes equals `committed` minus
/// `overwritten`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    /// Records begun; counted where a probe begins.
    pub begun: u64,
    /// Records written whole; counted where a probe ends.
    pub committed: u64,
    /// Records refused because the ring was full.
    pub dropped: u64,
    /// Committed records given up before they were read.
    pub overwritten: u64,
}

impl Accounts {
    /// Records begun and neither committed nor dropped: open spans.
    pub fn open(&self) -> u64 {
        self.begun
            .wrapping_sub(self.committed)
            .wrapping_sub(self.dropped)
    }
}
