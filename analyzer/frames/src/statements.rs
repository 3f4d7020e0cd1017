//! What a stream says about itself, kept after its bytes are gone.
//!
//! Promises bounded memory: a statement that is repeated replaces itself, and of
//! each kind at most [`LIMIT`] are kept; how many were left out is counted.

use crate::text::text;
use std::collections::BTreeMap;
use std::fmt::Display;
use trace_format::Context;
use trace_format::control::{
    Aggregation, AuditOutcome, AuthorityExercised, Calibration, ClockSource, EndOfStream, Message,
    ProbeKind, ProcessExited, ProcessFaulted, RingAccount, SegmentKind,
};
use trace_format::span::SEGMENT_LIMIT;

/// Most statements of one kind: six times what a stream of tier 1 has, where every
/// spawn is audited and every process ends. A real one keeps some 100 bytes here, so
/// that a kind takes 1.6 MB at most; a hostile one is no longer than a frame, 64 KiB,
/// which makes a GiB, and never more than its stream.
pub const LIMIT: usize = 1 << 14;

/// Waiting for an interrupt, where a kernel records it: while it lasts, the clock goes
/// on without instructions.
pub const IDLE: &str = "idle";

/// Everything outside of windows that control messages said.
#[derive(Clone, Debug, Default)]
pub struct Statements {
    /// The session of its kernel.
    pub session: Option<Session>,
    /// Segment ids.
    pub segments: BTreeMap<u16, Segment>,
    /// Interface indexes of dispatch roots: id and name.
    pub interfaces: BTreeMap<u8, (u64, String)>,
    /// Counter ids.
    pub counters: BTreeMap<u16, Counter>,
    /// Instant ids.
    pub instants: BTreeMap<u16, InstantKind>,
    /// Threads: process and program name.
    pub threads: BTreeMap<u32, (u32, String)>,
    /// Evidence about each CPU's clock.
    pub clocks: BTreeMap<u16, Clock>,
    /// Costs of the probes, by CPU and kind.
    pub calibrations: BTreeMap<(u16, ProbeKind), Calibration>,
    /// Capabilities that programs started with.
    pub granted: Vec<Granted>,
    /// Interfaces that processes used.
    pub exercised: Vec<AuthorityExercised>,
    /// Names of proven denials, by process.
    pub denials: Vec<(u32, String)>,
    /// Privileged acts.
    pub audit: Vec<Audited>,
    /// Processes that ended.
    pub exits: Vec<ProcessExited>,
    /// Processes that faulted.
    pub faults: Vec<ProcessFaulted>,
    /// The panic, in words.
    pub panic: Option<String>,
    /// Windows that were refused.
    pub refused: Vec<RefusedWindow>,
    /// Totals of the rings, by CPU and context.
    pub accounts: BTreeMap<(u16, Context), RingAccount>,
    /// The last message of a complete stream.
    pub end: Option<EndOfStream>,
    /// Statements that found no place.
    pub left_out: u64,
    /// Statements that contradict an earlier one or themselves, in words: the first.
    pub contradictions: Vec<String>,
    /// How many they are in all.
    pub contradiction_count: u64,
}

/// Statements of a list that a new one is compared with: a process says what it may do,
/// what it did and that it ends in a row.
const RECENT: usize = 256;

/// Contradictions kept in words.
const CONTRADICTIONS_KEPT: usize = 16;

/// The kernel that a stream is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Identifies the guest's build.
    pub build_id: String,
    /// Name of the kernel.
    pub kernel: String,
    /// `samples` or `segments`.
    pub variant: String,
    /// Build features that change what is measured.
    pub features: Vec<String>,
    /// CPUs that record.
    pub cpus: u16,
    /// Slots of each thread ring.
    pub ring_slots: u32,
    /// Whether a full ring keeps the newest records instead of the oldest.
    pub overwrites: bool,
}

/// A declared segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its name.
    pub name: String,
    /// The segment it nests in.
    pub parent: Option<u16>,
    /// Which probe records it.
    pub kind: SegmentKind,
}

/// A declared counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// Its name.
    pub name: String,
    /// Unit of its value.
    pub unit: String,
    /// How the values of several CPUs combine.
    pub aggregation: Aggregation,
}

/// A declared instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstantKind {
    /// Its name.
    pub name: String,
    /// Meaning of its first argument.
    pub a: String,
    /// Meaning of its second argument.
    pub b: String,
}

impl InstantKind {
    /// Whether it is a bucket of a histogram: how often values lay between two
    /// powers of two.
    pub fn is_bucket(&self) -> bool {
        self.a == "log2" && self.b == "count"
    }
}

