use super::*;
use capbench_stats::Quantile;
use proptest::prelude::*;
use trace_format::Dispatch;
use trace_format::control::{SegmentDeclared, SegmentKind, WindowBegun, WindowEnded};

const SEGMENT: u16 = 1;

fn begun(window: u32, time: u64) -> Message<'static> {
    Message::WindowBegun(WindowBegun {
        window,
        benchmark: "a/1",
        tid: 1,
        record_bound: 1,
        expected_operations: 1,
        time,
    })
}

fn ended(window: u32, time: u64) -> Message<'static> {
    Message::WindowEnded(WindowEnded { window, time })
}

fn windows(messages: &[Message]) -> Windows {
    let mut windows = Windows::new();
    let (kind, name) = (SegmentKind::Dispatch, "dispatch");
    let declared = SegmentDeclared {
        id: SEGMENT,
        parent: None,
        kind,
        name,
    };
    let mut take = |message: &Message| {
        windows.take(message, Written::default(), &BTreeMap::new());
    };
    take(&Message::SegmentDeclared(declared));
    messages.iter().for_each(take);
    windows
}

fn node(start: u64, duration: u64) -> Node {
    Node {
        start,
        duration,
        segment: SEGMENT,
        inside: 0,
        self_raw: duration,
        cost: 0,
        bound: 0,
    }
}

fn dispatch(windows: &mut Windows, start: u64, duration: u64) {
    let root = RootAt {
        index: 0,
        spans_inside: 0,
        outcome: Outcome::Complete,
        dispatch: Dispatch::default(),
    };
    let Ok(()) = windows.tree(Tree {
        nodes: &[node(start, duration)],
        top: Top::Dispatch(&root),
        complete: true,
    });
}

#[test]
fn a_dispatch_belongs_to_the_window_that_holds_all_of_it() {
    let mut windows = windows(&[begun(1, 100), ended(1, 200), begun(2, 300)]);
    for (start, duration) in [
        (90, 20),
        (100, 100),
        (190, 20),
        (250, 10),
        (300, 1),
        (400, 1),
    ] {
        dispatch(&mut windows, start, duration);
    }
    let dispatches: Vec<u64> = windows.list.iter().map(|w| w.tables.complete).collect();
    assert_eq!(dispatches, [1, 2]);
    assert_eq!(windows.outside.complete, 3);
    assert_eq!(windows.list[0].intervals, [(100, 100)]);
}

#[test]
fn a_second_begin_of_one_window_is_a_stray() {
    let windows = windows(&[begun(1, 100), begun(1, 150), ended(7, 3)]);
    assert_eq!((windows.list.len(), windows.strays), (1, 2));
    assert_eq!(windows.list[0].begun, 100);
}

#[test]
fn windows_beyond_the_limit_are_strays() {
    let many: Vec<Message> = (0..WINDOW_LIMIT as u32 + 5)
        .map(|id| begun(id, 0))
        .collect();
    let windows = windows(&many);
    assert_eq!((windows.list.len(), windows.strays), (WINDOW_LIMIT, 5));
}

#[test]
fn samples_beyond_the_limit_are_strays() {
    let mut windows = windows(&[begun(1, 0)]);
    for start in 0..SAMPLE_LIMIT as u64 + 3 {
        windows.sample(Sample {
            start,
            ticks: 1,
            window: 1,
            operations: 1,
            metric: 0,
            flags: trace_format::SampleFlags::empty(),
        });
    }
    assert_eq!(
        (windows.list[0].samples.len(), windows.strays),
        (SAMPLE_LIMIT, 3)
    );
}

#[test]
fn an_undeclared_segment_takes_no_table() {
    let mut windows = windows(&[]);
    let unknown = Node {
        segment: 4000,
        ..node(1, 1)
    };
    let Ok(()) = windows.tree(Tree {
        nodes: &[unknown],
        top: Top::Undeclared,
        complete: false,
    });
    assert_eq!(windows.outside.segments().count(), 0);
}

prop_compose! {
    fn any_node()(
        duration in 0..5000u64,
        inside in prop::option::weighted(0.3, 0..5000u64),
        cost in 0..9u64,
    ) -> Node {
        let self_raw = inside.map_or(duration, |inside| duration.saturating_sub(inside));
        Node { inside: u32::from(inside.is_some()), self_raw, cost, ..node(0, duration) }
    }
}

fn quantiles(histogram: &Histogram) -> Vec<Option<f64>> {
    let at = [Quantile::MEDIAN, Quantile::P95, Quantile::P99];
    at.map(|q| histogram.quantile(q).map(|estimate| estimate.value))
        .to_vec()
}

proptest! {
    #[test]
    fn grouping_by_cost_changes_no_statistic(
        nodes in prop::collection::vec((any_node(), prop::bool::weighted(0.9)), 0..200),
        split in any::<prop::sample::Index>(),
    ) {
        let mut budget = Budget::bytes(16 << 20);
        let mut plain = Others::default();
        let mut parts = [SegmentCounts::default(), SegmentCounts::default()];
        let split = split.index(nodes.len() + 1);
        for (index, (node, complete)) in nodes.iter().enumerate() {
            let part = &mut parts[usize::from(index < split)];
            plain.duration.record(node.duration, &mut budget);
            if *complete {
                part.record(node, &mut budget);
                plain.self_raw.record(node.self_raw, &mut budget);
                plain.self_corrected.record(node.self_corrected(), &mut budget);
            } else {
                part.unproven.record(node.duration, &mut budget);
            }
        }
        let [mut grouped, other] = parts;
        grouped.merge(&other, &mut budget);
        prop_assert_eq!(grouped.duration().count(), nodes.len() as u64);
        prop_assert_eq!(quantiles(&grouped.duration()), quantiles(&plain.duration));
        prop_assert_eq!(quantiles(&grouped.self_raw()), quantiles(&plain.self_raw));
        prop_assert_eq!(quantiles(&grouped.self_corrected()), quantiles(&plain.self_corrected));
        prop_assert_eq!(grouped.self_raw().sum(), plain.self_raw.sum());
    }
}
