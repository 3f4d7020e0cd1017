use super::*;
use crate::statements::{Segment, Statements};
use proptest::prelude::*;
use std::convert::Infallible;
use trace_format::control::{Calibration, ProbeKind};
use trace_format::{Dispatch, Outcome, Span};

pub(crate) const ROOT: u16 = 1;
pub(crate) const LAP_A: u16 = 2;
pub(crate) const LAP_B: u16 = 3;
pub(crate) const SPAN: u16 = 4;
const TOP: u16 = 5;

/// root(lap a, lap b(span)), and a segment outside of dispatches.
pub(crate) fn statements() -> Statements {
    let mut statements = Statements::default();
    let mut declare = |id, parent, kind| {
        let name = format!("s{id}");
        statements
            .segments
            .insert(id, Segment { name, parent, kind });
    };
    declare(ROOT, None, SegmentKind::Dispatch);
    declare(LAP_A, Some(ROOT), SegmentKind::Lap);
    declare(LAP_B, Some(ROOT), SegmentKind::Lap);
    declare(SPAN, Some(LAP_B), SegmentKind::Span);
    declare(TOP, None, SegmentKind::Span);
    statements
}

pub(crate) fn calibrate(statements: &mut Statements, probe: ProbeKind, inner: u32, outer: u32) {
    let cost = Calibration {
        cpu: 0,
        probe,
        inner_ticks: inner,
        outer_ticks: outer,
        bound_ticks: 1,
        iterations: 1,
    };
    statements.calibrations.insert((0, probe), cost);
}

#[derive(Debug, Default, PartialEq)]
pub(crate) struct Seen {
    pub(crate) dispatches: Vec<(Vec<Node>, bool)>,
    trees: Vec<Vec<Node>>,
    pub(crate) orphans: Vec<Node>,
    pub(crate) faults: Faults,
    reversed: Vec<Span>,
}

impl Sink for Seen {
    type Error = Infallible;

    fn tree(&mut self, tree: Tree) -> Result<(), Infallible> {
        let nodes = tree.nodes.to_vec();
        match tree.top {
            Top::Dispatch(_) => self.dispatches.push((nodes, tree.complete)),
            Top::Segment | Top::Undeclared => self.trees.push(nodes),
            Top::Missing => self.orphans.extend(nodes),
        }
        Ok(())
    }

    fn fault(&mut self, fault: Fault, _: u64) -> Result<(), Infallible> {
        self.faults.count(fault);
        if let Fault::Reversed(record) = fault {
            self.reversed.push(record);
        }
        Ok(())
    }
}

/// A record as (start, end, segment), and how many spans it says are inside.
pub(crate) type Record = (u64, u64, u16, Option<u16>);

pub(crate) fn columns(records: &[Record]) -> SpanColumns {
    let mut columns = SpanColumns::default();
    for (start, end, segment, inside) in records {
        if let Some(spans_inside) = *inside {
            columns.roots.push(RootAt {
                index: columns.len() as u32,
                spans_inside,
                outcome: Outcome::Complete,
                dispatch: Dispatch::default(),
            });
        }
        columns.end.push(*end);
        columns.duration.push(end - start);
        columns.segment.push(*segment);
    }
    columns
}

fn take(nesting: &mut Nesting, records: &[Record], facts: &Facts, seen: &mut Seen) {
    let Ok(()) = nesting.take(&columns(records), facts, seen);
}

fn see(statements: &Statements, records: &[Record]) -> Seen {
    let mut seen = Seen::default();
    let mut nesting = Nesting::default();
    let facts = Facts::calibrated(statements, 0);
    take(&mut nesting, records, &facts, &mut seen);
    let Ok(()) = nesting.finish(&mut seen);
    seen
}

pub(crate) const DISPATCH: [Record; 4] = [
    (100, 120, LAP_A, None),
    (130, 140, SPAN, None),
    (120, 150, LAP_B, None),
    (100, 150, ROOT, Some(3)),
];

#[test]
fn a_tree_is_rebuilt_from_commit_order() {
    let seen = see(&statements(), &DISPATCH);
    let [(nodes, true)] = &seen.dispatches[..] else {
        panic!("{seen:?}")
    };
    let self_times: Vec<u64> = nodes.iter().map(|node| node.self_raw).collect();
    assert_eq!(self_times, [20, 10, 20, 0]);
    assert_eq!(seen.faults, Faults::default());
    assert_eq!(seen.orphans, []);
}

#[test]
fn a_tree_may_lie_across_frames() {
    let facts = Facts::calibrated(&statements(), 0);
    let (mut seen, mut nesting) = (Seen::default(), Nesting::default());
    take(&mut nesting, &DISPATCH[..2], &facts, &mut seen);
    take(&mut nesting, &DISPATCH[2..], &facts, &mut seen);
    assert_eq!(seen, see(&statements(), &DISPATCH));
}

