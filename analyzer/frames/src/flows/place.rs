//! Records of a sample, each behind the one that it lies in.
//!
//! A sample's records come from all rings of a processor: an interrupt may lie
//! anywhere in a thread's tree, whatever was declared. So the trees are nested once
//! more, by their intervals alone.

use std::cmp::Reverse;
use std::ops::ControlFlow;

use super::StitchError;
use super::records::{Record, RootRecord};
use crate::nesting::{Finished, Stack, pre_order};

/// A record cut to the sample, with its place.
#[derive(Clone, Copy)]
pub(super) struct Placed {
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) segment: u16,
    pub(super) root: Option<RootRecord>,
    pub(super) depth: usize,
    pub(super) children: u64,
}

/// Puts each record behind the one that it lies in. Those without length say
/// nothing about time and are left out.
pub(super) fn place(
    records: &[Record],
    (start, end): (u64, u64),
) -> Result<Vec<Placed>, StitchError> {
    let cut = |record: &Record| (record.start.max(start), record.end.min(end));
    let touches = |record: &&Record| {
        let (from, to) = cut(record);
        from < to
    };
    let mut records: Vec<&Record> = records.iter().filter(touches).collect();
    // The order in which one ring would have committed them; a stable sort keeps the
    // later one the outer one.
    records.sort_by_key(|record| (record.end, Reverse(record.start)));

    let mut placed: Vec<Placed> = Vec::with_capacity(records.len());
    let mut inside: Vec<u32> = Vec::with_capacity(records.len());
    let mut waiting = Stack::default();
    for record in records {
        let (from, to) = cut(record);
        let (mut first, mut children) = (placed.len(), 0);
        let nested = waiting.adopt(record.start, |child: &Finished<(usize, u64)>| {
            let (its_first, ticks) = child.what;
            first = its_first;
            children += ticks;
            ControlFlow::Continue(())
        });
        if nested.is_err() {
            return Err(StitchError::Overlapping { at: from - start });
        }
        waiting.push(Finished {
            start: record.start,
            end: record.end,
            what: (first, to - from),
        });
        inside.push((placed.len() - first) as u32);
        placed.push(Placed {
            start: from,
            end: to,
            segment: record.segment,
            root: record.root,
            depth: 0,
            children,
        });
    }
    let order = pre_order(placed.len(), |at| inside[at]);
    let placed = order.iter().map(|position| Placed {
        depth: position.depth,
        ..placed[position.node]
    });
    Ok(placed.collect())
}
