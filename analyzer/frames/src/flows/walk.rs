//! The way through a sample, from one record that says where the processor is to the
//! next.

use std::collections::BTreeSet;

use trace_format::{Dispatch, Outcome};

use super::place::{Placed, place};
use super::records::{Records, RootRecord};
use super::role::{Role, Roles};
use super::{Dispatched, Inside, Kind, OutcomeWord, Part, StitchError, Switch};
use crate::statements::Statements;

/// Copying a message between two processes: a dispatch that resumes with it brought
/// one.
const COPY: &str = "copy";

/// Divides a sample. `opener` is the thread that runs at its start, where no switch
/// says otherwise.
pub(super) fn parts(
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
