//! Probes and the records they leave.

use crate::common::{Record, SMALL, discard, start};
use kernel_measure::{
    Context, CounterId, DispatchInfo, InstantId, Outcome, Sample, SampleFlags, SegmentId,
};
use trace_format::{Instant, Root, Span};

const OUTER: SegmentId = SegmentId::new(7);
const INNER: SegmentId = SegmentId::new(4095);
const FIRST: SegmentId = SegmentId::new(1);
const SECOND: SegmentId = SegmentId::new(2);
const ROOT: SegmentId = SegmentId::new(9);

#[test]
fn nested_spans_come_out_children_first_and_inside_their_parents() {
    let (measure, wire) = start(SMALL, discard);
    // SAFETY: nobody else records in this context.
    let thread = unsafe { measure.thread(0) };
    let outer = thread.span(OUTER);
    thread.span(INNER).end();
    outer.end();
    measure.drain().unwrap();

    let records = wire.decode().of(Context::Thread);
    let [Record::Span(inner), Record::Span(outer)] = records[..] else {
        panic!("not two spans: {records:?}");
    };
    assert_eq!((inner.segment, outer.segment), (INNER.get(), OUTER.get()));
    assert!(outer.start <= inner.start);
    assert!(inner.start + inner.duration <= outer.start + outer.duration);
    assert_eq!(measure.accounts(0, Context::Thread).open(), 0);
}

#[test]
fn laps_share_their_boundaries() {
    let (measure, wire) = start(SMALL, discard);
    // SAFETY: nobody else records in this context.
    let mut lap = unsafe { measure.thread(0) }.lap();
    lap.mark(FIRST);
    lap.mark(SECOND);
    measure.drain().unwrap();

    let records = wire.decode().of(Context::Thread);
    let [Record::Span(first), Record::Span(second)] = records[..] else {
        panic!("not two spans: {records:?}");
    };
    assert_eq!((first.segment, second.segment), (FIRST.get(), SECOND.get()));
    assert_eq!(first.start + first.duration, second.start);
}

#[test]
fn a_dispatch_spans_its_laps_and_says_what_it_was() {
    let info = DispatchInfo {
        tid: u32::MAX,
        flow: 0x8000_0001,
        result: -9,
        opcode: 255,
        interface: 3,
        method: 0xFFFE,
    };
    let (measure, wire) = start(SMALL, discard);
    // SAFETY: nobody else records in this context.
    let mut dispatch = unsafe { measure.thread(0) }.dispatch(ROOT);
    dispatch.lap(FIRST);
    dispatch.span(INNER).end();
    dispatch.lap(SECOND);
    dispatch.end(info, Outcome::ResumedPending);
    measure.drain().unwrap();

    let records = wire.decode().of(Context::Thread);
    let [
        Record::Span(first),
        Record::Span(_),
        Record::Span(second),
        Record::Root(root),
    ] = records[..]
    else {
        panic!("not the tree: {records:?}");
    };
    let end = |span: Span| span.start + span.duration;
    let expected = Root {
        start: first.start,
        duration: end(second) - first.start,
        segment: ROOT.get(),
        outcome: Outcome::ResumedPending,
        spans_inside: 3,
        dispatch: info,
    };
    assert_eq!(root, expected);
}

#[test]
fn an_interval_is_recorded_as_it_was_read() {
    let (measure, wire) = start(SMALL, discard);
    // SAFETY: reading the counter has no precondition.
    let start = unsafe { core::arch::x86_64::_rdtsc() };
    // SAFETY: nobody else records in this context.
    unsafe { measure.thread(0) }.interval(FIRST, start, start + 5);
    measure.drain().unwrap();
    let expected = Record::Span(Span {
        start,
        duration: 5,
        segment: FIRST.get(),
    });
    assert_eq!(wire.decode().of(Context::Thread), [expected]);
}

#[test]
fn contexts_do_not_mix() {
    let (measure, wire) = start(SMALL, discard);
    // SAFETY: this test plays all three contexts, one after the other.
    let (thread, irq, nmi) = unsafe { (measure.thread(0), measure.irq(0), measure.nmi(0)) };
    let interrupted = thread.span(OUTER);
    irq.span(FIRST).end();
    nmi.span(SECOND).end();
    interrupted.end();
    measure.drain().unwrap();

    let decoded = wire.decode();
    assert_eq!(decoded.segments(Context::Thread), [OUTER.get()]);
    assert_eq!(decoded.segments(Context::Irq), [FIRST.get()]);
    assert_eq!(decoded.segments(Context::Nmi), [SECOND.get()]);
}

#[test]
fn instants_keep_both_arguments() {
    let (measure, wire) = start(SMALL, discard);
    // SAFETY: nobody else records in this context.
    let thread = unsafe { measure.thread(0) };
    thread.instant(InstantId::SWITCH, 1, 2);
    thread.instant(InstantId::new(u16::MAX), u32::MAX, u64::MAX);
    measure.drain().unwrap();

    let instants = wire.decode().instants;
    let strip = |(context, instant)| {
        assert_eq!(context, Context::Thread);
        let Instant { id, a, b, .. } = instant;
        (id, a, b)
    };
    let instants: Vec<_> = instants.into_iter().map(strip).collect();
    assert_eq!(instants, [(0, 1, 2), (u16::MAX, u32::MAX, u64::MAX)]);
}

#[test]
fn samples_come_out_as_they_went_in() {
    let sample = Sample {
        start: u64::MAX - 1,
        ticks: 1 << 60,
        window: 3,
        operations: u32::MAX,
        metric: 5,
        flags: SampleFlags::COLD | SampleFlags::IDLED,
    };
    let (measure, wire) = start(SMALL, discard);
    // SAFETY: nobody else records in this context.
    unsafe { measure.thread(0) }.sample(sample);
    measure.drain().unwrap();
    assert_eq!(wire.decode().samples, [sample]);
}

#[test]
fn counters_are_sent_when_they_change_and_only_if_declared() {
    use kernel_measure::control::{Aggregation, CounterDeclared};
    const DECLARED: CounterId = CounterId::new(63);
    const UNDECLARED: CounterId = CounterId::new(0);
    let (measure, wire) = start(SMALL, |config| {
        config.declarations.counters = &[CounterDeclared {
            id: 63,
            aggregation: Aggregation::Sum,
            unit: "1",
            name: "dispatches",
        }];
    });
    // SAFETY: nobody else records in this context.
    let thread = unsafe { measure.thread(0) };
    thread.count(DECLARED, 2);
    thread.count(UNDECLARED, 1);
    measure.drain().unwrap();
    measure.drain().unwrap();
    thread.count(DECLARED, 3);
    measure.drain().unwrap();

    let counters = wire.decode().counters;
    let values: Vec<_> = counters.iter().map(|(_, c)| (c.id, c.value)).collect();
    assert_eq!(values, [(63, 2), (63, 5)]);
}