#[test]
fn what_probes_cost_is_taken_from_where_it_lands() {
    let mut statements = statements();
    calibrate(&mut statements, ProbeKind::Lap, 2, 3);
    calibrate(&mut statements, ProbeKind::Span, 4, 5);
    calibrate(&mut statements, ProbeKind::Dispatch, 6, 7);
    let seen = see(&statements, &DISPATCH);
    let nodes = &seen.dispatches[0].0;
    let corrected: Vec<(u64, u64)> = nodes
        .iter()
        .map(|n| (n.self_corrected(), n.bound))
        .collect();
    // First lap: its own inner and the dispatch's. Span: its inner. Second lap: its
    // inner, the outer of the lap before it and of the span in it. Root: nothing.
    assert_eq!(
        corrected,
        [(20 - 2 - 6, 2), (10 - 4, 1), (20 - 2 - 3 - 5, 3), (0, 0)]
    );
}

#[test]
fn laps_outside_of_dispatches_do_not_spill() {
    let mut statements = statements();
    let lap = |name: &str| Segment {
        name: name.into(),
        parent: None,
        kind: SegmentKind::Lap,
    };
    statements.segments.insert(6, lap("entry"));
    statements.segments.insert(7, lap("fp_save"));
    calibrate(&mut statements, ProbeKind::Lap, 2, 3);
    let seen = see(
        &statements,
        &[(10, 20, 6, None), (20, 30, 7, None), (31, 41, 6, None)],
    );
    let corrected: Vec<u64> = seen
        .trees
        .iter()
        .map(|tree| tree[0].self_corrected())
        .collect();
    assert_eq!(corrected, [8, 8, 8]);
}

#[test]
fn a_dispatch_without_laps_pays_for_itself() {
    let mut statements = statements();
    calibrate(&mut statements, ProbeKind::Dispatch, 6, 7);
    let seen = see(&statements, &[(10, 30, ROOT, Some(0))]);
    assert_eq!(seen.dispatches[0].0[0].self_corrected(), 14);
}

#[test]
fn a_correction_stops_at_zero() {
    let mut statements = statements();
    calibrate(&mut statements, ProbeKind::Lap, 1000, 0);
    assert_eq!(
        see(&statements, &DISPATCH).dispatches[0].0[0].self_corrected(),
        0
    );
}

#[test]
fn a_lost_span_makes_its_tree_incomplete_and_no_other() {
    let shifted =
        DISPATCH.map(|(start, end, segment, inside)| (start + 100, end + 100, segment, inside));
    let seen = see(&statements(), &[&DISPATCH[1..], &shifted[..]].concat());
    let complete: Vec<bool> = seen
        .dispatches
        .iter()
        .map(|(_, complete)| *complete)
        .collect();
    assert_eq!(complete, [false, true]);
}

#[test]
fn spans_of_a_lost_root_are_orphans() {
    let shifted =
        DISPATCH.map(|(start, end, segment, inside)| (start + 100, end + 100, segment, inside));
    let seen = see(&statements(), &[&DISPATCH[..3], &shifted[..]].concat());
    assert_eq!(seen.orphans.len(), 3);
    assert!(seen.dispatches[0].1, "the next dispatch is complete");
}

#[test]
fn an_empty_neighbour_at_the_edge_is_no_child() {
    let records = [
        (100, 100, LAP_A, None),
        (100, 150, LAP_B, None),
        (100, 150, ROOT, Some(2)),
    ];
    let seen = see(&statements(), &records);
    assert_eq!(seen.faults, Faults::default());
    assert!(seen.dispatches[0].1);
}

#[test]
fn a_segment_outside_of_dispatches_stands_alone() {
    let seen = see(
        &statements(),
        &[(10, 20, TOP, None), (20, 30, ROOT, Some(0))],
    );
    assert_eq!(seen.trees.len(), 1);
    assert!(seen.dispatches[0].1);
}

#[test]
fn a_lone_segment_inside_a_dispatch_is_found() {
    let records = [(110, 115, TOP, None), (100, 150, ROOT, Some(1))];
    let seen = see(&statements(), &records);
    assert_eq!(seen.faults.overlapping, 1);
    assert!(!seen.dispatches[0].1);
}

#[test]
fn a_child_of_another_parent_is_found() {
    let records = [
        (105, 110, SPAN, None),
        (100, 120, LAP_A, None),
        (100, 120, ROOT, Some(2)),
    ];
    let seen = see(&statements(), &records);
    assert_eq!(seen.faults.misplaced, 1);
    assert!(!seen.dispatches[0].1);
}

