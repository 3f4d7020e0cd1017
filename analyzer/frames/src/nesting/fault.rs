//! How records can fail to nest.

use trace_format::Span;

/// A record that does not nest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A record begins inside another one and ends outside of it.
    #[error(
        "a record begins inside another one and ends outside of it: check where the kernel's probes begin and end"
    )]
    Overlapping,
    /// A record lies inside one that is not its declared parent.
    #[error(
        "a record lies inside one that is not its declared parent: check the kernel's segment table"
    )]
    Misplaced,
    /// A record's segment was never declared.
    #[error("a record's segment was never declared: declare it before its first record")]
    Undeclared,
    /// A record ends before the one committed before it.
    #[error(
        "a record ends before the one committed before it: check that each context has a ring of its own"
    )]
    Backwards,
    /// A record ends before it starts. It is in no tree and no histogram.
    #[error("a record of segment {} ends before it starts: check that the clock never goes back", .0.segment)]
    Reversed(Span),
}

/// How many records failed to nest, by how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Records that begin inside another one and end outside of it.
    pub overlapping: u64,
    /// Records inside one that is not their declared parent.
    pub misplaced: u64,
    /// Records of segments that were never declared.
    pub undeclared: u64,
    /// Records that end before the one committed before them.
    pub backwards: u64,
    /// Records that end before they start. They are in no tree and no histogram.
    pub reversed: u64,
}

impl Faults {
    pub(crate) fn count(&mut self, fault: Fault) {
        *match fault {
            Fault::Overlapping => &mut self.overlapping,
            Fault::Misplaced => &mut self.misplaced,
            Fault::Undeclared => &mut self.undeclared,
            Fault::Backwards => &mut self.backwards,
            Fault::Reversed(_) => &mut self.reversed,
        } += 1;
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.overlapping += other.overlapping;
        self.misplaced += other.misplaced;
        self.undeclared += other.undeclared;
        self.backwards += other.backwards;
        self.reversed += other.reversed;
    }
}
