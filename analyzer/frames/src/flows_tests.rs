use super::records::{Record, Records, RootRecord};
use super::walk::parts;
use super::*;
use crate::statements::{Clock, Segment};
use proptest::prelude::*;
use trace_format::control::{ClockSource, SegmentKind};
use trace_format::{Dispatch, Outcome};

const ENTRY: u16 = 0;
const FP_SAVE: u16 = 1;
const FP_RESTORE: u16 = 2;
const ROOT: u16 = 3;
const BODY: u16 = 8;
const COPIED: u16 = 12;
const ADDRESS_SPACE: u16 = 14;
const IDLE: u16 = 22;

const CLIENT: u32 = 4;
const SERVER: u32 = 5;

fn statements() -> Statements {
    let mut statements = Statements::default();
    let declared = [
        (ENTRY, "entry", None, SegmentKind::Lap),
        (FP_SAVE, "fp_save", None, SegmentKind::Lap),
        (FP_RESTORE, "fp_restore", None, SegmentKind::Lap),
        (ROOT, "dispatch", None, SegmentKind::Dispatch),
        (BODY, "body", Some(ROOT), SegmentKind::Lap),
        (COPIED, "copy", Some(ROOT), SegmentKind::Lap),
        (ADDRESS_SPACE, "address_space", None, SegmentKind::Span),
        (IDLE, "idle", None, SegmentKind::Span),
    ];
    for (id, name, parent, kind) in declared {
        let name = name.to_owned();
        statements
            .segments
            .insert(id, Segment { name, parent, kind });
    }
    for (tid, program) in [(CLIENT, "client"), (SERVER, "server")] {
        statements.threads.insert(tid, (tid, program.to_owned()));
    }
    statements
}

fn span(segment: u16, start: u64, end: u64) -> Record {
    Record {
        start,
        end,
        segment,
        root: None,
    }
}

fn root(tid: u32, flow: u32, outcome: Outcome, start: u64, end: u64) -> Record {
    let dispatch = Dispatch {
        tid,
        flow,
        ..Dispatch::default()
    };
    Record {
        root: Some(RootRecord {
            dispatch,
            outcome,
            whole: true,
        }),
        ..span(ROOT, start, end)
    }
}

fn switch(time: u64, from: u32, to: u32) -> Switch {
    Switch { time, from, to }
}

/// A call that a server answers: ten ticks for everything, and a user part first.
fn round_trip() -> Records {
    let spans = vec![
        span(ENTRY, 110, 120),
        span(FP_SAVE, 120, 130),
        span(BODY, 140, 150),
        root(CLIENT, 1, Outcome::Pending, 140, 150),
        span(ADDRESS_SPACE, 152, 158),
        span(COPIED, 160, 168),
        root(SERVER, 2, Outcome::Resumed, 160, 170),
        // A switch; the server.
        span(FP_RESTORE, 190, 200),
        span(ENTRY, 210, 220),
        span(FP_SAVE, 220, 230),
        root(SERVER, 3, Outcome::Complete, 240, 250),
        span(ADDRESS_SPACE, 250, 252),
        span(COPIED, 260, 270),
        root(CLIENT, 1, Outcome::Resumed, 260, 270),
        root(SERVER, 4, Outcome::Pending, 280, 290),
        span(ADDRESS_SPACE, 295, 300),
        span(FP_RESTORE, 310, 320),
    ];
    Records {
        spans,
        switches: vec![switch(180, CLIENT, SERVER), switch(305, SERVER, CLIENT)],
        ..Records::default()
    }
}

fn divide(interval: (u64, u64), records: &Records) -> Vec<Part> {
    parts(interval, records, CLIENT, &statements()).unwrap()
}

fn in_short(parts: &[Part]) -> Vec<(u64, Kind, Option<u32>, u64)> {
    parts
        .iter()
        .map(|part| (part.ticks, part.kind, part.thread, part.self_ticks))
        .collect()
}

