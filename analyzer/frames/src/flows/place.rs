//! Records of a sample, each behind the one that it lies in.

use super::StitchError;
use super::records::{Record, RootRecord};

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
