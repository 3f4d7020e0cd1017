//! Privileged acts, for the trace: who logged in, what a broker gave, who was started
//! with a capability for measuring.
//!
//! Records wait here until the trace is drained anyway, so that no act is measured
//! with the sending of its record; they carry their own time. A full book is sent at
//! once: nothing is lost. Without feature `measure` nothing is kept.

use crate::process::Pid;
use alloc::string::String;
use kernel_core::password::Check;

#[cfg(feature = "measure")]
use super::MEASURE;
#[cfg(feature = "measure")]
use alloc::vec::Vec;
#[cfg(feature = "measure")]
use kernel_measure::control::{AuditOutcome, AuditRecord, Message};

/// Records that wait.
#[cfg(feature = "measure")]
const CAPACITY: usize = 512;

/// A privileged act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Somebody asked for a session.
    Login,
    /// A session was ended.
    Logout,
    /// A session asked for its bundle.
    Bundle,
    /// A password was checked or set.
    Password,
    /// A program was started with a capability for measuring.
    Spawn,
}

/// The outcome of a privileged act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Ok,
    /// It was refused.
    Denied,
    /// It could not be decided.
    Unavailable,
}

impl Outcome {
    /// Of a password's check.
    pub fn of_check(check: Check) -> Self {
        match check {
            Check::Right => Self::Ok,
            Check::Wrong => Self::Denied,
            Check::Unavailable => Self::Unavailable,
        }
    }
}

/// The records that wait.
#[derive(Debug, Default)]
pub struct Audit {
    #[cfg(feature = "measure")]
    records: Vec<Record>,
}

#[cfg(feature = "measure")]
#[derive(Debug)]
struct Record {
    time: u64,
    pid: Pid,
    event: Event,
    outcome: Outcome,
    subject: String,
}

#[cfg(feature = "measure")]
impl Audit {
    /// Keeps a record. `pid` is the actor or, of a spawn, the process started;
    /// `now` the kernel's clock.
    pub fn record(
        &mut self,
        now: u64,
        pid: Pid,
        event: Event,
        outcome: Outcome,
        subject: impl FnOnce() -> String,
    ) {
        if self.records.len() == CAPACITY {
            self.tell();
        }
        self.records.push(Record {
            time: now,
            pid,
            event,
            outcome,
            subject: subject(),
        });
    }

    /// Sends what waits.
    pub fn tell(&mut self) {
        for record in self.records.drain(..) {
            let message = Message::AuditRecord(AuditRecord {
                time_ns: record.time,
                pid: record.pid.0,
                event: match record.event {
                    Event::Login => "login",
                    Event::Logout => "logout",
                    Event::Bundle => "bundle",
                    Event::Password => "password",
                    Event::Spawn => "spawn",
                },
                subject: &record.subject,
                outcome: match record.outcome {
                    Outcome::Ok => AuditOutcome::Ok,
                    Outcome::Denied => AuditOutcome::Denied,
                    Outcome::Unavailable => AuditOutcome::Unavailable,
                },
            });
            // A stream that is broken is known by its missing end.
            let _ = MEASURE.control(message);
        }
    }
}

#[cfg(not(feature = "measure"))]
impl Audit {
    /// Keeps nothing.
    pub fn record(&mut self, _: u64, _: Pid, _: Event, _: Outcome, _: impl FnOnce() -> String) {}

    /// Has nothing to report.
    pub fn tell(&mut self) {}
}
