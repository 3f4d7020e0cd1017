//! Whatever a kernel does with its probes, the accounts balance with what the
//! host decodes.

use crate::common::{Record, SMALL, discard, overwrite, start};
use kernel_measure::{
    Context, Dispatch, DispatchInfo, InstantId, Outcome, SegmentId, Span, Thread,
};
use proptest::prelude::*;
use trace_format::FrameKind;

/// A piece of a kernel path.
#[derive(Clone, Debug)]
enum Step {
    Span(u16, Vec<Step>),
    Laps(Vec<u16>),
    Dispatch(u16, u32, Vec<Step>),
    Instant(u16),
    Drain { refuse: bool },
}

fn step() -> impl Strategy<Value = Step> {
    let leaf = prop_oneof![
        proptest::collection::vec(0u16..4096, 0..6).prop_map(Step::Laps),
        any::<u16>().prop_map(Step::Instant),
        any::<bool>().prop_map(|refuse| Step::Drain { refuse }),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let steps = proptest::collection::vec(inner, 0..6);
        prop_oneof![
            (0u16..4096, steps.clone()).prop_map(|(segment, steps)| Step::Span(segment, steps)),
            (0u16..4096, any::<u32>(), steps)
                .prop_map(|(segment, flow, steps)| Step::Dispatch(segment, flow, steps)),
        ]
    })
}

/// What the ring's records should be, dropped ones included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Span(u16),
    Root(u16, u32, u16),
}

struct Kernel<'m> {
    thread: Thread<'m>,
    drain: &'m dyn Fn(bool),
    expected: Vec<Expected>,
    instants: Vec<u16>,
}

impl Kernel<'_> {
    fn run(&mut self, steps: &[Step]) {
        for step in steps {
            match step {
                Step::Span(segment, steps) => {
                    let probe: Span<'_> = self.thread.span(SegmentId::new(*segment));
                    self.run(steps);
                    probe.end();
                    self.expected.push(Expected::Span(*segment));
                }
                Step::Laps(segments) => {
                    let mut probe = self.thread.lap();
                    for &segment in segments {
                        probe.mark(SegmentId::new(segment));
                        self.expected.push(Expected::Span(segment));
                    }
                }
                Step::Dispatch(segment, flow, steps) => {
                    let mut probe: Dispatch<'_> = self.thread.dispatch(SegmentId::new(*segment));
                    let before = self.expected.len();
                    self.run(steps);
                    probe.lap(SegmentId::new(0));
                    self.expected.push(Expected::Span(0));
                    let inside = (self.expected.len() - before) as u16;
                    let info = DispatchInfo {
                        flow: *flow,
                        ..DispatchInfo::default()
                    };
                    probe.end(info, Outcome::Complete);
                    self.expected.push(Expected::Root(*segment, *flow, inside));
                }
                Step::Instant(id) => {
                    self.thread.instant(InstantId::new(*id), 1, 2);
                    self.instants.push(*id);
                }
                Step::Drain { refuse } => (self.drain)(*refuse),
            }
        }
    }
}

proptest! {
    #[test]
    fn every_record_is_decoded_or_accounted_for(
        steps in proptest::collection::vec(step(), 0..24),
        overwrites: bool,
    ) {
        let (measure, wire) = start(SMALL, if overwrites { overwrite } else { discard });
        let drain = |refuse| {
            wire.refuse(u32::from(refuse));
            let _ = measure.drain();
            wire.refuse(0);
        };
        let mut kernel = Kernel {
            // SAFETY: nobody else records in this context.
            thread: unsafe { measure.thread(0) },
            drain: &drain,
            expected: Vec::new(),
            instants: Vec::new(),
        };
        kernel.run(&steps);
        let (expected, instants) = (kernel.expected, kernel.instants);
        measure.finish().unwrap();

        let accounts = measure.accounts(0, Context::Thread);
        prop_assert_eq!(accounts.open(), 0);
        prop_assert_eq!(accounts.begun, expected.len() as u64);
        prop_assert_eq!(accounts.begun, accounts.committed + accounts.dropped);
        let decoded = wire.decode();
        let records = decoded.of(Context::Thread);
        prop_assert_eq!(records.len() as u64, accounts.committed - accounts.overwritten);
        let other = if overwrites { accounts.dropped } else { accounts.overwritten };
        prop_assert_eq!(other, 0);

        let headers = decoded.headers.iter().rev();
        let mut span_frames = headers.filter(|header| header.kind == FrameKind::Spans);
        let told = span_frames.next().map_or(0, |header| header.origin.lost.total());
        prop_assert_eq!(told, accounts.dropped + accounts.overwritten);

        // What came through is a part of what happened, in its order.
        let mut rest = expected.iter();
        for record in &records {
            let record = match record {
                Record::Span(span) => Expected::Span(span.segment),
                Record::Root(root) => {
                    Expected::Root(root.segment, root.dispatch.flow, root.spans_inside)
                }
            };
            prop_assert!(rest.any(|expected| *expected == record), "{record:?}");
        }
        let mut rest = instants.iter();
        for (_, instant) in &decoded.instants {
            prop_assert!(rest.any(|id| *id == instant.id));
        }
    }
}
