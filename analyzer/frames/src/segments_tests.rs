use super::*;
use crate::nesting::tests::{
    DISPATCH, LAP_A, LAP_B, ROOT, Record, SPAN, Seen as Rebuilt, calibrate, columns, statements,
};
use proptest::prelude::*;
use trace_format::control::ProbeKind;

#[derive(Debug, Default)]
struct Seen {
    roots: Vec<(u64, u64, bool)>,
    alike: Vec<Timeless>,
    rebuilt: Rebuilt,
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
        let rebuilt = self
            .rebuilt
            .dispatches
            .iter()
            .filter(|(_, complete)| *complete);
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
    type Error = Infallible;

    fn tree(&mut self, tree: Tree) -> Result<(), Infallible> {
        if let (Top::Dispatch(_), Some(top)) = (tree.top, tree.nodes.last()) {
            self.roots.push((top.start, top.end(), tree.complete));
        }
        self.rebuilt.tree(tree)
    }

    fn fault(&mut self, fault: Fault, time: u64) -> Result<(), Infallible> {
        self.rebuilt.fault(fault, time)
    }
}

impl Counter for Seen {
    type Place = ();

    fn dispatch(&mut self, start: u64, end: u64, _: &RootAt) {
        self.roots.push((start, end, true));
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
}

fn take(nesting: &mut Nesting, records: &[Record], known: &mut Known, seen: &mut Seen) {
    let gathered = &mut Gathered::default();
    count(nesting, &columns(records), known, gathered, seen);
}

/// The same with no tree learnt from another.
fn see_each_rebuilt(statements: &Statements, records: &[Record]) -> Seen {
    let mut seen = Seen::default();
    let mut nesting = Nesting::default();
    for part in records.split_inclusive(|record| record.3.is_some()) {
        let mut known = Known::new(statements, 0);
        take(&mut nesting, part, &mut known, &mut seen);
    }
    let Ok(()) = nesting.finish(&mut seen);
    seen
}

fn see(statements: &Statements, records: &[Record]) -> Seen {
    let mut seen = Seen::default();
    let mut nesting = Nesting::default();
    take(
        &mut nesting,
        records,
        &mut Known::new(statements, 0),
        &mut seen,
    );
    let Ok(()) = nesting.finish(&mut seen);
    seen
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
    assert_eq!((seen.rebuilt.dispatches.len(), seen.alike.len()), (1, 4));
    let rebuilt = see_each_rebuilt(&statements, &records);
    assert_eq!(
        (rebuilt.rebuilt.dispatches.len(), rebuilt.alike.len()),
        (2, 0)
    );
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
    let costs: Vec<u64> = seen
        .rebuilt
        .dispatches
        .iter()
        .map(|(n, _)| n[2].cost)
        .collect();
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
        prop_assert_eq!(seen.rebuilt.faults, rebuilt.rebuilt.faults);
        prop_assert_eq!(&seen.rebuilt.orphans, &rebuilt.rebuilt.orphans);
        prop_assert_eq!(seen.counted(), rebuilt.counted());
    }
}
