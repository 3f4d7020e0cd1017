//! The probes of a build without feature `segments`: the same names and
//! arguments, no size and no code.

use crate::ids::SegmentId;
use crate::{DispatchInfo, Outcome};
use core::marker::PhantomData;

/// A piece of kernel path; not recorded in this build.
#[must_use = "a span is recorded when it ends"]
pub struct Span<'m>(PhantomData<&'m ()>);

impl Span<'_> {
    /// Ends the span.
    #[inline(always)]
    pub fn end(self) {}
}

/// Consecutive segments; not recorded in this build.
#[must_use = "a lap records a segment at each mark"]
pub struct Lap<'m>(PhantomData<&'m ()>);

impl Lap<'_> {
    #[inline(always)]
    pub(crate) fn begin() -> Self {
        Lap(PhantomData)
    }

    /// Ends a segment here and begins the next one.
    #[inline(always)]
    pub fn mark(&mut self, _segment: SegmentId) {}
}

/// One on-CPU stretch of one submission's processing; not recorded in this
/// build.
#[must_use = "a dispatch is recorded when it ends"]
pub struct Dispatch<'m>(PhantomData<&'m ()>);

impl<'m> Dispatch<'m> {
    #[inline(always)]
    pub(crate) fn begin(_segment: SegmentId) -> Self {
        Dispatch(PhantomData)
    }

    /// Ends a segment here and begins the next one.
    #[inline(always)]
    pub fn lap(&mut self, _segment: SegmentId) {}

    /// Begins a span inside the current segment.
    #[inline(always)]
    pub fn span(&self, segment: SegmentId) -> Span<'m> {
        Span::begin(segment)
    }

    /// Ends the dispatch at its last boundary.
    ///
    /// Built with `--cfg capbench_one_live_probe`, this one probe is left
    /// alive, so that the proof that the others are absent can be seen to fail.
    #[inline(always)]
    pub fn end(self, _info: DispatchInfo, _outcome: Outcome) {
        #[cfg(capbench_one_live_probe)]
        // SAFETY: reading the time-stamp counter has no precondition.
        let _ = unsafe { core::arch::x86_64::_rdtsc() };
    }
}

impl Span<'_> {
    #[inline(always)]
    pub(crate) fn begin(_segment: SegmentId) -> Self {
        Span(PhantomData)
    }
}
