//! Control messages: bodies never change, unknown ids are skipped.

mod common;

use common::origin;
use trace_format::control::*;
use trace_format::decode::{Event, Frames, Messages};
use trace_format::{Context, DecodeWarning};

fn one_of_each() -> Vec<Message<'static>> {
    vec![
        Message::Session(Session {
            build_id: "0123abcd",
            kernel: "capos-reference",
            variant: "segments",
            features: "measure,segments",
            cpus: 1,
            ring_mode: RingMode::Discard,
            ring_slots: 65536,
        }),
        Message::SegmentDeclared(SegmentDeclared {
            id: 2,
            parent: Some(0),
            kind: SegmentKind::Lap,
            name: "validate",
        }),
        Message::InterfaceDeclared(InterfaceDeclared {
            index: 4,
            id: 0x6e75_6c6c_6361_7030,
            name: "NullCap",
        }),
        Message::CounterDeclared(CounterDeclared {
            id: 1,
            aggregation: Aggregation::Maximum,
            unit: "1",
            name: "sqes_consumed",
        }),
        Message::InstantDeclared(InstantDeclared {
            id: 0,
            name: "switch",
            a: "from tid",
            b: "to tid",
        }),
        Message::MetricDeclared(MetricDeclared {
            window: 3,
            metric: 1,
            name: "wake_to_resume",
        }),
        Message::ThreadDeclared(ThreadDeclared {
            tid: 2,
            pid: 2,
            program: "ring-nop",
        }),
        Message::ClockCertificate(ClockCertificate {
            cpu: 0,
            tsc_hz: 1_000_000_000,
            source: ClockSource::IntervalTimer,
            invariant: false,
            hypervisor: "TCGTCGTCGTCG",
            counts_instructions: true,
            offset_ticks: -3,
            offset_bound_ticks: 180,
        }),
        Message::Calibration(Calibration {
            cpu: 0,
            probe: ProbeKind::Lap,
            inner_ticks: 3,
            outer_ticks: 9,
            bound_ticks: 2,
            iterations: 1000,
        }),
        Message::WindowBegun(WindowBegun {
            window: 1,
            benchmark: "ring/nop/16",
            tid: 2,
            record_bound: 20_000,
            expected_operations: 3200,
            time: 1 << 40,
        }),
        Message::WindowRing(WindowRing {
            window: 1,
            edge: Edge::Begin,
            cpu: 0,
            context: Context::Thread,
            committed: 12,
            dropped: 0,
        }),
        Message::WindowCounter(WindowCounter {
            window: 1,
            edge: Edge::End,
            cpu: 0,
            counter: 1,
            value: 3201,
        }),
        Message::WindowEnded(WindowEnded {
            window: 1,
            time: (1 << 40) + 7,
        }),
        Message::WindowRefused(WindowRefused {
            benchmark: "ring/nop/16",
            needed: 70_000,
            capacity: 65_536,
        }),
        Message::Verdict(Verdict {
            window: 1,
            outcome: OracleOutcome::Failed,
            submitted: 3200,
            completed: 3199,
            failures: 1,
            detail: "completion 17: result -1, expected 0",
        }),
        Message::AuthorityGranted(AuthorityGranted {
            pid: 2,
            name: "null",
            interface: 0x6e75_6c6c_6361_7030,
            source: "null",
        }),
        Message::AuthorityExercised(AuthorityExercised {
            pid: 2,
            interface: 0x6e75_6c6c_6361_7030,
            calls: 6400,
        }),
        Message::DenialProven(DenialProven {
            pid: 2,
            name: "no-console",
            interface: 0x913a_e022_0246_3262,
            observed: "-4 invoke failed",
        }),
        Message::ProcessExited(ProcessExited { pid: 2, code: -1 }),
        Message::ProcessFaulted(ProcessFaulted {
            pid: 2,
            vector: 14,
            error_code: 6,
            instruction: 0x20_4b80,
            address: 0,
        }),
        Message::Panicked(Panicked {
            time: 99,
            message: "capability table is corrupt",
            location: "src/capability/table.rs:12",
            open_spans: 2,
        }),
        Message::RingAccount(RingAccount {
            cpu: 0,
            context: Context::Nmi,
            begun: 10,
            committed: 7,
            dropped: 2,
            overwritten: 0,
            open: 1,
        }),
        Message::EndOfStream(EndOfStream {
            frames: 40,
            samples: 1200,
            instants: 4,
            time: u64::MAX,
        }),
        Message::AuditRecord(AuditRecord {
            time_ns: 1_500_000,
            pid: 3,
            event: "login",
            subject: "operator",
            outcome: AuditOutcome::Denied,
        }),
    ]
}

