//! Steps of the kernel's paths that are segments.
//!
//! A segment's end is two things that belong together: the place where a test's
//! instructions go ([`inject`](crate::inject)), and the probe behind it. Whoever ends a
//! step here gets both. Probes that a build does not have cost it nothing; the ids are
//! made in `const` blocks, because a check at run time would be part of what is measured.

use crate::{inject, measure};
use kernel_measure::{Dispatch, SegmentId, Span};

/// Ends a dispatch's current step as this segment; the next one begins.
#[inline(always)]
pub fn lap<const SEGMENT: u16>(probe: &mut Dispatch<'_>) {
    inject::point::<SEGMENT>();
    probe.lap(const { SegmentId::new(SEGMENT) });
}

/// Begins a step that is a span of its own.
#[inline(always)]
pub fn span<const SEGMENT: u16>() -> SpanStep<SEGMENT> {
    SpanStep(measure::thread().span(const { SegmentId::new(SEGMENT) }))
}

/// A step that is a span of its own, under way.
pub struct SpanStep<const SEGMENT: u16>(Span<'static>);

impl<const SEGMENT: u16> SpanStep<SEGMENT> {
    /// Ends it.
    #[inline(always)]
    pub fn end(self) {
        inject::point::<SEGMENT>();
        self.0.end();
    }
}
