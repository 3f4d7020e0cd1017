//! Privileged acts.

use serde::{Deserialize, Serialize};

/// A privileged act, done or refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRecord<'a> {
    /// When, in nanoseconds of the guest's own clock.
    pub time_ns: u64,
    /// The process that acted or, of a start, the one that was started.
    pub pid: u32,
    /// The act, such as `login`, `bundle` or `spawn`.
    pub event: &'a str,
    /// Whom or what it was about.
    pub subject: &'a str,
    /// The outcome.
    pub outcome: AuditOutcome,
}

/// The outcome of a privileged act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuditOutcome {
    /// It was done.
    Ok,
    /// It was refused.
    Denied,
    /// It could not be decided, for want of something.
    Unavailable,
    /// It was tried and went wrong.
    Failed,
}