#[test]
fn a_round_trip_is_divided_between_client_server_and_two_handoffs() {
    use Kind::{Dispatch, Entry, Exit, Handoff, Kernel, User};
    let parts = divide((100, 330), &round_trip());
    let (client, server) = (Some(CLIENT), Some(SERVER));
    assert_eq!(
        in_short(&parts),
        [
            (10, User, client, 10),
            (20, Entry, client, 0),
            (10, Kernel, client, 10),
            (10, Dispatch, client, 0),
            (10, Kernel, client, 4),
            (10, Dispatch, server, 2),
            (20, Handoff, None, 20),
            (10, Exit, server, 0),
            (10, User, server, 10),
            (20, Entry, server, 0),
            (10, Kernel, server, 10),
            (10, Dispatch, server, 10),
            (10, Kernel, server, 8),
            (10, Dispatch, client, 0),
            (10, Kernel, server, 10),
            (10, Dispatch, server, 10),
            (20, Handoff, None, 15),
            (10, Exit, client, 0),
            (10, User, client, 10),
        ]
    );
    assert_eq!(parts[5].turn, client, "delivered on the caller's turn");
    assert_eq!(parts[6].switch, Some((CLIENT, SERVER)));
    assert_eq!(parts[16].inside[0].segment, "address_space");
}

#[test]
fn blocked_time_is_everything_between_pending_and_resumed() {
    let flows = view::flows(&divide((100, 330), &round_trip()));
    let call = &flows[0];
    assert_eq!((call.flow, call.thread), (1, CLIENT));
    assert!(!call.begun_before && !call.goes_on);
    let [blocked] = &call.blocked[..] else {
        panic!("{call:?}");
    };
    assert_eq!((blocked.start, blocked.ticks), (50, 110));
    let meanwhile: u64 = blocked.meanwhile.iter().map(|share| share.ticks).sum();
    assert_eq!(meanwhile, 110);
    assert!(flows[1].begun_before, "the server waited before");
    assert!(flows[3].goes_on, "the server waits again");
}

#[test]
fn a_switch_that_nothing_was_brought_for_is_no_handoff() {
    let mut records = round_trip();
    records.spans.retain(|record| record.segment != COPIED);
    let parts = divide((100, 330), &records);
    assert_eq!(parts[6].kind, Kind::Switch);
}

#[test]
fn a_missing_entry_leaves_its_time_unattributed() {
    let mut records = round_trip();
    // The server's way in.
    records.spans.drain(8..10);
    let parts = divide((100, 330), &records);
    let lost: Vec<&Part> = parts
        .iter()
        .filter(|part| part.kind == Kind::Unattributed)
        .collect();
    assert_eq!(lost.len(), 1);
    assert_eq!((lost[0].start, lost[0].ticks), (100, 40));
    assert_eq!(lost[0].thread, None);
}

#[test]
fn a_missing_way_out_leaves_the_rest_unattributed() {
    let mut records = round_trip();
    records.spans.pop();
    let parts = divide((100, 330), &records);
    let last = parts.last().unwrap();
    assert_eq!((last.kind, last.ticks), (Kind::Unattributed, 40));
}

#[test]
fn a_wait_is_named_and_no_count_of_instructions() {
    let mut statements = statements();
    let counting = Clock {
        tsc_hz: 0,
        invariant: false,
        hypervisor: String::new(),
        counts_instructions: true,
        source: ClockSource::Unknown,
        offset_ticks: 0,
        offset_bound_ticks: 0,
    };
    statements.clocks.insert(0, counting);
    let records = Records {
        spans: vec![
            span(ENTRY, 10, 20),
            span(IDLE, 30, 900),
            span(FP_RESTORE, 940, 950),
        ],
        ..Records::default()
    };
    let parts = walk::parts((0, 1000), &records, CLIENT, &statements).unwrap();
    let kinds: Vec<Kind> = parts.iter().map(|part| part.kind).collect();
    use Kind::{Entry, Exit, Idle, Kernel, User};
    assert_eq!(kinds, [User, Entry, Kernel, Idle, Kernel, Exit, User]);
    assert_eq!(unit(&parts, &statements), Unit::VirtualNs);
    assert_eq!(unit(&parts[..2], &statements), Unit::Instructions);
}

#[test]
fn records_across_the_edges_are_cut() {
    let parts = divide((145, 165), &round_trip());
    assert_eq!(parts[0].kind, Kind::Dispatch);
    assert_eq!((parts[0].start, parts[0].ticks), (0, 5));
    assert_eq!(parts[2].ticks, 5);
    assert_eq!(parts.iter().map(|part| part.ticks).sum::<u64>(), 20);
}

