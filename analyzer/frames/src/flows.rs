//! One sample as consecutive parts: who ran, in what, for how long; and what became
//! of each submission that blocked.
//!
//! Promises that the parts of a sample lie end to end from its start to its end, so
//! that they add up to the program's own clock, and that the self times inside a
//! part add up to the part. Nothing is stretched to make that so: a time between
//! two records that cannot both be followed has the kind `unattributed`.
//!
//! Between records the place is known by their order. After a way out of the kernel
//! a program runs, until a way in; between the two the kernel does, on the turn of
//! the thread that the last context switch named. A dispatch belongs to the thread
//! that it is for, also where it is done on another one's turn.
//!
//! Costs a second pass over the stream. Memory: the records of one sample, at most
//! [`records::RECORD_LIMIT`].

pub mod records;
mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use capbench_results::Unit;
use serde::Serialize;
use trace_format::control::SegmentKind;
use trace_format::{Dispatch, Outcome, Sample, SampleFlags};

use crate::load::Frames;
use crate::statements::Statements;
use crate::trace::Trace;
use crate::windows::Window;
use records::{Record, Records, RootRecord, gather};
pub use view::{Blocked, Flow, Share, Stretch};

/// Segments on the way into the kernel, by the names that every kernel gives them.
const WAYS_IN: [&str; 3] = ["entry", "fp_save", "interrupt"];
/// The last segment before a program goes on.
const WAY_OUT: &str = "fp_restore";
/// Waiting for an interrupt, where a kernel records it.
const IDLE: &str = "idle";
/// Copying a message between two processes: a dispatch that resumes with it brought
/// one.
const COPY: &str = "copy";

/// A sample cannot be shown in parts.
#[derive(Debug, thiserror::Error)]
pub enum StitchError {
    /// No such window.
    #[error("no row {row:?} in this trace; it has: {rows}")]
    NoRow {
        /// What was asked for.
        row: String,
        /// What there is.
        rows: String,
    },
    /// The guest was built without segment probes.
    #[error("no segments in this trace: its guest is the {variant:?} variant, not \"segments\"")]
    NoSegments {
        /// What it is.
        variant: String,
    },
    /// The row has no samples to choose from.
    #[error("row {row:?} has no samples")]
    NoSamples {
        /// The row.
        row: String,
    },
    /// No such sample.
    #[error("row {row:?} has samples 1 to {count}, and none with the number {number}")]
    NoSample {
        /// The row.
        row: String,
        /// How many it has.
        count: usize,
        /// What was asked for.
        number: usize,
    },
    /// Records of the window may be missing.
    #[error("the window of {row:?} is incomplete: {why}")]
    Incomplete {
        /// The row.
        row: String,
        /// What is missing.
        why: String,
    },
    /// Several processors recorded, and one sample's time is on more than one.
    #[error("the sample's records come from several processors; only one can be followed")]
    SeveralProcessors,
    /// Too many records.
    #[error("the sample holds more than {} records", records::RECORD_LIMIT)]
    TooLong,
    /// Two records overlap without nesting.
    #[error("two records overlap at tick {at} of the sample, so that its time cannot be divided")]
    Overlapping {
        /// Where, from the sample's start.
        at: u64,
    },
    /// The file does not read.
    #[error("the trace does not read: {0}")]
    Io(std::io::Error),
}

/// A change of the running thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switch {
    /// TSC ticks.
    pub time: u64,
    /// The thread that leaves.
    pub from: u32,
    /// The thread that comes.
    pub to: u32,
}

/// One sample in parts.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stitched {
    /// The file.
    pub source: String,
    /// The row.
    pub benchmark: String,
    /// What a tick is.
    pub unit: Unit,
    /// The sample.
    pub sample: Chosen,
    /// Threads that take part, by id.
    pub threads: BTreeMap<u32, Owner>,
    /// Its parts, end to end.
    pub parts: Vec<Part>,
    /// Ticks by process and kind, in the order of their first part.
    pub sums: Vec<Sum>,
    /// Submissions that the kernel worked on inside it.
    pub flows: Vec<Flow>,
    /// Sum of all parts: the sample's ticks.
    pub total: u64,
    /// Of them those that belong nowhere.
    pub unattributed: u64,
    /// Of them those in the kernel that no segment names, on a known turn or in a
    /// switch.
    pub unnamed: u64,
    /// Dispatches of which spans are missing.
    pub incomplete_dispatches: u64,
}

