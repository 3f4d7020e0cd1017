//! A stream from its first message to its last.

use crate::common::{SMALL, Wire, discard, start, start_this};
use kernel_measure::control::{Message, ProbeKind, RingMode, SegmentDeclared, SegmentKind};
use kernel_measure::{
    Config, Context, InstantId, Layout, LinkError, Measure, SegmentId, Slot, StartError,
    TransportError,
};

const SEGMENT: SegmentId = SegmentId::new(1);

#[test]
fn a_stream_begins_with_who_speaks_what_ids_mean_and_what_probes_cost() {
    let (_, wire) = start(SMALL, |config| {
        config.features = "fast-path";
        config.declarations.segments = &[SegmentDeclared {
            id: 1,
            parent: None,
            kind: SegmentKind::Span,
            name: "body",
        }];
    });
    let messages = wire.decode().messages;
    let Message::Session(session) = messages[0] else {
        panic!("no session first: {:?}", messages[0]);
    };
    assert_eq!(
        (session.kernel, session.build_id),
        ("test-kernel", "test-build")
    );
    assert_eq!(
        (session.variant, session.features),
        ("segments", "fast-path")
    );
    assert_eq!((session.cpus, session.ring_slots), (1, 32));
    assert_eq!(session.ring_mode, RingMode::Discard);
    assert!(matches!(messages[1], Message::SegmentDeclared(s) if s.name == "body"));
    assert!(matches!(messages[2], Message::ClockCertificate(c) if c.cpu == 0));
    let calibrated: Vec<_> = messages[3..]
        .iter()
        .map(|message| match message {
            Message::Calibration(calibration) => calibration.probe,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        calibrated,
        [
            ProbeKind::Span,
            ProbeKind::Lap,
            ProbeKind::Dispatch,
            ProbeKind::Instant,
            ProbeKind::Count
        ]
    );
}

#[test]
fn calibration_leaves_no_trace_in_the_accounts() {
    let (measure, wire) = start(SMALL, discard);
    measure.drain().unwrap();
    assert_eq!(measure.accounts(0, Context::Thread), Default::default());
    assert!(wire.decode().records.is_empty());
}

#[test]
fn a_span_costs_something_inside_and_outside() {
    let (_, wire) = start(SMALL, discard);
    let calibration = wire.decode().messages.into_iter().find_map(|m| match m {
        Message::Calibration(c) if c.probe == ProbeKind::Span => Some(c),
        _ => None,
    });
    let calibration = calibration.unwrap();
    assert!(calibration.inner_ticks > 0, "{calibration:?}");
    assert!(calibration.outer_ticks > 0, "{calibration:?}");
    assert!(calibration.iterations > 0);
}

#[test]
fn probes_before_the_start_are_not_kept_and_not_counted() {
    let measure: &'static Measure<1> = Box::leak(Box::new(Measure::new()));
    // SAFETY: nobody else records in this context.
    let thread = unsafe { measure.thread(0) };
    thread.span(SEGMENT).end();
    thread.instant(InstantId::SWITCH, 0, 0);
    let wire = start_this(measure, SMALL, discard);
    thread.span(SEGMENT).end();
    measure.finish().unwrap();
    let decoded = wire.decode();
    assert_eq!(decoded.records.len(), 1);
    assert!(decoded.instants.is_empty());
    assert!(decoded.headers.iter().all(|h| h.origin.lost.total() == 0));
}

#[test]
fn a_stream_ends_with_its_accounts_and_its_totals() {
    let (measure, wire) = start(SMALL, discard);
    // SAFETY: nobody else records in this context.
    let thread = unsafe { measure.thread(0) };
    thread.span(SEGMENT).end();
    thread.instant(InstantId::SWITCH, 1, 2);
    let open = thread.span(SEGMENT);
    measure.finish().unwrap();
    open.end();

    let decoded = wire.decode();
    let account = decoded.messages.iter().find_map(|message| match message {
        Message::RingAccount(account) if account.context == Context::Thread => Some(account),
        _ => None,
    });
    let account = account.unwrap();
    assert_eq!((account.begun, account.committed, account.open), (2, 1, 1));
    let Some(Message::EndOfStream(end)) = decoded.messages.last() else {
        panic!("no end of stream");
    };
    assert_eq!(end.frames as usize, decoded.headers.len());
    assert_eq!((end.samples, end.instants), (0, 1));
    assert_eq!(measure.drain(), Err(LinkError::NotOpen));
}

#[test]
fn a_panic_says_what_happened_and_saves_what_was_recorded() {
    let (measure, wire) = start(SMALL, discard);
    // SAFETY: nobody else records in this context.
    let thread = unsafe { measure.thread(0) };
    let _never_ends = thread.span(SEGMENT);
    thread.span(SEGMENT).end();
    // SAFETY: nothing is recorded after this.
    unsafe { measure.panic_flush("out of luck", "kernel.rs:1") };

    let decoded = wire.decode();
    let panicked = decoded.messages.iter().find_map(|message| match message {
        Message::Panicked(panicked) => Some(panicked),
        _ => None,
    });
    let panicked = panicked.unwrap();
    assert_eq!(
        (panicked.message, panicked.location, panicked.open_spans),
        ("out of luck", "kernel.rs:1", 1)
    );
    assert_eq!(decoded.records.len(), 1);
    let ends = |message: &Message<'_>| matches!(message, Message::EndOfStream(_));
    assert!(!decoded.messages.iter().any(ends));
}

#[test]
fn a_panic_inside_a_drain_still_gets_out() {
    // A transport that panics the kernel, which flushes through the same
    // recorder, as a kernel's panic handler does.
    struct Panicking(Wire, &'static Measure<1>, bool);
    impl kernel_measure::Transport for Panicking {
        fn send(&mut self, bytes: &[u8]) -> Result<(), TransportError> {
            if core::mem::take(&mut self.2) {
                // SAFETY: the interrupted drain is given up: see the test.
                unsafe { self.1.panic_flush("in a drain", "") };
                return Err(TransportError::Stalled);
            }
            self.0.send(bytes)
        }
    }
    let measure: &'static Measure<1> = Box::leak(Box::new(Measure::new()));
    let wire = Wire::default();
    let memory = vec![Slot::EMPTY; SMALL.slots(1)].leak();
    let transport = Box::leak(Box::new(Panicking(wire.clone(), measure, false)));
    let arm = &raw mut transport.2;
    let config = Config::new("test-kernel", "", SMALL, memory, transport);
    measure.start(0, config).unwrap();
    // SAFETY: nobody else records in this context.
    unsafe { measure.thread(0) }.span(SEGMENT).end();
    // SAFETY: the transport is not in use now.
    unsafe { *arm = true };
    assert!(measure.drain().is_err());
    let decoded = wire.decode();
    assert_eq!(decoded.records.len(), 1);
}

#[test]
fn memory_that_is_too_small_is_refused_with_the_size_needed() {
    let measure: &'static Measure<2> = Box::leak(Box::new(Measure::new()));
    let memory = vec![Slot::EMPTY; SMALL.slots(2) - 1].leak();
    let transport = Box::leak(Box::new(Wire::default()));
    let config = Config::new("test-kernel", "", SMALL, memory, transport);
    let refused = measure.start(0, config);
    let needed = SMALL.slots(2);
    let given = needed - 1;
    assert_eq!(refused, Err(StartError::Memory { needed, given }));
}

#[test]
fn ring_sizes_that_are_no_power_of_two_are_refused() {
    let measure: &'static Measure<1> = Box::leak(Box::new(Measure::new()));
    let layout = Layout::with_thread_slots(1000);
    let memory = vec![Slot::EMPTY; layout.slots(1)].leak();
    let transport = Box::leak(Box::new(Wire::default()));
    let config = Config::new("test-kernel", "", layout, memory, transport);
    assert_eq!(measure.start(0, config), Err(StartError::Layout));
}

#[test]
fn every_cpu_has_rings_of_its_own() {
    let measure: &'static Measure<2> = Box::leak(Box::new(Measure::new()));
    let wire = start_this(measure, SMALL, discard);
    std::thread::scope(|scope| {
        for cpu in 0..2 {
            scope.spawn(move || {
                // SAFETY: one thread plays each CPU.
                let thread = unsafe { measure.thread(cpu) };
                for _ in 0..=cpu {
                    thread.span(SEGMENT).end();
                }
            });
        }
    });
    measure.finish().unwrap();
    let decoded = wire.decode();
    assert_eq!(decoded.on(0, Context::Thread).len(), 1);
    assert_eq!(decoded.on(1, Context::Thread).len(), 2);
}
