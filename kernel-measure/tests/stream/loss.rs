//! What is lost is counted, and nothing else is lost.

use crate::common::{SMALL, discard, overwrite, start};
use kernel_measure::{Context, DispatchInfo, InstantId, LinkError, Outcome, Sample, SegmentId};
use kernel_measure::{Measure, TransportError};

const ROOT: SegmentId = SegmentId::new(100);

fn spans(measure: &Measure<1>, numbers: std::ops::Range<u16>) {
    // SAFETY: nobody else records in this context.
    let thread = unsafe { measure.thread(0) };
    for number in numbers {
        thread.span(SegmentId::new(number)).end();
    }
}

#[test]
fn a_full_ring_keeps_the_start_and_counts_the_rest() {
    let (measure, wire) = start(SMALL, discard);
    spans(measure, 0..40);
    measure.drain().unwrap();
    let decoded = wire.decode();
    let kept: Vec<u16> = (0..32).collect();
    assert_eq!(decoded.segments(Context::Thread), kept);
    assert_eq!(decoded.headers.last().unwrap().origin.lost.ring_full, 8);
    let accounts = measure.accounts(0, Context::Thread);
    assert_eq!((accounts.begun, accounts.open()), (40, 0));
}

#[test]
fn a_drained_ring_takes_records_again() {
    let (measure, wire) = start(SMALL, discard);
    for round in 0..5 {
        spans(measure, round * 30..round * 30 + 30);
        measure.drain().unwrap();
    }
    let all: Vec<u16> = (0..150).collect();
    assert_eq!(wire.decode().segments(Context::Thread), all);
}

#[test]
fn a_root_that_does_not_fit_whole_is_dropped_whole() {
    let (measure, wire) = start(SMALL, discard);
    spans(measure, 0..31);
    // SAFETY: nobody else records in this context.
    let dispatch = unsafe { measure.thread(0) }.dispatch(ROOT);
    dispatch.end(DispatchInfo::default(), Outcome::Complete);
    spans(measure, 31..32);
    measure.drain().unwrap();
    let kept: Vec<u16> = (0..32).collect();
    assert_eq!(wire.decode().segments(Context::Thread), kept);
    assert_eq!(measure.accounts(0, Context::Thread).dropped, 1);
}

#[test]
fn an_overwriting_ring_keeps_the_tail_and_counts_what_it_gave_up() {
    let (measure, wire) = start(SMALL, overwrite);
    // SAFETY: nobody else records in this context.
    let thread = unsafe { measure.thread(0) };
    for number in 0..100 {
        thread.span(SegmentId::new(number)).end();
        let dispatch = thread.dispatch(SegmentId::new(1_000 + number));
        dispatch.end(DispatchInfo::default(), Outcome::Complete);
    }
    measure.drain().unwrap();
    let decoded = wire.decode();
    let kept = decoded.segments(Context::Thread);
    assert_eq!(kept.last(), Some(&1_099));
    let accounts = measure.accounts(0, Context::Thread);
    assert_eq!(accounts.committed, 200);
    assert_eq!(accounts.overwritten, 200 - kept.len() as u64);
    // The ring holds 32 slots and gives up at most a sixteenth at a time.
    assert!(kept.len() >= 18, "{kept:?}");
    let lost = decoded.headers.last().unwrap().origin.lost;
    assert_eq!(lost.overwritten, accounts.overwritten);
}

#[test]
fn overwritten_instants_are_counted_too() {
    let (measure, wire) = start(SMALL, overwrite);
    // SAFETY: nobody else records in this context.
    let thread = unsafe { measure.thread(0) };
    for b in 0..50 {
        thread.instant(InstantId::new(1), 0, b);
    }
    measure.drain().unwrap();
    let decoded = wire.decode();
    let kept: Vec<u64> = decoded.instants.iter().map(|(_, i)| i.b).collect();
    let expected: Vec<u64> = (50 - kept.len() as u64..50).collect();
    assert_eq!(kept, expected);
    let lost = decoded.headers.last().unwrap().origin.lost;
    assert_eq!(lost.overwritten, 50 - kept.len() as u64);
}

#[test]
fn an_overwriting_ring_goes_on_after_a_drain() {
    let (measure, wire) = start(SMALL, overwrite);
    spans(measure, 0..50);
    measure.drain().unwrap();
    spans(measure, 50..60);
    measure.drain().unwrap();
    let kept = wire.decode().segments(Context::Thread);
    assert_eq!(
        kept[kept.len() - 11..],
        [49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59]
    );
}

#[test]
fn a_refused_frame_is_sent_again_and_loses_nothing() {
    let (measure, wire) = start(SMALL, discard);
    spans(measure, 0..10);
    wire.refuse(1);
    let refused = Err(LinkError::Transport(TransportError::Stalled));
    assert_eq!(measure.drain(), refused);
    spans(measure, 10..20);
    measure.drain().unwrap();
    // The reader panics on a gap in the sequence.
    let decoded = wire.decode();
    let all: Vec<u16> = (0..20).collect();
    assert_eq!(decoded.segments(Context::Thread), all);
}

#[test]
fn a_refused_drain_does_not_close_an_overwriting_ring() {
    let (measure, wire) = start(SMALL, overwrite);
    spans(measure, 0..10);
    wire.refuse(1);
    assert!(measure.drain().is_err());
    spans(measure, 10..20);
    measure.drain().unwrap();
    assert_eq!(wire.decode().segments(Context::Thread).len(), 20);
    assert_eq!(measure.accounts(0, Context::Thread).dropped, 0);
}

#[test]
fn spans_cannot_take_the_room_of_samples() {
    let (measure, wire) = start(SMALL, discard);
    spans(measure, 0..100);
    // SAFETY: nobody else records in this context.
    let thread = unsafe { measure.thread(0) };
    assert_eq!(thread.sample_room(), 8);
    let sample = Sample {
        start: 1,
        ticks: 2,
        window: 1,
        operations: 1,
        metric: 0,
        flags: Default::default(),
    };
    for _ in 0..8 {
        thread.sample(sample);
    }
    assert_eq!(thread.sample_room(), 0);
    measure.drain().unwrap();
    assert_eq!(wire.decode().samples, [sample; 8]);
    assert_eq!(thread.sample_room(), 8);
}

#[test]
fn a_loss_without_records_is_told_once() {
    let (measure, wire) = start(SMALL, discard);
    // SAFETY: nobody else records in this context, whose ring has no memory.
    unsafe { measure.nmi(0) }.instant(InstantId::new(1), 0, 0);
    measure.drain().unwrap();
    measure.drain().unwrap();
    let decoded = wire.decode();
    let told = |header: &&trace_format::FrameHeader| header.origin.lost.ring_full == 1;
    let telling: Vec<_> = decoded.headers.iter().filter(told).collect();
    assert_eq!(telling.len(), 1);
    assert_eq!(telling[0].record_count, 0);
    assert_eq!(telling[0].origin.context, Context::Nmi);
}

#[test]
fn a_lost_control_message_is_told_with_the_next_one() {
    use kernel_measure::control::{Message, ProcessExited};
    let (measure, wire) = start(SMALL, discard);
    let exited = Message::ProcessExited(ProcessExited { pid: 1, code: 0 });
    wire.refuse(1);
    assert!(measure.control(exited).is_err());
    measure.control(exited).unwrap();
    let decoded = wire.decode();
    assert_eq!(decoded.headers.last().unwrap().origin.lost.transport, 1);
}