/// Which sample it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Chosen {
    /// Its number in the window, from 1.
    pub number: usize,
    /// Samples of the window.
    pub of: usize,
    /// TSC ticks at its start.
    pub start: u64,
    /// What the program's own clock said.
    pub ticks: u64,
    /// Operations in it.
    pub operations: u32,
    /// It is the middle one of those that count.
    pub median: bool,
    /// It is cold or a warm-up, and does not count.
    pub unmeasured: bool,
}

/// Whose a thread is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Owner {
    /// Process, where the stream told it.
    pub pid: Option<u32>,
    /// Its program; empty where the stream did not tell it.
    pub program: String,
}

/// What a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A program runs.
    User,
    /// Into the kernel: registers and floating-point state are saved.
    Entry,
    /// A dispatch, by its segments.
    Dispatch,
    /// The kernel works for a thread outside of dispatches.
    Kernel,
    /// From the last work for one thread to the way out of another.
    Switch,
    /// A switch to the thread that the leaving one has just brought a message to.
    Handoff,
    /// Out of the kernel: floating-point state is restored.
    Exit,
    /// The processor waits.
    Idle,
    /// The records do not say.
    Unattributed,
}

/// A part of a sample: something that ran without anything else in between.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    /// Ticks from the sample's start.
    pub start: u64,
    /// Ticks it lasted.
    pub ticks: u64,
    /// Ticks outside of the segments inside.
    pub self_ticks: u64,
    /// What it is.
    pub kind: Kind,
    /// The thread it is for; none for a switch, for idling and where nobody knows.
    pub thread: Option<u32>,
    /// The thread whose turn it is, where the part is for another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn: Option<u32>,
    /// Threads that leave and come, of a switch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub switch: Option<(u32, u32)>,
    /// What was dispatched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dispatch: Option<Dispatched>,
    /// Segments inside, each before what lies in it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inside: Vec<Inside>,
}

/// What was dispatched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dispatched {
    /// Flow of the submission.
    pub flow: u32,
    /// Its opcode.
    pub opcode: u8,
    /// The capability's interface, where one was looked up and declared.
    pub interface: Option<String>,
    /// The interface's method.
    pub method: u16,
    /// Result in the completion; 0 while it is pending.
    pub result: i32,
    /// How it began and ended.
    pub outcome: OutcomeWord,
    /// No span of it is missing.
    pub whole: bool,
}

/// [`Outcome`] in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)] // as in `Outcome`
pub enum OutcomeWord {
    Complete,
    Pending,
    Resumed,
    ResumedPending,
}

impl OutcomeWord {
    /// It began by a wake-up.
    pub fn resumes(self) -> bool {
        matches!(self, Self::Resumed | Self::ResumedPending)
    }

    /// It ended blocked.
    pub fn blocks(self) -> bool {
        matches!(self, Self::Pending | Self::ResumedPending)
    }
}

/// A segment in a part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inside {
    /// Its name.
    pub segment: String,
    /// How many segments of the part it lies in.
    pub depth: usize,
    /// Ticks from the sample's start.
    pub start: u64,
    /// Ticks it lasted.
    pub ticks: u64,
    /// Ticks outside of the segments inside of it, as recorded.
    pub self_ticks: u64,
}

/// What one process spent in parts of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sum {
    /// The process; none where the parts are no thread's.
    pub pid: Option<u32>,
    /// Its program.
    pub program: String,
    /// The kind.
    pub kind: Kind,
    /// How many parts.
    pub parts: u64,
    /// Their ticks.
    pub ticks: u64,
}