fn frame_of(messages: &[Message<'_>]) -> Vec<u8> {
    let mut buffer = vec![0; 8192];
    let mut frame = ControlFrame::new(&mut buffer);
    for message in messages {
        message.push_to(&mut frame).unwrap();
    }
    frame.finish(origin(0), 5).to_vec()
}

fn read_all<'a>(bytes: &'a [u8]) -> Vec<Result<Message<'a>, DecodeWarning>> {
    Frames::new(bytes)
        .flat_map(|event| match event {
            Event::Frame(frame) => Messages::new(&frame),
            Event::Warning(warning) => panic!("{warning}"),
        })
        .collect()
}

#[test]
fn every_message_survives() {
    let sent = one_of_each();
    assert_eq!(sent.len(), Message::IDS.len(), "the list is complete");
    let bytes = frame_of(&sent);
    let received: Vec<_> = read_all(&bytes).into_iter().map(Result::unwrap).collect();
    assert_eq!(received, sent);
}

#[test]
fn bodies_are_the_ones_of_version_1() {
    // A changed line here is a broken promise: give the new shape a new id.
    let listing: String = one_of_each()
        .iter()
        .map(|message| {
            let bytes = frame_of(&[*message]);
            let body = &bytes[trace_format::frame::HEADER_LENGTH + MESSAGE_HEADER_LENGTH..];
            let hex: String = body.iter().map(|byte| format!("{byte:02x}")).collect();
            let (id, name) = Message::IDS[usize::from(message.id()) - 1];
            format!("{id} {name} {hex}\n")
        })
        .collect();
    insta::assert_snapshot!(listing);
}

#[test]
fn an_unknown_message_is_skipped_with_a_warning() {
    let messages = one_of_each();
    let mut bytes = frame_of(&messages[..2]);
    let id_at = trace_format::frame::HEADER_LENGTH;
    bytes[id_at..id_at + 2].copy_from_slice(&0x7777u16.to_le_bytes());
    reseal(&mut bytes);
    let read = read_all(&bytes);
    assert_eq!(
        read[0],
        Err(DecodeWarning::UnknownMessage {
            sequence: 0,
            id: 0x7777
        })
    );
    assert_eq!(read[1], Ok(messages[1]));
}

#[test]
fn a_body_with_bytes_left_over_is_malformed() {
    let mut bytes = frame_of(&one_of_each()[..2]);
    let id_at = trace_format::frame::HEADER_LENGTH;
    // The session's body read as a thread declaration leaves bytes over.
    bytes[id_at..id_at + 2].copy_from_slice(&ProcessExited::ID.to_le_bytes());
    reseal(&mut bytes);
    let read = read_all(&bytes);
    assert!(matches!(
        read[0],
        Err(DecodeWarning::MalformedMessage { id: 19, .. })
    ));
    assert!(read[1].is_ok());
}

#[test]
fn a_message_that_does_not_fit_leaves_the_frame_as_it_was() {
    let mut buffer = [0; 96];
    let mut frame = ControlFrame::new(&mut buffer);
    let small = ProcessExited { pid: 1, code: 0 };
    frame.push(&small).unwrap();
    let long = Panicked {
        time: 0,
        message: "far too long a message for what is left of this buffer",
        location: "",
        open_spans: 0,
    };
    assert_eq!(frame.push(&long), Err(trace_format::FrameFull));
    let bytes = frame.finish(origin(0), 0).to_vec();
    assert_eq!(read_all(&bytes), [Ok(Message::ProcessExited(small))]);
}

fn reseal(frame: &mut [u8]) {
    use trace_format::frame::{CRC_OFFSET, HEADER_LENGTH};
    let mut covered = frame[..CRC_OFFSET].to_vec();
    covered.extend_from_slice(&frame[HEADER_LENGTH..]);
    let crc = trace_format::crc32c(&covered);
    frame[CRC_OFFSET..HEADER_LENGTH].copy_from_slice(&crc.to_le_bytes());
}