#[test]
fn an_interrupt_lies_in_whatever_it_interrupted() {
    let mut records = round_trip();
    // Its ring has trees of its own, and they come before or after the thread's.
    records.spans.insert(0, span(ADDRESS_SPACE, 142, 146));
    records.spans.push(span(ADDRESS_SPACE, 243, 245));
    let parts = divide((100, 330), &records);
    let inside = |part: &Part| -> Vec<(String, usize, u64)> {
        let inside = part.inside.iter();
        inside
            .map(|inside| (inside.segment.clone(), inside.depth, inside.self_ticks))
            .collect()
    };
    let body = [("body".into(), 0, 6), ("address_space".into(), 1, 4)];
    assert_eq!(inside(&parts[3]), body);
    assert_eq!(inside(&parts[11]), [("address_space".into(), 0, 2)]);
}

#[test]
fn overlapping_records_are_refused() {
    let mut records = round_trip();
    records.spans.push(span(ADDRESS_SPACE, 145, 165));
    let refused = parts((100, 330), &records, CLIENT, &statements());
    assert!(matches!(
        refused,
        Err(StitchError::Overlapping { at: 45 | 60 })
    ));
}

fn any_record() -> impl Strategy<Value = Record> {
    let outcome = prop_oneof![
        Just(Outcome::Complete),
        Just(Outcome::Pending),
        Just(Outcome::Resumed),
        Just(Outcome::ResumedPending),
    ];
    let segment = prop_oneof![
        Just(ENTRY),
        Just(FP_SAVE),
        Just(FP_RESTORE),
        Just(BODY),
        Just(COPIED),
        Just(ADDRESS_SPACE),
        Just(99),
    ];
    (
        any::<bool>(),
        segment,
        outcome,
        0u64..300,
        0u64..40,
        4u32..7,
        0u32..4,
    )
        .prop_map(|(is_root, segment, outcome, start, ticks, tid, flow)| {
            if is_root {
                root(tid, flow, outcome, start, start + ticks)
            } else {
                span(segment, start, start + ticks)
            }
        })
}

/// Takes a record only if it nests in or lies beside all that were taken before.
fn nested(records: Vec<Record>) -> Vec<Record> {
    let mut taken: Vec<Record> = Vec::new();
    for new in records {
        let fits = |old: &Record| {
            let apart = new.end <= old.start || old.end <= new.start;
            let within = |a: &Record, b: &Record| a.start >= b.start && a.end <= b.end;
            apart || within(&new, old) || within(old, &new)
        };
        if taken.iter().all(fits) {
            taken.push(new);
        }
    }
    taken
}

proptest! {
    #[test]
    fn parts_always_lie_end_to_end_and_add_up(
        records in prop::collection::vec(any_record(), 0..60),
        mut times in prop::collection::vec(0u64..350, 0..6),
        start in 0u64..200,
        ticks in 0u64..200,
        before in prop::option::of(0u16..4),
    ) {
        times.sort_unstable();
        times.retain(|time| (start..=start + ticks).contains(time));
        let records = Records {
            spans: nested(records),
            switches: times.iter().map(|t| switch(*t, CLIENT, SERVER)).collect(),
            stop_before: before.map(|segment| (start, segment)),
            ..Records::default()
        };
        let parts = divide((start, start + ticks), &records);
        let mut at = 0;
        for part in &parts {
            prop_assert_eq!(part.start, at);
            prop_assert!(part.ticks > 0);
            let inside: u64 = part.inside.iter().map(|inside| inside.self_ticks).sum();
            prop_assert_eq!(part.self_ticks + inside, part.ticks);
            at += part.ticks;
        }
        prop_assert_eq!(at, ticks);
        let by_process: u64 = sums::sums(&parts, &statements()).iter().map(|sum| sum.ticks).sum();
        prop_assert_eq!(by_process, ticks);
        for flow in view::flows(&parts) {
            for blocked in flow.blocked {
                let meanwhile: u64 = blocked.meanwhile.iter().map(|share| share.ticks).sum();
                prop_assert_eq!(meanwhile, blocked.ticks);
            }
        }
    }

    #[test]
    fn no_records_whatever_they_are_make_it_panic(
        spans in prop::collection::vec(any_record(), 0..60),
        start in 0u64..200,
        ticks in 0u64..200,
    ) {
        let records = Records { spans, ..Records::default() };
        if let Ok(parts) = parts((start, start + ticks), &records, CLIENT, &statements()) {
            prop_assert_eq!(parts.iter().map(|part| part.ticks).sum::<u64>(), ticks);
        }
    }
}