/// Shows a sample of a row in parts: the one with this number from 1, else the
/// middle one of those that count. `frames` are the stream that `trace` was read
/// from, from its start.
pub fn stitch<R: Read>(
    trace: &Trace,
    frames: Frames<R>,
    row: &str,
    number: Option<usize>,
) -> Result<Stitched, StitchError> {
    let window = window(trace, row)?;
    let chosen = choose(window, number)?;
    let (start, end) = (chosen.start, chosen.start.saturating_add(chosen.ticks));
    let statements = &trace.statements;
    let roles = Roles::new(statements);
    let records = gather(frames, (start, end), |segment| roles.of(segment).is_stop())?;
    let parts = parts((start, end), &records, window.tid, statements)?;

    let incomplete = |part: &&Part| part.dispatch.as_ref().is_some_and(|d| !d.whole);
    let unattributed = |part: &&Part| part.kind == Kind::Unattributed;
    let in_kernel =
        |part: &&Part| !matches!(part.kind, Kind::User | Kind::Idle | Kind::Unattributed);
    Ok(Stitched {
        source: trace.source.clone(),
        benchmark: window.benchmark.clone(),
        unit: unit(statements),
        sample: chosen,
        threads: owners(&parts, statements),
        sums: sums(&parts, statements),
        flows: view::flows(&parts),
        total: parts.iter().map(|part| part.ticks).sum(),
        unattributed: parts.iter().filter(unattributed).map(|p| p.ticks).sum(),
        unnamed: parts.iter().filter(in_kernel).map(|p| p.self_ticks).sum(),
        incomplete_dispatches: parts.iter().filter(incomplete).count() as u64,
        parts,
    })
}

/// The row's window, if all of it is there.
fn window<'a>(trace: &'a Trace, row: &str) -> Result<&'a Window, StitchError> {
    let Some(window) = trace.windows.iter().find(|w| w.benchmark == row) else {
        let rows: Vec<&str> = trace.windows.iter().map(|w| w.benchmark.as_str()).collect();
        return Err(StitchError::NoRow {
            row: row.to_owned(),
            rows: match rows.is_empty() {
                true => "no rows".to_owned(),
                false => rows.join(", "),
            },
        });
    };
    if trace.totals.records == 0 {
        let variant = trace.statements.session.as_ref();
        return Err(StitchError::NoSegments {
            variant: variant.map_or(String::new(), |session| session.variant.clone()),
        });
    }
    match missing(trace, window) {
        None => Ok(window),
        Some(why) => Err(StitchError::Incomplete {
            row: row.to_owned(),
            why,
        }),
    }
}

/// What of a window is missing.
fn missing(trace: &Trace, window: &Window) -> Option<String> {
    if window.ended.is_none() {
        return Some("it never ended".to_owned());
    }
    let dropped: u64 = window
        .rings
        .values()
        .filter_map(|ring| Some((ring.begin?.dropped, ring.end?.dropped)))
        .map(|(begin, end)| end.saturating_sub(begin))
        .sum();
    let lost = dropped.max(window.lost);
    if lost > 0 {
        return Some(format!("{lost} records were dropped or lost in it"));
    }
    // Where in the stream the damage is, nobody kept.
    let damage = &trace.damage;
    let damaged = damage.missing + damage.malformed + damage.archive;
    (damaged > 0 || damage.bytes > 0)
        .then(|| "parts of the stream are damaged or missing".to_owned())
}

fn choose(window: &Window, number: Option<usize>) -> Result<Chosen, StitchError> {
    let of = window.samples.len();
    let unmeasured =
        |sample: &Sample| (sample.flags).intersects(SampleFlags::COLD | SampleFlags::WARM_UP);
    let index = match number {
        Some(number) if (1..=of).contains(&number) => number - 1,
        Some(number) => {
            return Err(StitchError::NoSample {
                row: window.benchmark.clone(),
                count: of,
                number,
            });
        }
        None => middle(window, unmeasured).ok_or_else(|| StitchError::NoSamples {
            row: window.benchmark.clone(),
        })?,
    };
    let sample = &window.samples[index];
    Ok(Chosen {
        number: index + 1,
        of,
        start: sample.start,
        ticks: sample.ticks,
        operations: sample.operations,
        median: number.is_none(),
        unmeasured: unmeasured(sample),
    })
}