/// What a CPU's clock is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Ticks per second; 0 is unknown.
    pub tsc_hz: u64,
    /// It runs at one rate in all power states.
    pub invariant: bool,
    /// Hypervisor signature; empty without one.
    pub hypervisor: String,
    /// Ticks were seen to count instructions exactly.
    pub counts_instructions: bool,
    /// Where the frequency comes from.
    pub source: ClockSource,
    /// Offset against CPU 0.
    pub offset_ticks: i64,
    /// The true offset lies within this distance.
    pub offset_bound_ticks: u64,
}

/// A capability that a program started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The process.
    pub pid: u32,
    /// Name of the grant.
    pub name: String,
    /// Interface id.
    pub interface: u64,
    /// Where it comes from.
    pub source: String,
}

/// A privileged act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    /// When, in nanoseconds of the guest's own clock.
    pub time_ns: u64,
    /// The process that acted or was started.
    pub pid: u32,
    /// The act.
    pub event: String,
    /// The subject of the act.
    pub subject: String,
    /// The outcome.
    pub outcome: AuditOutcome,
}

/// A window that the kernel refused to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedWindow {
    /// The benchmark.
    pub benchmark: String,
    /// Slots its record bound needs.
    pub needed: u32,
    /// Slots there are.
    pub capacity: u32,
}

impl Statements {
    /// Takes a message. Messages about windows are not for this place.
    pub fn take(&mut self, message: &Message) {
        match *message {
            Message::Session(session) => {
                if self.session.is_some() {
                    self.contradiction("a second session header".to_owned());
                    return;
                }
                let features = session.features.split(',').map(str::trim);
                self.session = Some(Session {
                    build_id: text(session.build_id),
                    kernel: text(session.kernel),
                    variant: text(session.variant),
                    features: features.filter(|f| !f.is_empty()).map(text).collect(),
                    cpus: session.cpus,
                    ring_slots: session.ring_slots,
                    overwrites: session.ring_mode == trace_format::control::RingMode::Overwrite,
                });
            }
            Message::SegmentDeclared(segment) if segment.id < SEGMENT_LIMIT => {
                let declared = Segment {
                    name: text(segment.name),
                    parent: segment.parent,
                    kind: segment.kind,
                };
                self.declare_segment(segment.id, declared);
            }
            Message::SegmentDeclared(_) => self.left_out += 1,
            Message::InterfaceDeclared(interface) => {
                let declared = (interface.id, text(interface.name));
                let known = self.interfaces.insert(interface.index, declared);
                self.once(known.is_some(), "interface", interface.index);
            }
            Message::CounterDeclared(counter) => {
                let declared = Counter {
                    name: text(counter.name),
                    unit: text(counter.unit),
                    aggregation: counter.aggregation,
                };
                self.once(
                    self.counters.contains_key(&counter.id),
                    "counter",
                    counter.id,
                );
                insert(&mut self.counters, counter.id, declared, &mut self.left_out);
            }
            Message::InstantDeclared(instant) => {
                let declared = InstantKind {
                    name: text(instant.name),
                    a: text(instant.a),
                    b: text(instant.b),
                };
                self.once(
                    self.instants.contains_key(&instant.id),
                    "instant",
                    instant.id,
                );
                insert(&mut self.instants, instant.id, declared, &mut self.left_out);
            }
            Message::ThreadDeclared(thread) => {
                let declared = (thread.pid, text(thread.program));
                self.once(self.threads.contains_key(&thread.tid), "thread", thread.tid);
                insert(&mut self.threads, thread.tid, declared, &mut self.left_out);
            }
            Message::ClockCertificate(clock) => {
                let certified = Clock {
                    tsc_hz: clock.tsc_hz,
                    invariant: clock.invariant,
                    hypervisor: text(clock.hypervisor),
                    counts_instructions: clock.counts_instructions,
                    source: clock.source,
                    offset_ticks: clock.offset_ticks,
                    offset_bound_ticks: clock.offset_bound_ticks,
                };
                self.once(
                    self.clocks.contains_key(&clock.cpu),
                    "the clock of cpu",
                    clock.cpu,
                );
                insert(&mut self.clocks, clock.cpu, certified, &mut self.left_out);
            }
            Message::Calibration(cost) => {
                let probe = (cost.cpu, cost.probe);
                let of = format_args!("{:?} probes on cpu {}", cost.probe, cost.cpu);
                self.once(self.calibrations.contains_key(&probe), "the cost of", of);
                insert(
                    &mut self.calibrations,
                    (cost.cpu, cost.probe),
                    cost,
                    &mut self.left_out,
                );
            }
            Message::AuthorityGranted(granted) => {
                let granted = Granted {
                    pid: granted.pid,
                    name: text(granted.name),
                    interface: granted.interface,
                    source: text(granted.source),
                };
                let of = format_args!("{} to process {}", granted.name, granted.pid);
                let is_same =
                    |known: &Granted| (known.pid, &known.name) == (granted.pid, &granted.name);
                self.once(
                    self.granted.iter().rev().take(RECENT).any(is_same),
                    "the grant of",
                    of,
                );
                push(&mut self.granted, granted, &mut self.left_out);
            }
            Message::AuthorityExercised(use_) => {
                let is_same = |known: &AuthorityExercised| {
                    (known.pid, known.interface) == (use_.pid, use_.interface)
                };
                let of = format_args!("{:#x} by process {}", use_.interface, use_.pid);
                self.once(
                    self.exercised.iter().rev().take(RECENT).any(is_same),
                    "use of interface",
                    of,
                );
                push(&mut self.exercised, use_, &mut self.left_out);
            }
            Message::DenialProven(denial) => {
                push(
                    &mut self.denials,
                    (denial.pid, text(denial.name)),
                    &mut self.left_out,
                );
            }
            Message::AuditRecord(record) => {
                let audited = Audited {
                    time_ns: record.time_ns,
                    pid: record.pid,
                    event: text(record.event),
                    subject: text(record.subject),
                    outcome: record.outcome,
                };
                push(&mut self.audit, audited, &mut self.left_out);
            }
            Message::ProcessExited(exit) => {
                let is_same = |known: &ProcessExited| known.pid == exit.pid;
                self.once(
                    self.exits.iter().rev().take(RECENT).any(is_same),
                    "the end of process",
                    exit.pid,
                );
                push(&mut self.exits, exit, &mut self.left_out);
            }
            Message::ProcessFaulted(fault) => push(&mut self.faults, fault, &mut self.left_out),
            Message::Panicked(panic) => {
                let told = format!("{} at {}", panic.message, panic.location);
                self.panic = Some(text(&told));
            }
            Message::WindowRefused(refused) => {
                let refused = RefusedWindow {
                    benchmark: text(refused.benchmark),
                    needed: refused.needed,
                    capacity: refused.capacity,
                };
                push(&mut self.refused, refused, &mut self.left_out);
            }
            Message::RingAccount(account) => {
                let ring = (account.cpu, account.context);
                let of = format_args!("cpu {} {:?}", account.cpu, account.context);
                self.once(self.accounts.contains_key(&ring), "the account of ring", of);
                insert(&mut self.accounts, ring, account, &mut self.left_out);
            }
            Message::EndOfStream(end) => {
                if self.end.is_some() {
                    self.contradiction("a second end of the stream".to_owned());
                    return;
                }
                self.end = Some(end);
            }
            Message::MetricDeclared(_)
            | Message::WindowBegun(_)
            | Message::WindowRing(_)
            | Message::WindowCounter(_)
            | Message::WindowEnded(_)
            | Message::Verdict(_) => {}
        }
    }

