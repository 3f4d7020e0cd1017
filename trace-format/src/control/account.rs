//! Totals that must balance with what the host decodes.

use crate::Context;
use serde::{Deserialize, Serialize};

/// Life-time totals of one ring: `begun = committed + dropped + open`, and the
/// host decodes `committed − overwritten` records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RingAccount {
    /// CPU of the ring.
    pub cpu: u16,
    /// Its context.
    pub context: Context,
    /// Spans and roots begun, counted at their begin.
    pub begun: u64,
    /// Spans and roots committed, counted at their end.
    pub committed: u64,
    /// Spans and roots refused by a full ring.
    pub dropped: u64,
    /// Committed ones that were overwritten before they were drained.
    pub overwritten: u64,
    /// Begun and not ended.
    pub open: u64,
}

/// Last message of a complete stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndOfStream {
    /// Frames sent, the one with this message included.
    pub frames: u32,
    /// Samples sent.
    pub samples: u64,
    /// Instants sent.
    pub instants: u64,
    /// TSC ticks.
    pub time: u64,
}