/// The first of the samples of the row's first metric that have the middle value,
/// the lower of two.
fn middle(window: &Window, unmeasured: impl Fn(&Sample) -> bool) -> Option<usize> {
    let samples = || window.samples.iter().enumerate();
    let all_unmeasured = window.samples.iter().all(&unmeasured);
    let metric = window.samples.iter().map(|sample| sample.metric).min()?;
    let mut order: Vec<(f64, usize)> = samples()
        .filter(|(_, s)| s.metric == metric && (all_unmeasured || !unmeasured(s)))
        .map(|(index, s)| (s.ticks as f64 / f64::from(s.operations.max(1)), index))
        .collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let value = order.get(order.len().checked_sub(1)? / 2)?.0;
    order.iter().find(|(v, _)| *v == value).map(|(_, i)| *i)
}

fn unit(statements: &Statements) -> Unit {
    let clocks = &statements.clocks;
    let counts = !clocks.is_empty() && clocks.values().all(|clock| clock.counts_instructions);
    match counts {
        true => Unit::Instructions,
        false => Unit::TscTicks,
    }
}

fn owner(thread: u32, statements: &Statements) -> Owner {
    let declared = statements.threads.get(&thread);
    declared.map_or_else(Owner::default, |(pid, program)| Owner {
        pid: Some(*pid),
        program: program.clone(),
    })
}

fn owners(parts: &[Part], statements: &Statements) -> BTreeMap<u32, Owner> {
    let switches = parts.iter().filter_map(|part| part.switch);
    let ends = switches.flat_map(|(from, to)| [from, to]);
    let threads = parts.iter().filter_map(|part| part.thread).chain(ends);
    let threads: BTreeSet<u32> = threads.collect();
    let owned = threads.into_iter().map(|t| (t, owner(t, statements)));
    owned.collect()
}

fn sums(parts: &[Part], statements: &Statements) -> Vec<Sum> {
    let mut sums: Vec<Sum> = Vec::new();
    for part in parts {
        let owner = part.thread.map_or_else(Owner::default, |thread| {
            let mut owner = owner(thread, statements);
            owner.pid = owner.pid.or(Some(thread));
            owner
        });
        let same = |sum: &&mut Sum| sum.pid == owner.pid && sum.kind == part.kind;
        match sums.iter_mut().find(same) {
            Some(sum) => {
                sum.parts += 1;
                sum.ticks += part.ticks;
            }
            None => sums.push(Sum {
                pid: owner.pid,
                program: owner.program,
                kind: part.kind,
                parts: 1,
                ticks: part.ticks,
            }),
        }
    }
    sums
}

/// What a record at the top says about where the processor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    WayIn,
    WayOut,
    Dispatch,
    Idle,
    /// Part of whatever lies around it.
    Other,
}

impl Role {
    fn is_stop(self) -> bool {
        self != Self::Other
    }
}

struct Roles(BTreeMap<u16, Role>);

