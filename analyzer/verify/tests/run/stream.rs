//! Hands that change one thing in a stream and leave every CRC right.

use trace_format::control::{ControlFrame, Message};
use trace_format::decode::{Event, Frame, Frames, Messages, SpanColumns, read_records};
use trace_format::{DecodeWarning, FrameKind, Origin, RecordFrame, Root, Sample, Span, SpanFrame};

/// Longest frame there is.
const FRAME: usize = 1 << 16;

/// One frame of a stream, with its bytes as they stand there.
pub struct Raw<'a> {
    pub frame: Frame<'a>,
    pub bytes: &'a [u8],
}

/// The frames of an undamaged stream.
pub fn frames(stream: &[u8]) -> Vec<Raw<'_>> {
    let mut at = 0;
    Frames::new(stream)
        .filter_map(|event| {
            let frame = match event {
                Event::Frame(frame) => frame,
                // Between two of its numbers a frame was taken out.
                Event::Warning(DecodeWarning::Missing { .. }) => return None,
                other => panic!("an undamaged stream: {other:?}"),
            };
            let begin = at;
            at += frame.header.frame_length();
            let bytes = &stream[begin..at];
            Some(Raw { frame, bytes })
        })
        .collect()
}

/// Each message changed or left out, and others behind those of the first frame.
pub fn messages(
    stream: &[u8],
    extra: &[Message],
    mut change: impl for<'a> FnMut(Message<'a>) -> Option<Message<'a>>,
) -> Vec<u8> {
    let mut extra = Some(extra);
    each(stream, FrameKind::Control, |frame| {
        let mut buffer = vec![0; FRAME];
        let mut control = ControlFrame::new(&mut buffer);
        let kept = Messages::new(frame).filter_map(|message| change(message.unwrap()));
        for message in kept.chain(extra.take().into_iter().flatten().copied()) {
            message.push_to(&mut control).unwrap();
        }
        let header = &frame.header;
        control.finish(header.origin, header.first_time).to_vec()
    })
}

/// The first message that `is_it` in front of itself once more.
pub fn repeated(stream: &[u8], is_it: impl Fn(&Message) -> bool) -> Vec<u8> {
    let mut first = true;
    each(stream, FrameKind::Control, |frame| {
        let mut buffer = vec![0; FRAME];
        let mut control = ControlFrame::new(&mut buffer);
        for message in Messages::new(frame).map(Result::unwrap) {
            message.push_to(&mut control).unwrap();
            if is_it(&message) && std::mem::take(&mut first) {
                message.push_to(&mut control).unwrap();
            }
        }
        let header = &frame.header;
        control.finish(header.origin, header.first_time).to_vec()
    })
}

/// Each sample changed.
pub fn samples(stream: &[u8], mut change: impl FnMut(&mut Sample)) -> Vec<u8> {
    each(stream, FrameKind::Samples, |frame| {
        let mut samples: Vec<Sample> = Vec::new();
        read_records(frame, &mut samples).unwrap();
        let mut buffer = vec![0; FRAME];
        let mut records = RecordFrame::new(&mut buffer);
        for mut sample in samples {
            change(&mut sample);
            records.push(&sample).unwrap();
        }
        records.finish(frame.header.origin).to_vec()
    })
}

/// A span or a root.
#[derive(Clone, Copy, PartialEq)]
pub enum Record {
    Span(Span),
    Root(Root),
}

/// Each span and root changed. A frame in which none was stays as it stands: a
/// kernel fills its frames a little tighter than can be done here.
pub fn spans(stream: &[u8], mut change: impl FnMut(&mut Record)) -> Vec<u8> {
    let mut out = Vec::new();
    for Raw { frame, bytes } in frames(stream) {
        if frame.header.kind != FrameKind::Spans {
            out.extend(bytes);
            continue;
        }
        let before = records(&frame);
        let mut after = before.clone();
        after.iter_mut().for_each(&mut change);
        if after == before {
            out.extend(bytes);
            continue;
        }
        out.extend(packed(&frame, &after));
    }
    out
}

fn packed(frame: &Frame, records: &[Record]) -> Vec<u8> {
    let mut buffer = vec![0; FRAME];
    let mut packed = SpanFrame::new(&mut buffer);
    for record in records {
        match record {
            Record::Span(span) => packed.push_span(*span).unwrap(),
            Record::Root(root) => packed.push_root(root).unwrap(),
        }
    }
    packed.finish(frame.header.origin).to_vec()
}

fn records(frame: &Frame) -> Vec<Record> {
    let mut columns = SpanColumns::default();
    columns.read(frame).unwrap();
    let mut roots = columns.roots.iter().peekable();
    (0..columns.len())
        .map(
            |index| match roots.next_if(|root| root.index as usize == index) {
                Some(root) => Record::Root(columns.root(root)),
                None => Record::Span(columns.span(index)),
            },
        )
        .collect()
}

/// Each frame's origin changed.
pub fn origins(stream: &[u8], mut change: impl FnMut(FrameKind, &mut Origin)) -> Vec<u8> {
    let mut out = Vec::new();
    for Raw { frame, bytes } in frames(stream) {
        let mut header = frame.header;
        change(header.kind, &mut header.origin);
        let mut bytes = bytes.to_vec();
        header.seal(&mut bytes);
        out.extend(bytes);
    }
    out
}

fn each(stream: &[u8], kind: FrameKind, mut change: impl FnMut(&Frame) -> Vec<u8>) -> Vec<u8> {
    let mut out = Vec::new();
    for Raw { frame, bytes } in frames(stream) {
        if frame.header.kind == kind {
            out.extend(change(&frame));
        } else {
            out.extend(bytes);
        }
    }
    out
}

#[test]
fn nothing_changed_is_nothing_changed() {
    let golden = include_bytes!("../../../../tests/golden/ring-segments-v1.ktrace");
    let stream = zstd::decode_all(&golden[..]).unwrap();
    assert_eq!(messages(&stream, &[], |message| Some(message)), stream);
    assert_eq!(samples(&stream, |_| {}), stream);
    assert_eq!(origins(&stream, |_, _| {}), stream);
}

/// The stream without its frames of one kind; the others are numbered anew.
pub fn without(stream: &[u8], kind: FrameKind) -> Vec<u8> {
    let kept = frames(stream).into_iter();
    let kept = kept.filter(|raw| raw.frame.header.kind != kind);
    let kept: Vec<u8> = kept.flat_map(|raw| raw.bytes.to_vec()).collect();
    let mut sequence = 0..;
    origins(&kept, &mut |_, origin: &mut Origin| {
        origin.sequence = sequence.next().expect("it does not end");
    })
}
