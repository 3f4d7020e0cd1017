//! The segments of a dispatch that moved.
//!
//! A segment counts with what it adds by itself: its self time, as often as a dispatch
//! holds it. Self times are medians, so that a path that only some dispatches take shows
//! in how often its segments occur and not in how long they are.

use capbench_results::change::{SegmentChange, SegmentSide};
use capbench_results::{Breakdown, SegmentSummary};

/// Segments whose contribution is another, in the order of base's tree, those that only
/// head has last.
pub(crate) fn moved(base: &Breakdown, head: &Breakdown) -> Vec<SegmentChange> {
    let recorded = (sides(base, |of| of.self_raw), sides(head, |of| of.self_raw));
    let (before, after) =
        match has_same_probes(&recorded.0, &recorded.1) || !is_corrected(base, head) {
            true => recorded,
            false => (
                sides(base, |of| of.self_corrected),
                sides(head, |of| of.self_corrected),
            ),
        };
    let known = before.iter().map(|(path, side)| {
        let after = after.iter().find(|(other, _)| other == path);
        (path, Some(*side), after.map(|(_, side)| *side))
    });
    let only_head = after
        .iter()
        .filter(|(path, _)| !before.iter().any(|(other, _)| other == path));
    let new = only_head.map(|(path, side)| (path, None, Some(*side)));
    let changes = known.chain(new).map(|(path, base, head)| SegmentChange {
        path: path.clone(),
        base,
        head,
        difference: contribution(&head) - contribution(&base),
    });
    changes.filter(|change| change.difference != 0.0).collect()
}

/// Where every segment occurs as often on both sides, so do the probes, and what they
/// cost cancels: self times as recorded are exact, and those corrected end at zero.
fn has_same_probes(before: &[(Path, SegmentSide)], after: &[(Path, SegmentSide)]) -> bool {
    before.len() == after.len()
        && before.iter().all(|(path, side)| {
            let other = after.iter().find(|(other, _)| other == path);
            other.is_some_and(|(_, other)| other.per_dispatch == side.per_dispatch)
        })
}

/// Whether both sides know what the probes cost in every segment.
fn is_corrected(base: &Breakdown, head: &Breakdown) -> bool {
    let mut segments = base.segments.iter().chain(&head.segments);
    segments.all(|segment| segment.self_corrected.is_some() || segment.self_raw.is_none())
}

fn contribution(side: &Option<SegmentSide>) -> f64 {
    side.as_ref().map_or(0.0, SegmentSide::contribution)
}

type Path = Vec<String>;

fn sides(
    breakdown: &Breakdown,
    figure: fn(&SegmentSummary) -> Option<f64>,
) -> Vec<(Path, SegmentSide)> {
    let segments = &breakdown.segments;
    let side = |(index, segment): (usize, &SegmentSummary)| {
        let side = SegmentSide {
            per_dispatch: segment.count as f64 / breakdown.dispatches.max(1) as f64,
            self_time: figure(segment).unwrap_or(segment.median),
        };
        (path(segments, index), side)
    };
    segments.iter().enumerate().map(side).collect()
}

/// Names from the outermost segment on. A parent stands before its children; the
/// nearest one of its name is meant.
pub(crate) fn path(segments: &[SegmentSummary], index: usize) -> Path {
    let mut path = vec![segments[index].name.clone()];
    let mut at = index;
    while let Some(parent) = parent(segments, at) {
        path.push(segments[parent].name.clone());
        at = parent;
    }
    path.reverse();
    path
}

fn parent(segments: &[SegmentSummary], index: usize) -> Option<usize> {
    let name = &segments[index].parent;
    (0..index)
        .rev()
        .find(|before| !name.is_empty() && segments[*before].name == *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(name: &str, parent: &str, count: u64, own: f64) -> SegmentSummary {
        SegmentSummary {
            name: name.into(),
            parent: parent.into(),
            count,
            median: own,
            p95: None,
            max: own as u64,
            share: None,
            self_raw: Some(own),
            self_corrected: Some(own - 1.0),
            bucketed: false,
        }
    }

    fn breakdown(segments: Vec<SegmentSummary>) -> Breakdown {
        Breakdown {
            traces: Vec::new(),
            dispatches: 10,
            incomplete: 0,
            traced_median: None,
            tracing_effect: None,
            self_bound: None,
            segments,
        }
    }

    fn tree(lookup: f64, copies: u64) -> Breakdown {
        breakdown(vec![
            segment("sqe", "", 10, 40.0),
            segment("cap_lookup", "sqe", 10, lookup),
            segment("copy", "cap_lookup", copies, 20.0),
        ])
    }

    #[test]
    fn the_segment_that_moved_is_named_and_its_parents_are_not() {
        let moved = moved(&tree(11.0, 10), &tree(25.0, 10));
        assert_eq!(moved.len(), 1);
        assert_eq!(moved[0].path, ["sqe", "cap_lookup"]);
        assert_eq!(moved[0].difference, 14.0);
        assert!(super::moved(&tree(11.0, 10), &tree(11.0, 10)).is_empty());
    }

    #[test]
    fn a_segment_that_occurs_more_often_moved_by_what_it_costs_each_time() {
        let moved = moved(&tree(11.0, 10), &tree(11.0, 20));
        assert_eq!(moved[0].path, ["sqe", "cap_lookup", "copy"]);
        assert_eq!(moved[0].difference, 19.0);
    }

    #[test]
    fn a_new_segment_has_no_base_and_a_removed_one_no_head() {
        let mut more = tree(11.0, 10);
        more.segments.push(segment("audit", "sqe", 10, 8.0));
        let grown = moved(&tree(11.0, 10), &more);
        assert_eq!((grown[0].name(), grown[0].difference), ("audit", 7.0));
        assert!(grown[0].base.is_none());
        let shrunk = moved(&more, &tree(11.0, 10));
        assert_eq!((shrunk[0].name(), shrunk[0].difference), ("audit", -7.0));
        assert!(shrunk[0].head.is_none());
    }

    #[test]
    fn what_the_correction_hides_still_counts_where_the_probes_are_the_same() {
        let hidden = |raw| {
            let mut tree = tree(11.0, 10);
            tree.segments[1].self_raw = Some(raw);
            tree.segments[1].self_corrected = Some(0.0);
            tree
        };
        let moved = moved(&hidden(24.0), &hidden(25.0));
        assert_eq!((moved[0].name(), moved[0].difference), ("cap_lookup", 1.0));
    }

    #[test]
    fn where_one_side_is_not_corrected_both_are_taken_as_recorded() {
        let mut raw = tree(12.0, 10);
        for segment in &mut raw.segments {
            segment.self_corrected = None;
        }
        let moved = moved(&tree(11.0, 10), &raw);
        assert_eq!(moved.len(), 1);
        assert_eq!(moved[0].difference, 1.0);
    }
}