#[test]
fn a_flood_without_roots_stays_bounded() {
    let mut seen = Seen::default();
    let mut nesting = Nesting::default();
    let facts = Facts::calibrated(&statements(), 0);
    let flood: Vec<Record> = (0..20_000)
        .map(|i| (i * 10, i * 10 + 10, LAP_A, None))
        .collect();
    for part in flood.chunks(1000) {
        take(&mut nesting, part, &facts, &mut seen);
        assert!(nesting.nodes.len() <= TREE_LIMIT && nesting.waiting.len() <= TREE_LIMIT);
    }
    let Ok(()) = nesting.finish(&mut seen);
    assert_eq!(seen.orphans.len(), 20_000);
}

#[test]
fn a_root_that_cannot_count_its_spans_is_not_believed() {
    let seen = see(&statements(), &[(10, 20, ROOT, Some(SPANS_INSIDE_MAX))]);
    assert!(!seen.dispatches[0].1);
}

#[test]
fn a_record_that_ends_before_it_starts_is_in_no_tree() {
    let mut records = columns(&DISPATCH);
    // The span: ten ticks back, as a ring of 48 bits keeps it.
    records.duration[1] = (1 << 48) - 10;
    records.end[1] = 140 + (1 << 48) - 10;
    let facts = Facts::calibrated(&statements(), 0);
    let (mut seen, mut nesting) = (Seen::default(), Nesting::default());
    let Ok(()) = nesting.take(&records, &facts, &mut seen);
    assert_eq!(seen.faults.reversed, 1);
    assert_eq!(seen.reversed[0].start, 140);
    let (nodes, complete) = &seen.dispatches[0];
    assert_eq!((nodes.len(), *complete), (3, false));
}

#[test]
fn a_segment_that_was_never_declared_closes_a_tree_that_is_not_complete() {
    struct Tops(Vec<(String, bool)>);
    impl Sink for Tops {
        type Error = Infallible;
        fn tree(&mut self, tree: Tree) -> Result<(), Infallible> {
            self.0.push((format!("{:?}", tree.top), tree.complete));
            Ok(())
        }
    }
    let mut tops = Tops(Vec::new());
    let facts = Facts::uncalibrated(&statements());
    let records = columns(&[(10, 20, 99, None), (20, 30, TOP, None)]);
    let Ok(()) = Nesting::default().take(&records, &facts, &mut tops);
    let expected = [("Undeclared".into(), false), ("Segment".into(), true)];
    assert_eq!(tops.0, expected);
}

#[test]
fn a_sink_that_can_take_no_more_ends_the_walk() {
    struct Full;
    impl Sink for Full {
        type Error = u64;
        fn tree(&mut self, tree: Tree) -> Result<(), u64> {
            Err(tree.nodes[0].start)
        }
    }
    let facts = Facts::uncalibrated(&statements());
    let records = columns(&[(10, 20, TOP, None), (20, 30, TOP, None)]);
    let taken = Nesting::default().take(&records, &facts, &mut Full);
    assert_eq!(taken, Err(10));
}

proptest! {
    #[test]
    fn every_record_comes_out_exactly_once(
        records in prop::collection::vec(
            (0..500u64, 0..200u64, 0..8u16, prop::option::weighted(0.2, 0..5u16)), 0..200),
    ) {
        let records: Vec<Record> =
            records.into_iter().map(|(start, length, s, i)| (start, start + length, s, i)).collect();
        let seen = see(&statements(), &records);
        let out = seen.dispatches.iter().map(|(nodes, _)| nodes.len()).sum::<usize>()
            + seen.trees.iter().map(Vec::len).sum::<usize>()
            + seen.orphans.len();
        prop_assert_eq!(out, records.len());
    }

    #[test]
    fn self_times_of_a_complete_tree_add_up_to_its_root(
        laps in prop::collection::vec((1..1000u64, prop::option::of(0.0..1.0f64)), 1..20),
    ) {
        let mut records = Vec::new();
        let mut at = 50;
        for (length, child) in laps {
            if let Some(part) = child {
                records.push((at, at + (length as f64 * part) as u64, SPAN, None));
            }
            records.push((at, at + length, LAP_B, None));
            at += length;
        }
        let inside = records.len() as u16;
        records.push((50, at, ROOT, Some(inside)));
        let seen = see(&statements(), &records);
        let (nodes, complete) = &seen.dispatches[0];
        prop_assert!(complete);
        prop_assert_eq!(nodes.iter().map(|node| node.self_raw).sum::<u64>(), at - 50);
    }
}