impl Roles {
    fn new(statements: &Statements) -> Self {
        let role = |segment: &crate::statements::Segment| match segment.name.as_str() {
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

    fn of(&self, segment: u16) -> Role {
        self.0.get(&segment).copied().unwrap_or(Role::Other)
    }
}

/// A record cut to the sample, with its place.
#[derive(Clone, Copy)]
struct Placed {
    start: u64,
    end: u64,
    segment: u16,
    root: Option<RootRecord>,
    depth: usize,
    children: u64,
}

/// Puts each record behind the one that it lies in. Those without length say
/// nothing about time and are left out.
fn place(records: &[Record], (start, end): (u64, u64)) -> Result<Vec<Placed>, StitchError> {
    let mut order: Vec<usize> = (0..records.len()).collect();
    order.sort_by_key(|index| {
        let record = &records[*index];
        let later_first = usize::MAX - index;
        (record.start, u64::MAX - record.end, later_first)
    });
    let mut placed: Vec<Placed> = Vec::with_capacity(records.len());
    let mut open: Vec<usize> = Vec::new();
    for index in order {
        let record = &records[index];
        let from = record.start.max(start);
        let to = record.end.min(end);
        if from >= to {
            continue;
        }
        while open.last().is_some_and(|top| placed[*top].end <= from) {
            open.pop();
        }
        if let Some(top) = open.last() {
            if placed[*top].end < to {
                return Err(StitchError::Overlapping { at: from - start });
            }
            placed[*top].children += to - from;
        }
        open.push(placed.len());
        placed.push(Placed {
            start: from,
            end: to,
            segment: record.segment,
            root: record.root,
            depth: open.len() - 1,
            children: 0,
        });
    }
    Ok(placed)
}

/// Divides a sample. `opener` is the thread that runs at its start, where no switch
/// says otherwise.
fn parts(
    (start, end): (u64, u64),
    records: &Records,
    opener: u32,
    statements: &Statements,
) -> Result<Vec<Part>, StitchError> {
    let roles = Roles::new(statements);
    let placed = place(&records.spans, (start, end))?;
    let first = records.switches.first().map(|switch| switch.from);
    let before = records.switch_before.map(|switch| switch.to);
    let last_stop = records.stop_before.map(|(_, segment)| roles.of(segment));
    let mut walk = Walk {
        statements,
        origin: start,
        cursor: start,
        in_kernel: !matches!(last_stop, None | Some(Role::WayOut)),
        thread: first.or(before).unwrap_or(opener),
        brought: BTreeSet::new(),
        switches: &records.switches,
        parts: Vec::new(),
    };
    let mut loose: &[Placed] = &[];
    let mut rest = &placed[..];
    while !rest.is_empty() {
        let length = 1 + rest[1..].iter().take_while(|p| p.depth > 0).count();
        let (tree, behind) = rest.split_at(length);
        rest = behind;
        let role = match tree[0].root {
            Some(_) => Role::Dispatch,
            None => roles.of(tree[0].segment),
        };
        match role {
            Role::Other => {
                // Adjacent, so that one slice holds it and those before it.
                let from = placed.len() - rest.len() - length - loose.len();
                loose = &placed[from..from + loose.len() + length];
            }
            role => {
                walk.between(tree[0].start, role, loose);
                walk.stop(tree, role);
                loose = &[];
            }
        }
    }
    walk.finish(end, loose);
    Ok(walk.parts)
}

/// The way through a sample from stop to stop.
struct Walk<'a> {
    statements: &'a Statements,
    origin: u64,
    cursor: u64,
    in_kernel: bool,
    /// Whose turn it is.
    thread: u32,
    /// Threads that a message was brought to on this turn.
    brought: BTreeSet<u32>,
    switches: &'a [Switch],
    parts: Vec<Part>,
}

impl Walk<'_> {
    /// What lies between the last stop and the next one.
    fn between(&mut self, until: u64, next: Role, loose: &[Placed]) {
        let switch = self.take_switches(until);
        let kind = match (self.in_kernel, next) {
            (_, Role::Other) => Kind::Unattributed,
            (false, Role::WayIn) if switch.is_none() => Kind::User,
            (true, Role::Dispatch | Role::WayOut | Role::Idle) => match switch {
                Some((_, to)) if self.brought.contains(&to) => Kind::Handoff,
                Some(_) => Kind::Switch,
                None => Kind::Kernel,
            },
            _ => Kind::Unattributed,
        };
        self.gap(until, kind, switch, loose);
    }

    /// What is left after the last stop.
    fn finish(&mut self, end: u64, loose: &[Placed]) {
        let switch = self.take_switches(end);
        let kind = match (self.in_kernel, switch) {
            (false, None) => Kind::User,
            // The program read its clock, so a way out is missing.
            _ => Kind::Unattributed,
        };
        self.gap(end, kind, switch, loose);
    }

