//! Benchmark windows.

use crate::common::{SMALL, discard, start};
use kernel_measure::control::{Aggregation, CounterDeclared, Edge, Message};
use kernel_measure::{Context, CounterId, SegmentId, Window, WindowError};

const WINDOW: Window<'static> = Window {
    benchmark: "ring/nop/1",
    tid: 3,
    record_bound: 16,
    expected_operations: 5,
};

#[test]
fn a_window_states_rings_and_counters_at_both_edges() {
    let (measure, wire) = start(SMALL, |config| {
        config.declarations.counters = &[CounterDeclared {
            id: 4,
            aggregation: Aggregation::Sum,
            unit: "1",
            name: "dispatches",
        }];
    });
    // SAFETY: nobody else records in these contexts.
    let (thread, irq) = unsafe { (measure.thread(0), measure.irq(0)) };
    thread.span(SegmentId::new(1)).end();
    let window = measure.begin_window(WINDOW).unwrap();
    assert_eq!(window.get(), 1);
    thread.span(SegmentId::new(1)).end();
    thread.count(CounterId::new(4), 2);
    irq.count(CounterId::new(4), 1);
    measure.end_window(window).unwrap();

    let messages = wire.decode().messages;
    let begun = messages.iter().find_map(|message| match message {
        Message::WindowBegun(begun) => Some(begun),
        _ => None,
    });
    let begun = begun.unwrap();
    assert_eq!((begun.benchmark, begun.tid), ("ring/nop/1", 3));
    let thread_ring = |edge| {
        messages.iter().find_map(|message| match message {
            Message::WindowRing(r) if r.edge == edge && r.context == Context::Thread => {
                Some((r.committed, r.dropped))
            }
            _ => None,
        })
    };
    assert_eq!(thread_ring(Edge::Begin), Some((1, 0)));
    assert_eq!(thread_ring(Edge::End), Some((2, 0)));
    let counter = |edge| {
        messages.iter().find_map(|message| match message {
            Message::WindowCounter(c) if c.edge == edge => Some((c.counter, c.value)),
            _ => None,
        })
    };
    assert_eq!(counter(Edge::Begin), Some((4, 0)));
    assert_eq!(counter(Edge::End), Some((4, 3)));
    let ended = |message: &Message<'_>| matches!(message, Message::WindowEnded(e) if e.window == 1);
    assert!(messages.iter().any(ended));
}

#[test]
fn a_window_that_may_not_fit_is_refused_with_the_room_it_needs() {
    let (measure, wire) = start(SMALL, discard);
    let refused = measure.begin_window(Window {
        record_bound: 17,
        ..WINDOW
    });
    let (needed, capacity) = (34, 32);
    assert_eq!(refused, Err(WindowError::RingTooSmall { needed, capacity }));
    let messages = wire.decode().messages;
    let Some(Message::WindowRefused(told)) = messages.last() else {
        panic!("not told");
    };
    assert_eq!((told.needed, told.capacity), (34, 32));
    // The next window is the first one.
    assert_eq!(measure.begin_window(WINDOW).unwrap().get(), 1);
}

#[test]
fn a_window_starts_with_empty_rings() {
    let (measure, wire) = start(SMALL, discard);
    // SAFETY: nobody else records in this context.
    let thread = unsafe { measure.thread(0) };
    for _ in 0..32 {
        thread.span(SegmentId::new(1)).end();
    }
    let window = measure.begin_window(WINDOW).unwrap();
    for _ in 0..32 {
        thread.span(SegmentId::new(2)).end();
    }
    measure.end_window(window).unwrap();
    assert_eq!(wire.decode().records.len(), 64);
    assert_eq!(measure.accounts(0, Context::Thread).dropped, 0);
}