    /// Notes what is said a second time: everything here is said once in a stream, and
    /// of two, one is of something else.
    fn once(&mut self, is_known: bool, what: &str, which: impl Display) {
        if is_known {
            self.contradiction(format!("{what} {which} is declared twice"));
        }
    }

    /// A later declaration of one id takes the place of the earlier, and that there are
    /// two is noted.
    fn declare_segment(&mut self, id: u16, declared: Segment) {
        if declared.parent == Some(id) {
            self.contradiction(format!(
                "segment {id} ({}) is its own parent",
                declared.name
            ));
        }
        if let Some(known) = self.segments.get(&id) {
            let (known, declared) = (known.name.clone(), &declared.name);
            self.contradiction(format!(
                "segment {id} is declared twice, as {known} and as {declared}"
            ));
        }
        self.segments.insert(id, declared);
    }

    fn contradiction(&mut self, what: String) {
        self.contradiction_count += 1;
        if self.contradictions.len() < CONTRADICTIONS_KEPT {
            self.contradictions.push(what);
        }
    }

    /// Name of a process, as far as the stream states it.
    pub fn program(&self, pid: u32) -> Option<&str> {
        self.threads
            .values()
            .find(|(of, _)| *of == pid)
            .map(|(_, program)| program.as_str())
    }

    /// Name of a segment, declared or not.
    pub fn segment_name(&self, id: u16) -> String {
        self.segments
            .get(&id)
            .map_or_else(|| format!("segment {id}"), |s| s.name.clone())
    }

    /// The segment in which the processor waits, of a kernel that records it.
    pub fn idle_segment(&self) -> Option<u16> {
        let mut segments = self.segments.iter();
        let (id, _) = segments.find(|(_, segment)| segment.name == IDLE)?;
        Some(*id)
    }
}

fn insert<K: Ord, V>(map: &mut BTreeMap<K, V>, key: K, value: V, left_out: &mut u64) {
    if map.len() < LIMIT || map.contains_key(&key) {
        map.insert(key, value);
    } else {
        *left_out += 1;
    }
}

fn push<T>(list: &mut Vec<T>, value: T, left_out: &mut u64) {
    if list.len() < LIMIT {
        list.push(value);
    } else {
        *left_out += 1;
    }
}