    fn gap(&mut self, until: u64, kind: Kind, switch: Option<(u32, u32)>, loose: &[Placed]) {
        let mut part = self.part(until, kind, loose);
        match kind {
            Kind::Switch | Kind::Handoff => {
                part.thread = None;
                part.switch = switch;
            }
            Kind::Unattributed => part.thread = None,
            _ => {}
        }
        if let Some((_, to)) = switch {
            self.thread = to;
            self.brought.clear();
        }
        if part.ticks > 0 {
            self.parts.push(part);
        }
    }

    /// The switches up to a time, as one.
    fn take_switches(&mut self, until: u64) -> Option<(u32, u32)> {
        let count = self.switches.iter().take_while(|s| s.time <= until);
        let (taken, rest) = self.switches.split_at(count.count());
        self.switches = rest;
        Some((taken.first()?.from, taken.last()?.to))
    }

    /// A way in or out, a dispatch, a wait: `tree` is its record and what is inside.
    fn stop(&mut self, tree: &[Placed], role: Role) {
        let top = &tree[0];
        let kind = match role {
            Role::WayIn => Kind::Entry,
            Role::WayOut => Kind::Exit,
            Role::Idle => Kind::Idle,
            Role::Dispatch | Role::Other => Kind::Dispatch,
        };
        self.in_kernel = role != Role::WayOut;
        match role {
            Role::WayIn | Role::WayOut => self.way(tree, kind),
            _ => {
                let mut part = self.part(top.end, kind, &tree[1..]);
                for inside in &mut part.inside {
                    inside.depth -= 1;
                }
                match top.root {
                    Some(root) => self.dispatched(&mut part, &root),
                    None => part.thread = None,
                }
                self.parts.push(part);
            }
        }
    }

    /// Several segments in a row are one way.
    fn way(&mut self, tree: &[Placed], kind: Kind) {
        let mut part = self.part(tree[0].end, kind, tree);
        match self.parts.last_mut() {
            Some(last) if last.kind == kind => {
                last.ticks += part.ticks;
                last.self_ticks += part.self_ticks;
                last.inside.append(&mut part.inside);
            }
            _ => self.parts.push(part),
        }
    }

    fn dispatched(&mut self, part: &mut Part, root: &RootRecord) {
        let Dispatch {
            tid,
            flow,
            result,
            opcode,
            interface,
            method,
        } = root.dispatch;
        let outcome = match root.outcome {
            Outcome::Complete => OutcomeWord::Complete,
            Outcome::Pending => OutcomeWord::Pending,
            Outcome::Resumed => OutcomeWord::Resumed,
            Outcome::ResumedPending => OutcomeWord::ResumedPending,
        };
        part.thread = Some(tid);
        part.turn = (tid != self.thread).then_some(self.thread);
        let interface = self.statements.interfaces.get(&interface);
        part.dispatch = Some(Dispatched {
            flow,
            opcode,
            interface: interface.map(|(_, name)| name.clone()),
            method,
            result,
            outcome,
            whole: root.whole,
        });
        if outcome.resumes() && part.inside.iter().any(|inside| inside.segment == COPY) {
            self.brought.insert(tid);
        }
    }

    /// The time up to `until` and the trees in it.
    fn part(&mut self, until: u64, kind: Kind, trees: &[Placed]) -> Part {
        let inside = trees.iter().map(|placed| Inside {
            segment: self.statements.segment_name(placed.segment),
            depth: placed.depth,
            start: placed.start - self.origin,
            ticks: placed.end - placed.start,
            self_ticks: placed.end - placed.start - placed.children,
        });
        let inside: Vec<Inside> = inside.collect();
        let ticks = until - self.cursor;
        let held: u64 = inside.iter().map(|inside| inside.self_ticks).sum();
        let part = Part {
            start: self.cursor - self.origin,
            ticks,
            self_ticks: ticks - held,
            kind,
            thread: Some(self.thread),
            turn: None,
            switch: None,
            dispatch: None,
            inside,
        };
        self.cursor = until;
        part
    }
}

#[cfg(test)]
#[path = "flows_tests.rs"]
mod tests;
