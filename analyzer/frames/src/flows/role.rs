//! What a record says about where the processor is.

use std::collections::BTreeMap;

use trace_format::control::SegmentKind;

use crate::statements::{IDLE, Segment, Statements};

/// Segments on the way into the kernel, by the names that every kernel gives them.
const WAYS_IN: [&str; 3] = ["entry", "fp_save", "interrupt"];

/// The last segment before a program goes on.
const WAY_OUT: &str = "fp_restore";

/// What a record at the top says about where the processor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    WayIn,
    WayOut,
    Dispatch,
    Idle,
    /// Part of whatever lies around it.
    Other,
}

impl Role {
    pub(super) fn is_stop(self) -> bool {
        self != Self::Other
    }
}

pub(super) struct Roles(BTreeMap<u16, Role>);

impl Roles {
    pub(super) fn new(statements: &Statements) -> Self {
        let role = |segment: &Segment| match segment.name.as_str() {
            _ if segment.kind == SegmentKind::Dispatch => Role::Dispatch,
            _ if segment.parent.is_some() => Role::Other,
            name if WAYS_IN.contains(&name) => Role::WayIn,
            WAY_OUT => Role::WayOut,
            IDLE => Role::Idle,
            _ => Role::Other,
        };
        let segments = statements.segments.iter();
        Self(segments.map(|(id, segment)| (*id, role(segment))).collect())
    }

    pub(super) fn of(&self, segment: u16) -> Role {
        self.0.get(&segment).copied().unwrap_or(Role::Other)
    }
}
