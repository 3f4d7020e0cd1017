//! What the walker must know about each segment, as a flat table.

use trace_format::control::{ProbeKind, SegmentKind};
use trace_format::span::SEGMENT_LIMIT;

use crate::statements::Statements;

/// The declared segments, and what their probes cost.
#[derive(Debug)]
pub struct Facts(Box<[Fact]>);

#[derive(Clone, Copy, Debug)]
pub(super) struct Fact {
    pub(super) declared: bool,
    pub(super) kind: SegmentKind,
    /// [`NO_PARENT`] at the top.
    pub(super) parent: u16,
    parent_is_root: bool,
    pub(super) inner: u64,
    pub(super) outer: u64,
    pub(super) bound: u64,
}

const NO_PARENT: u16 = u16::MAX;

const UNKNOWN: Fact = Fact {
    declared: false,
    kind: SegmentKind::Span,
    parent: NO_PARENT,
    parent_is_root: false,
    inner: 0,
    outer: 0,
    bound: 0,
};

impl Facts {
    /// The segments as they were declared; no probe costs anything.
    pub fn uncalibrated(statements: &Statements) -> Self {
        let mut facts = vec![UNKNOWN; usize::from(SEGMENT_LIMIT)].into_boxed_slice();
        for (id, segment) in &statements.segments {
            let parent = segment
                .parent
                .and_then(|parent| statements.segments.get(&parent));
            facts[usize::from(*id)] = Fact {
                declared: true,
                kind: segment.kind,
                parent: segment.parent.unwrap_or(NO_PARENT),
                parent_is_root: parent.is_some_and(|p| p.kind == SegmentKind::Dispatch),
                ..UNKNOWN
            };
        }
        Self(facts)
    }

    /// The segments with what their probes cost on a CPU, by its calibration.
    pub fn calibrated(statements: &Statements, cpu: u16) -> Self {
        let mut facts = Self::uncalibrated(statements);
        for fact in facts.0.iter_mut().filter(|fact| fact.declared) {
            let probe = match fact.kind {
                SegmentKind::Span => ProbeKind::Span,
                SegmentKind::Lap => ProbeKind::Lap,
                SegmentKind::Dispatch => ProbeKind::Dispatch,
            };
            if let Some(cost) = statements.calibrations.get(&(cpu, probe)) {
                fact.inner = u64::from(cost.inner_ticks);
                fact.outer = u64::from(cost.outer_ticks);
                fact.bound = u64::from(cost.bound_ticks);
            }
        }
        facts
    }

    #[inline]
    pub(super) fn of(&self, segment: u16) -> &Fact {
        &self.0[usize::from(segment)]
    }

    /// Whether no other segment holds this one, as far as was declared.
    #[inline]
    pub(super) fn is_top(&self, segment: u16) -> bool {
        self.of(segment).parent == NO_PARENT
    }

    /// Whether a record of `child` may lie directly inside one of `parent`. Several
    /// kinds of root may share their segments.
    #[inline]
    pub(super) fn may_hold(&self, parent: u16, child: u16) -> bool {
        let child = self.of(child);
        child.parent == parent
            || child.parent_is_root && self.of(parent).kind == SegmentKind::Dispatch
    }
}
