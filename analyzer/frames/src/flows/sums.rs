//! Whose the parts are, and what each process spent in which kind of them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Kind, Part};
use crate::statements::Statements;

/// Whose a thread is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Owner {
    /// Process, where the stream states it.
    pub pid: Option<u32>,
    /// Its program; empty where the stream does not state it.
    pub program: String,
}

/// The time of one process in parts of one kind.
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

fn owner(thread: u32, statements: &Statements) -> Owner {
    let declared = statements.threads.get(&thread);
    declared.map_or_else(Owner::default, |(pid, program)| Owner {
        pid: Some(*pid),
        program: program.clone(),
    })
}

pub(super) fn owners(parts: &[Part], statements: &Statements) -> BTreeMap<u32, Owner> {
    let switches = parts.iter().filter_map(|part| part.switch);
    let ends = switches.flat_map(|(from, to)| [from, to]);
    let threads = parts.iter().filter_map(|part| part.thread).chain(ends);
    let threads: BTreeSet<u32> = threads.collect();
    let owned = threads.into_iter().map(|t| (t, owner(t, statements)));
    owned.collect()
}

pub(super) fn sums(parts: &[Part], statements: &Statements) -> Vec<Sum> {
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
