//! A record in its place.

/// A record with its place in a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// TSC ticks at its start.
    pub start: u64,
    /// TSC ticks from start to end.
    pub duration: u64,
    /// Segment id.
    pub segment: u16,
    /// Records inside it, those inside of these included.
    pub inside: u32,
    /// Duration minus children.
    pub self_raw: u64,
    /// What of its self time is the probes' own cost.
    pub cost: u64,
    /// How far that figure may be off.
    pub bound: u64,
}

impl Node {
    /// TSC ticks at its end.
    pub fn end(&self) -> u64 {
        self.start + self.duration
    }

    /// Nothing was recorded inside it.
    pub fn leaf(&self) -> bool {
        self.inside == 0
    }

    /// Self time with the probes' cost taken out.
    pub fn self_corrected(&self) -> u64 {
        self.self_raw.saturating_sub(self.cost)
    }
}
