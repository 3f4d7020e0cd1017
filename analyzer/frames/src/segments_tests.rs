use super::*;
use crate::statements::Segment;
use proptest::prelude::*;
use trace_format::control::Calibration;
use trace_format::{Dispatch, Outcome};

const ROOT: u16 = 1;
const LAP_A: u16 = 2;
const LAP_B: u16 = 3;
const SPAN: u16 = 4;
const TOP: u16 = 5;

/// root(lap a, lap b(span)), and a segment outside of dispatches.
fn statements() -> Statements {
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

fn calibrate(statements: &mut Statements, probe: ProbeKind, inner: u32, outer: u32) {
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
struct Seen {
    roots: Vec<(u64, u64, bool)>,
    alike: Vec<Timeless>,
    dispatches: Vec<(Vec<Node>, bool)>,
    trees: Vec<Vec<Node>>,
    orphans: Vec<Node>,
    faults: NestingFaults,
    reversed: Vec<Span>,
}

/// What is counted of a node.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Timeless {
    segment: u16,
    duration: u64,
    self_raw: u64,
    leaf: bool,
    cost: u64,
    bound: u64,
}

impl Seen {
    /// What is counted of complete dispatches, rebuilt or not, in no order.
    fn counted(&self) -> Vec<Timeless> {
        let rebuilt = self.dispatches.iter().filter(|(_, complete)| *complete);
        let rebuilt = rebuilt.flat_map(|(nodes, _)| nodes).map(|node| Timeless {
            segment: node.segment,
            duration: node.duration,
            self_raw: node.self_raw,
            leaf: node.leaf(),
            cost: node.cost,
            bound: node.bound,
        });
        let alike = self.alike.iter().map(|node| Timeless { ..*node });
        let mut counted: Vec<_> = rebuilt.chain(alike).collect();
        counted.sort();
        counted
    }
}

impl Sink for Seen {
    type Place = ();

    fn dispatch(&mut self, start: u64, end: u64, _: &RootAt, complete: bool) {
        self.roots.push((start, end, complete));
    }
    fn nodes(&mut self, (): (), nodes: &[Node], complete: bool) {
        self.dispatches.push((nodes.to_vec(), complete));
    }
    fn alike(&mut self, (): (), pattern: &Pattern, alike: &Alike) {
        for (at, place) in pattern.places().iter().enumerate() {
            for (index, duration) in alike.durations(at).iter().enumerate() {
                let inside = place.children.iter();
                let inside = inside.map(|child| alike.durations(usize::from(*child))[index]);
                self.alike.push(Timeless {
                    segment: place.segment,
                    duration: u64::from(*duration),
                    self_raw: u64::from(duration - inside.sum::<u32>()),
                    leaf: place.children.is_empty(),
                    cost: place.cost,
                    bound: place.bound,
                });
            }
        }
    }
    fn tree(&mut self, nodes: &[Node]) {
        self.trees.push(nodes.to_vec());
    }
    fn orphans(&mut self, nodes: &[Node]) {
        self.orphans.extend_from_slice(nodes);
    }
    fn reversed(&mut self, record: Span) {
        self.reversed.push(record);
    }
    fn faults(&mut self, faults: NestingFaults, _: u64) {
        self.faults.add(faults);
    }
}

/// A record as (start, end, segment), and how many spans it says are inside.
type Record = (u64, u64, u16, Option<u16>);

fn columns(records: &[Record]) -> SpanColumns {
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

fn take(nesting: &mut Nesting, records: &[Record], facts: &mut Facts, seen: &mut Seen) {
    nesting.take(&columns(records), facts, &mut Gathered::default(), seen);
}

/// The same with no tree learnt from another.
fn see_each_rebuilt(statements: &Statements, records: &[Record]) -> Seen {
    let mut seen = Seen::default();
    let mut nesting = Nesting::default();
    for part in records.split_inclusive(|record| record.3.is_some()) {
        let mut facts = Facts::new(statements, 0);
        take(&mut nesting, part, &mut facts, &mut seen);
    }
    nesting.finish(&mut seen);
    seen
}

fn see(statements: &Statements, records: &[Record]) -> Seen {
    let mut seen = Seen::default();
    let mut nesting = Nesting::default();
    take(
        &mut nesting,
        records,
        &mut Facts::new(statements, 0),
        &mut seen,
    );
    nesting.finish(&mut seen);
    seen
}

const DISPATCH: [Record; 4] = [
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
    assert_eq!(seen.faults, NestingFaults::default());
    assert_eq!(seen.orphans, []);
}

#[test]
fn a_tree_may_lie_across_frames() {
    let (mut facts, mut seen, mut nesting) = (
        Facts::new(&statements(), 0),
        Seen::default(),
        Nesting::default(),
    );
    take(&mut nesting, &DISPATCH[..2], &mut facts, &mut seen);
    take(&mut nesting, &DISPATCH[2..], &mut facts, &mut seen);
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
    assert_eq!(seen.faults, NestingFaults::default());
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
    let mut facts = Facts::new(&statements(), 0);
    let flood: Vec<Record> = (0..20_000)
        .map(|i| (i * 10, i * 10 + 10, LAP_A, None))
        .collect();
    for part in flood.chunks(1000) {
        take(&mut nesting, part, &mut facts, &mut seen);
        assert!(nesting.nodes.len() <= TREE_LIMIT && nesting.waiting.len() <= TREE_LIMIT);
    }
    nesting.finish(&mut seen);
    assert_eq!(seen.orphans.len(), 20_000);
}

#[test]
fn a_root_that_cannot_count_its_spans_is_not_believed() {
    let seen = see(&statements(), &[(10, 20, ROOT, Some(SPANS_INSIDE_MAX))]);
    assert!(!seen.dispatches[0].1);
}

#[test]
fn a_dispatch_that_nests_as_an_earlier_one_is_not_rebuilt() {
    let mut statements = statements();
    calibrate(&mut statements, ProbeKind::Lap, 2, 3);
    calibrate(&mut statements, ProbeKind::Dispatch, 6, 7);
    let shifted =
        DISPATCH.map(|(start, end, segment, inside)| (start + 100, end + 100, segment, inside));
    let records = [DISPATCH, shifted].concat();
    let seen = see(&statements, &records);
    assert_eq!((seen.dispatches.len(), seen.alike.len()), (1, 4));
    let rebuilt = see_each_rebuilt(&statements, &records);
    assert_eq!((rebuilt.dispatches.len(), rebuilt.alike.len()), (2, 0));
    assert_eq!(seen.counted(), rebuilt.counted());
}

#[test]
fn what_touches_no_more_is_rebuilt() {
    let mut statements = statements();
    calibrate(&mut statements, ProbeKind::Lap, 2, 3);
    let apart = [
        (200, 219, LAP_A, None),
        (230, 240, SPAN, None),
        (220, 250, LAP_B, None),
        (200, 250, ROOT, Some(3)),
    ];
    let seen = see(&statements, &[DISPATCH, apart].concat());
    let costs: Vec<u64> = seen.dispatches.iter().map(|(n, _)| n[2].cost).collect();
    assert_eq!(costs, [5, 2], "only a neighbour's mark spills over");
}

prop_compose! {
    /// A dispatch of laps and spans in them, with gaps and records without length.
    fn any_dispatch()(
        laps in prop::collection::vec((0..3u64, 0..4u64, 0..3u64, prop::option::of(0..4u64)), 0..4),
        tail in 0..3u64,
        miscounted in prop::bool::weighted(0.1),
    ) -> Vec<Record> {
        let (mut records, mut at) = (Vec::new(), 10);
        for (index, (gap, before, after, span)) in laps.into_iter().enumerate() {
            at += gap / 2;
            let mut end = at + before;
            if let Some(length) = span {
                records.push((end, end + length, SPAN, None));
                end += length;
            }
            let lap = if index % 2 == 0 { LAP_A } else { LAP_B };
            records.push((at, end + after, lap, None));
            at = end + after;
        }
        let inside = records.len() as u16 + u16::from(miscounted);
        records.push((10, at + tail / 2, ROOT, Some(inside)));
        records
    }
}

proptest! {
    #[test]
    fn patterns_change_nothing(dispatches in prop::collection::vec(any_dispatch(), 1..60)) {
        let mut statements = statements();
        calibrate(&mut statements, ProbeKind::Lap, 2, 3);
        calibrate(&mut statements, ProbeKind::Span, 4, 5);
        calibrate(&mut statements, ProbeKind::Dispatch, 6, 7);
        let mut at = 0;
        let mut records = Vec::new();
        for dispatch in dispatches {
            // Now and then one begins before the last has ended.
            at += if dispatch.len() == 3 { 5 } else { 60 };
            let later = dispatch.into_iter().map(|(s, e, segment, i)| (s + at, e + at, segment, i));
            records.extend(later);
        }
        let (seen, rebuilt) = (see(&statements, &records), see_each_rebuilt(&statements, &records));
        prop_assert_eq!(&seen.roots, &rebuilt.roots);
        prop_assert_eq!(seen.faults, rebuilt.faults);
        prop_assert_eq!(&seen.orphans, &rebuilt.orphans);
        prop_assert_eq!(seen.counted(), rebuilt.counted());
    }

    #[test]
    fn every_record_comes_out_exactly_once(
        records in prop::collection::vec(
            (0..500u64, 0..200u64, 0..8u16, prop::option::weighted(0.2, 0..5u16)), 0..200),
    ) {
        let records: Vec<Record> =
            records.into_iter().map(|(start, length, s, i)| (start, start + length, s, i)).collect();
        let seen = see(&statements(), &records);
        let out = seen.alike.len() + seen.dispatches.iter().map(|(nodes, _)| nodes.len()).sum::<usize>()
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
