//! What a stream says outside of its windows.

use capbench_results::plain;
use std::collections::{BTreeMap, BTreeSet};

use trace_format::Context;
use trace_format::control::{
    Calibration, EndOfStream, Message, ProbeKind, RingAccount, RingMode, SegmentKind,
};
use trace_format::span::SEGMENT_LIMIT;

use super::STATEMENTS_MAX;

/// Everything that control messages say, windows apart.
#[derive(Clone, Debug, Default)]
pub struct Statements {
    pub session: Option<Session>,
    pub has_two_sessions: bool,
    pub segments: BTreeMap<u16, Segment>,
    pub counters: BTreeMap<u16, Counter>,
    /// Program and process of each thread.
    threads: BTreeMap<u32, (u32, String)>,
    /// The fastest clock's rate; 0 is unknown.
    pub ticks_per_second: u64,
    pub calibrations: BTreeMap<(u16, ProbeKind), Calibration>,
    /// Proven denials: the process and the name.
    pub denials: Vec<(u32, String)>,
    /// Whether each processor's clock is certified to count instructions.
    pub clocks: BTreeMap<u16, bool>,
    /// Words of the kernel: names, units and the build.
    pub words: BTreeSet<String>,
    pub accounts: BTreeMap<(u16, Context), RingAccount>,
    pub end: Option<EndOfStream>,
}

/// The kernel that a stream is of.
#[derive(Clone, Debug)]
pub struct Session {
    pub features: Vec<String>,
    /// The build or the pass.
    pub variant: String,
    pub kernel: String,
    pub cpus: u16,
    /// Whether its rings keep the newest records and lose the oldest.
    pub overwrites: bool,
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

impl Statements {
    pub(super) fn take(&mut self, message: &Message, left_out: &mut u64) {
        for word in words(message) {
            if self.words.len() < STATEMENTS_MAX {
                self.words.insert(word.to_owned());
            }
        }
        match *message {
            // Only the first is believed; that there are two is a fault.
            Message::Session(_) if self.session.is_some() => self.has_two_sessions = true,
            Message::Session(session) => {
                let features = session.features.split(',').map(str::trim);
                self.session = Some(Session {
                    features: features
                        .filter(|feature| !feature.is_empty())
                        .map(|feature| plain(feature).into_owned())
                        .collect(),
                    variant: plain(session.variant).into_owned(),
                    kernel: plain(session.kernel).into_owned(),
                    cpus: session.cpus,
                    overwrites: session.ring_mode == RingMode::Overwrite,
                });
            }
            Message::SegmentDeclared(segment) if segment.id < SEGMENT_LIMIT => {
                let declared = Segment {
                    name: plain(segment.name).into_owned(),
                    parent: segment.parent,
                    kind: segment.kind,
                };
                self.segments.insert(segment.id, declared);
            }
            Message::SegmentDeclared(_) => *left_out += 1,
            Message::CounterDeclared(counter) => {
                let declared = Counter {
                    name: plain(counter.name).into_owned(),
                    unit: plain(counter.unit).into_owned(),
                };
                insert(&mut self.counters, counter.id, declared, left_out);
            }
            Message::ThreadDeclared(thread) => {
                let declared = (thread.pid, plain(thread.program).into_owned());
                insert(&mut self.threads, thread.tid, declared, left_out);
            }
            Message::ClockCertificate(clock) => {
                self.ticks_per_second = self.ticks_per_second.max(clock.tsc_hz);
                insert(
                    &mut self.clocks,
                    clock.cpu,
                    clock.counts_instructions,
                    left_out,
                );
            }
            Message::Calibration(cost) => {
                let probe = (cost.cpu, cost.probe);
                insert(&mut self.calibrations, probe, cost, left_out);
            }
            Message::DenialProven(denial) => {
                push(
                    &mut self.denials,
                    (denial.pid, plain(denial.name).into_owned()),
                    left_out,
                );
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

/// What a kernel says in words that are compiled into it.
fn words<'a>(message: &Message<'a>) -> Vec<&'a str> {
    match message {
        Message::Session(session) => vec![session.kernel, session.build_id],
        Message::SegmentDeclared(segment) => vec![segment.name],
        Message::InterfaceDeclared(interface) => vec![interface.name],
        Message::CounterDeclared(counter) => vec![counter.name, counter.unit],
        Message::InstantDeclared(instant) => vec![instant.name, instant.a, instant.b],
        _ => Vec::new(),
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
