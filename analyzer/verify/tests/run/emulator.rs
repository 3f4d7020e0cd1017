//! What an audit boot leaves beside its stream: a kernel image with one probe site,
//! and the log of an emulator that executed just what the stream says.

use std::path::Path;

use trace_format::control::Message;
use trace_format::decode::{Messages, SpanColumns, read_records};
use trace_format::{FrameKind, Instant};

use crate::artifact::raw;
use crate::stream::frames;

/// Where the code lies.
pub const TEXT: u64 = 0xFFFF_FFFF_8020_0000;

/// `nop`, `rdtsc`, `fxsave64 [rdi]`, `nop`.
const CODE: [u8; 8] = [0x90, 0x0F, 0x31, 0x48, 0x0F, 0xAE, 0x07, 0x90];
const SITE: u64 = TEXT + 1;
const FXSAVE: u64 = TEXT + 3;
const OTHER: u64 = TEXT;

/// The range that the emulator must have been asked to log.
pub fn range() -> String {
    format!("{TEXT:#x}..{:#x}", TEXT + CODE.len() as u64 - 1)
}

/// Words that the streams of the run declare, as a compiler leaves them in an image.
fn words() -> Vec<u8> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let golden = package.join("../../tests/golden/ring-segments-v1.ktrace");
    // A later kernel's, which has more capabilities.
    let audited = package.join("tests/run/audit-v1.ktrace");
    let streams = [raw(&golden), raw(&audited)];
    let mut words = Vec::new();
    for raw in streams.iter().flat_map(|stream| frames(stream)) {
        if raw.frame.header.kind != FrameKind::Control {
            continue;
        }
        for message in Messages::new(&raw.frame).map(Result::unwrap) {
            let said = match message {
                Message::Session(session) => vec![session.kernel, session.build_id],
                Message::SegmentDeclared(segment) => vec![segment.name],
                Message::InterfaceDeclared(interface) => vec![interface.name],
                Message::CounterDeclared(counter) => vec![counter.name, counter.unit],
                Message::InstantDeclared(instant) => vec![instant.name, instant.a, instant.b],
                _ => Vec::new(),
            };
            words.extend(said.concat().into_bytes());
        }
    }
    words
}

/// An ELF image of that code with its site.
pub fn image() -> Vec<u8> {
    let names = b"\0.text\0.capbench.sites\0.shstrtab\0";
    let sites = SITE.to_le_bytes();
    let sections: [(u32, u32, u64, &[u8]); 3] =
        [(1, 1, TEXT, &CODE), (7, 1, 0, &sites), (23, 3, 0, names)];
    let mut image = vec![0x7F, b'E', b'L', b'F', 2, 1, 1];
    image.resize(64, 0);
    let mut table = vec![0; 64];
    for (name, kind, address, content) in sections {
        table.extend(name.to_le_bytes());
        table.extend(kind.to_le_bytes());
        // Flags, address, offset, size, and nothing more.
        table.extend(0u64.to_le_bytes());
        table.extend(address.to_le_bytes());
        table.extend((image.len() as u64).to_le_bytes());
        table.extend((content.len() as u64).to_le_bytes());
        table.extend([0; 24]);
        image.extend(content);
    }
    let offset = image.len() as u64;
    image.extend(table);
    image.extend(words());
    image[16..18].copy_from_slice(&2u16.to_le_bytes());
    image[18..20].copy_from_slice(&62u16.to_le_bytes());
    image[20..24].copy_from_slice(&1u32.to_le_bytes());
    image[0x28..0x30].copy_from_slice(&offset.to_le_bytes());
    image[0x34..0x36].copy_from_slice(&64u16.to_le_bytes());
    image[0x3A..0x3C].copy_from_slice(&64u16.to_le_bytes());
    image[0x3C..0x3E].copy_from_slice(&4u16.to_le_bytes());
    image[0x3E..0x40].copy_from_slice(&3u16.to_le_bytes());
    image
}

/// The log of a boot that sent `stream`, with three readings of a calibration
/// before it. Where the kernel is not at work, nothing is logged.
pub fn log(stream: &[u8]) -> Vec<u8> {
    let (mut times, mut intervals) = (Vec::new(), Vec::new());
    for raw in frames(stream) {
        if raw.frame.header.kind == FrameKind::Spans {
            let mut columns = SpanColumns::default();
            columns.read(&raw.frame).unwrap();
            let spans = (0..columns.len()).map(|index| columns.span(index));
            intervals.extend(spans.map(|span| (span.start, span.start + span.duration)));
        }
    }
    times.extend(instants(stream));
    times.extend(intervals.iter().flat_map(|&(start, end)| [start, end]));
    times.sort_unstable();
    times.dedup();
    intervals.sort_unstable();
    let (mut intervals, mut busy_until) = (intervals.into_iter().peekable(), 0);
    let mut log = Vec::new();
    let mut execute = |address: u64| {
        let line = format!("Trace 0: 0x7f00 [0/{address:016x}/0/0] kernel\n");
        log.extend(line.into_bytes());
    };
    (0..3).for_each(|_| execute(SITE));
    for pair in times.windows(2) {
        let (now, next) = (pair[0], pair[1]);
        while let Some((_, end)) = intervals.next_if(|&(start, _)| start <= now) {
            busy_until = busy_until.max(end);
        }
        execute(SITE);
        if busy_until > now {
            // One of the instructions between two readings saves the FPU.
            for number in 1..next - now {
                execute(if number == 1 { FXSAVE } else { OTHER });
            }
        }
    }
    execute(SITE);
    log
}

/// The times of a stream's instants.
pub fn instants(stream: &[u8]) -> Vec<u64> {
    let frames = frames(stream).into_iter();
    let frames = frames.filter(|raw| raw.frame.header.kind == FrameKind::Instants);
    let instants = frames.flat_map(|raw| {
        let mut instants: Vec<Instant> = Vec::new();
        read_records(&raw.frame, &mut instants).unwrap();
        instants
    });
    instants.map(|instant| instant.time).collect()
}
