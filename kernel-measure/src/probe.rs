//! Spans, laps and dispatches: the probes a kernel path carries.
//!
//! Promise: a record of where a piece of kernel path began and how long it
//! took, in time-stamp counter ticks. Records of one context come out in the
//! order their probes ended.
//!
//! Cost: two counter reads for a span, one for each boundary of a lap or
//! dispatch, and per record the stores of a ring commit, which hide in the
//! shadow of the next read on real processors. The figures of the machine at
//! hand are measured when recording starts and sent along.
//!
//! Context: any. A probe borrows the handle of its context and stays on its
//! CPU. None is held across a context switch: a dispatch that blocks ends
//! before it, with [`Outcome::Pending`], and its completion is a dispatch of
//! its own with the same flow.
//!
//! Loss: a full ring drops or overwrites whole records and counts them. A
//! probe that is dropped without `end` stays open in the accounts.

use crate::clock;
use crate::ids::SegmentId;
use crate::ring::Ring;
use crate::sync::Slot;
use crate::{DispatchInfo, Outcome};
use trace_format::span::packed;

/// A piece of kernel path with two time stamps of its own.
#[must_use = "a span is recorded when it ends"]
pub struct Span<'m> {
    ring: &'m Ring,
    start: u64,
    segment: SegmentId,
}

impl<'m> Span<'m> {
    #[inline(always)]
    pub(crate) fn begin(ring: &'m Ring, segment: SegmentId) -> Self {
        // Counted before the clock is read: the count belongs to the parent.
        ring.begin();
        Span {
            ring,
            segment,
            start: clock::read(),
        }
    }

    /// Ends the span and records it.
    #[inline(always)]
    pub fn end(self) {
        let end = clock::read();
        let slot = packed::span(self.start, end, self.segment.get());
        self.ring.commit(Slot(slot));
    }
}

/// Consecutive segments that share their boundaries: n of them take n + 1
/// counter reads.
#[must_use = "a lap records a segment at each mark"]
pub struct Lap<'m> {
    ring: &'m Ring,
    boundary: u64,
}

impl<'m> Lap<'m> {
    #[inline(always)]
    pub(crate) fn begin(ring: &'m Ring) -> Self {
        Lap {
            ring,
            boundary: clock::read(),
        }
    }

    /// Ends a segment here and begins the next one.
    #[inline(always)]
    pub fn mark(&mut self, segment: SegmentId) {
        self.boundary = mark(self.ring, self.boundary, segment);
    }
}

/// Records the segment from `start` to now. Returns now.
#[inline(always)]
fn mark(ring: &Ring, start: u64, segment: SegmentId) -> u64 {
    let end = clock::read();
    // Begun and committed at once, yet by different counts, so that a commit
    // that goes missing shows.
    ring.begin();
    // For a test of those who check on us: a lap of one tick too many.
    let told = end + u64::from(cfg!(capbench_miscounting_lap));
    ring.commit(Slot(packed::span(start, told, segment.get())));
    end
}

/// One on-CPU stretch of one submission's processing: the root of a tree of
/// spans. It is itself a sequence of laps, begins at its first boundary and
/// ends at its last one, so that ending it reads no clock.
#[must_use = "a dispatch is recorded when it ends"]
pub struct Dispatch<'m> {
    ring: &'m Ring,
    start: u64,
    boundary: u64,
    /// Records begun in this context when the dispatch began, itself included.
    begun: u64,
    segment: SegmentId,
}

impl<'m> Dispatch<'m> {
    #[inline(always)]
    pub(crate) fn begin(ring: &'m Ring, segment: SegmentId) -> Self {
        ring.begin();
        let begun = ring.begun();
        let start = clock::read();
        Dispatch {
            ring,
            start,
            boundary: start,
            begun,
            segment,
        }
    }

    /// Ends a segment here and begins the next one.
    #[inline(always)]
    pub fn lap(&mut self, segment: SegmentId) {
        self.boundary = mark(self.ring, self.boundary, segment);
    }

    /// Begins a span inside the current segment.
    #[inline(always)]
    pub fn span(&self, segment: SegmentId) -> Span<'m> {
        Span::begin(self.ring, segment)
    }

    /// Ends the dispatch at its last boundary and records it. What ran after
    /// that boundary belongs to whatever encloses the dispatch.
    #[inline(always)]
    pub fn end(self, info: DispatchInfo, outcome: Outcome) {
        let inside = self.ring.begun().wrapping_sub(self.begun);
        let times = (self.start, self.boundary);
        let [first, second] = packed::root(times, self.segment.get(), inside, outcome, info);
        self.ring.commit_pair(Slot(first), Slot(second));
    }
}
