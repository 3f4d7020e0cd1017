//! What a stream says outside of its windows.

use std::collections::BTreeMap;

use trace_format::Context;
use trace_format::control::{
    AuthorityExercised, Calibration, EndOfStream, Message, ProbeKind, ProcessExited,
    ProcessFaulted, RingAccount, SegmentKind,
};
use trace_format::span::SEGMENT_LIMIT;

use super::STATEMENTS_MAX;

/// Everything that control messages say, windows apart.
#[derive(Clone, Debug, Default)]
pub struct Statements {
    pub session: Option<Session>,
    pub segments: BTreeMap<u16, Segment>,
    pub counters: BTreeMap<u16, Counter>,
    /// Program and process of each thread.
    threads: BTreeMap<u32, (u32, String)>,
    /// The fastest clock's rate; 0 is unknown.
    pub ticks_per_second: u64,
    pub calibrations: BTreeMap<(u16, ProbeKind), Calibration>,
    pub granted: Vec<Granted>,
    pub exercised: Vec<AuthorityExercised>,
    /// Names of proven denials.
    pub denials: Vec<String>,
    pub exits: Vec<ProcessExited>,
    pub faults: Vec<ProcessFaulted>,
    pub panic: Option<String>,
    pub refused: Vec<Refused>,
    pub accounts: BTreeMap<(u16, Context), RingAccount>,
    pub end: Option<EndOfStream>,
}

/// Who speaks.
#[derive(Clone, Debug)]
pub struct Session {
    pub features: Vec<String>,
    /// The build or the pass.
    pub variant: String,
}

/// A declared segment.
#[derive(Clone, Debug)]
pub struct Segment {
    pub name: String,
    pub parent: Option<u16>,
    pub kind: SegmentKind,
}

/// A declared counter.
#[derive(Clone, Debug)]
pub struct Counter {
    pub name: String,
    pub unit: String,
}

/// A capability that a process started with.
#[derive(Clone, Debug)]
pub struct Granted {
    pub pid: u32,
    pub name: String,
    pub interface: u64,
    pub source: String,
}

/// A window that the kernel refused.
#[derive(Clone, Debug)]
pub struct Refused {
    pub benchmark: String,
    pub needed: u32,
    pub capacity: u32,
}

impl Statements {
    pub(super) fn take(&mut self, message: &Message, left_out: &mut u64) {
        match *message {
            Message::Session(session) => {
                let features = session.features.split(',').map(str::trim);
                self.session = Some(Session {
                    features: features
                        .filter(|feature| !feature.is_empty())
                        .map(str::to_owned)
                        .collect(),
                    variant: session.variant.to_owned(),
                });
            }
            Message::SegmentDeclared(segment) if segment.id < SEGMENT_LIMIT => {
                let declared = Segment {
                    name: segment.name.to_owned(),
                    parent: segment.parent,
                    kind: segment.kind,
                };
                self.segments.insert(segment.id, declared);
            }
            Message::SegmentDeclared(_) => *left_out += 1,
            Message::CounterDeclared(counter) => {
                let declared = Counter {
                    name: counter.name.to_owned(),
                    unit: counter.unit.to_owned(),
                };
                insert(&mut self.counters, counter.id, declared, left_out);
            }
            Message::ThreadDeclared(thread) => {
                let declared = (thread.pid, thread.program.to_owned());
                insert(&mut self.threads, thread.tid, declared, left_out);
            }
            Message::ClockCertificate(clock) => {
                self.ticks_per_second = self.ticks_per_second.max(clock.tsc_hz);
            }
            Message::Calibration(cost) => {
                let probe = (cost.cpu, cost.probe);
                insert(&mut self.calibrations, probe, cost, left_out);
            }
            Message::AuthorityGranted(granted) => {
                let granted = Granted {
                    pid: granted.pid,
                    name: granted.name.to_owned(),
                    interface: granted.interface,
                    source: granted.source.to_owned(),
                };
                push(&mut self.granted, granted, left_out);
            }
            Message::AuthorityExercised(used) => push(&mut self.exercised, used, left_out),
            Message::DenialProven(denial) => {
                push(&mut self.denials, denial.name.to_owned(), left_out);
            }
            Message::ProcessExited(exit) => push(&mut self.exits, exit, left_out),
            Message::ProcessFaulted(fault) => push(&mut self.faults, fault, left_out),
            Message::Panicked(panic) => {
                self.panic = Some(format!("{} at {}", panic.message, panic.location));
            }
            Message::WindowRefused(refused) => {
                let refused = Refused {
                    benchmark: refused.benchmark.to_owned(),
                    needed: refused.needed,
                    capacity: refused.capacity,
                };
                push(&mut self.refused, refused, left_out);
            }
            Message::RingAccount(account) => {
                let ring = (account.cpu, account.context);
                insert(&mut self.accounts, ring, account, left_out);
            }
            Message::EndOfStream(end) => self.end = Some(end),
            _ => {}
        }
    }

    /// The program that a process runs, as far as the stream says.
    pub fn program(&self, pid: u32) -> Option<&str> {
        let mut threads = self.threads.values();
        let thread = threads.find(|(of, _)| *of == pid);
        thread.map(|(_, program)| program.as_str())
    }
}

fn insert<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: V, left_out: &mut u64) {
    if map.len() < STATEMENTS_MAX || map.contains_key(&key) {
        map.insert(key, value);
    } else {
        *left_out += 1;
    }
}

fn push<T>(list: &mut Vec<T>, value: T, left_out: &mut u64) {
    if list.len() < STATEMENTS_MAX {
        list.push(value);
    } else {
        *left_out += 1;
    }
}
