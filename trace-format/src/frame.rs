//! The frame header: where a frame came from, what it holds, what was lost
//! before it.
//!
//! Cost: [`HEADER_LENGTH`] bytes for up to [`FRAME_LENGTH_MAX`] bytes of
//! frame. Losses are cumulative, so a frame that is lost itself takes no loss
//! count with it.

use crate::crc32c::Crc32c;

/// First bytes of every frame; what a decoder looks for after damage.
pub const MAGIC: [u8; 4] = *b"CBKT";

/// Version of the whole format. A decoder refuses others by name.
pub const VERSION: u8 = 1;

/// Length of the header in bytes.
pub const HEADER_LENGTH: usize = 64;

/// Longest frame, header included. It bounds what a decoder must hold at once
/// and what a corrupt length can make it believe.
pub const FRAME_LENGTH_MAX: usize = 64 * 1024;

/// Offset of the CRC32C, which covers the header before it and the payload.
pub const CRC_OFFSET: usize = 60;

/// The kind of a frame's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum FrameKind {
    /// Spans and dispatch roots in commit order ([`crate::span`]).
    Spans = 1,
    /// Samples of benchmark windows ([`crate::Sample`]).
    Samples = 2,
    /// Counter readings ([`crate::Counter`]).
    Counters = 3,
    /// Instants, context switches among them ([`crate::Instant`]).
    Instants = 4,
    /// Control messages ([`crate::control`]).
    Control = 5,
    /// Sampled program counters ([`crate::PcSample`]).
    PcSamples = 6,
}

impl FrameKind {
    /// Every kind of this version.
    pub const ALL: [FrameKind; 6] = [
        FrameKind::Spans,
        FrameKind::Samples,
        FrameKind::Counters,
        FrameKind::Instants,
        FrameKind::Control,
        FrameKind::PcSamples,
    ];

    /// The kind behind a byte of the header, if this version knows it.
    pub const fn from_byte(byte: u8) -> Option<FrameKind> {
        Some(match byte {
            1 => FrameKind::Spans,
            2 => FrameKind::Samples,
            3 => FrameKind::Counters,
            4 => FrameKind::Instants,
            5 => FrameKind::Control,
            6 => FrameKind::PcSamples,
            _ => return None,
        })
    }
}

/// The execution context a ring belongs to. Each has its own ring, so that
/// nesting needs no atomic operation.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[repr(u8)]
pub enum Context {
    /// Ordinary kernel code.
    Thread = 0,
    /// Maskable interrupt handlers.
    Irq = 1,
    /// Non-maskable interrupt handlers.
    Nmi = 2,
}

impl Context {
    /// Every context, in the order of its byte.
    pub const ALL: [Context; 3] = [Context::Thread, Context::Irq, Context::Nmi];

    /// The context behind a byte of the header.
    pub const fn from_byte(byte: u8) -> Option<Context> {
        Some(match byte {
            0 => Context::Thread,
            1 => Context::Irq,
            2 => Context::Nmi,
            _ => return None,
        })
    }
}

/// Records lost before this frame by the source it drains (its kind, CPU and
/// context), since the start of the stream, by cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Lost {
    /// The ring was full and its mode keeps the oldest.
    pub ring_full: u64,
    /// The ring was full and its mode keeps the newest.
    pub overwritten: u64,
    /// The record left its ring but the transport refused its frame.
    pub transport: u64,
}

impl Lost {
    /// Records lost from any cause.
    pub const fn total(&self) -> u64 {
        self.ring_full + self.overwritten + self.transport
    }
}

/// The place and order of a frame in its stream, as its sender states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    /// CPU whose ring the frame drains.
    pub cpu: u16,
    /// Context whose ring the frame drains.
    pub context: Context,
    /// Number of frames sent before this one in the stream, modulo 2³².
    pub sequence: u32,
    /// Losses of the frame's source so far.
    pub lost: Lost,
}

/// A decoded header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FrameHeader {
    /// The kind of the records.
    pub kind: FrameKind,
    /// Where they come from.
    pub origin: Origin,
    /// Number of records in the payload.
    pub record_count: u32,
    /// Length of the payload in bytes.
    pub payload_length: u32,
    /// Time base in TSC ticks: the end of the first span, the time of the
    /// first record of any other kind, the time of writing for control frames.
    pub first_time: u64,
}

/// Why bytes are no frame header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HeaderError {
    /// The magic is not there.
    NoMagic,
    /// The magic is there, the version is another one.
    Version(u8),
    /// A field holds a value that no encoder writes.
    Field(&'static str),
}

impl FrameHeader {
    /// Length of the whole frame in bytes.
    pub const fn frame_length(&self) -> usize {
        HEADER_LENGTH + self.payload_length as usize
    }

    /// Reads a header. The CRC is not checked here: it needs the payload too.
    pub fn parse(bytes: &[u8; HEADER_LENGTH]) -> Result<FrameHeader, HeaderError> {
        if bytes[..4] != MAGIC {
            return Err(HeaderError::NoMagic);
        }
        if bytes[4] != VERSION {
            return Err(HeaderError::Version(bytes[4]));
        }
        let kind = FrameKind::from_byte(bytes[5]).ok_or(HeaderError::Field("kind"))?;
        let context = Context::from_byte(bytes[6]).ok_or(HeaderError::Field("context"))?;
        if bytes[7] != 0 || read_u16(bytes, 10) != 0 || read_u32(bytes, 56) != 0 {
            return Err(HeaderError::Field("reserved"));
        }
        let payload_length = read_u32(bytes, 20);
        if payload_length as usize > FRAME_LENGTH_MAX - HEADER_LENGTH {
            return Err(HeaderError::Field("payload length"));
        }
        let record_count = read_u32(bytes, 16);
        // No record is shorter than a span word, so a larger count is a lie
        // that would make the decoder reserve memory for nothing.
        if record_count > payload_length / 4 {
            return Err(HeaderError::Field("record count"));
        }
        Ok(FrameHeader {
            kind,
            origin: Origin {
                cpu: read_u16(bytes, 8),
                context,
                sequence: read_u32(bytes, 12),
                lost: Lost {
                    ring_full: read_u64(bytes, 32),
                    overwritten: read_u64(bytes, 40),
                    transport: read_u64(bytes, 48),
                },
            },
            record_count,
            payload_length,
            first_time: read_u64(bytes, 24),
        })
    }

    /// Writes the header and the CRC into the first bytes of `frame`, whose
    /// payload is already in place.
    ///
    /// # Panics
    ///
    /// If `frame` is not exactly as long as the header says.
    pub fn seal(&self, frame: &mut [u8]) {
        assert_eq!(frame.len(), self.frame_length());
        frame[..4].copy_from_slice(&MAGIC);
        frame[4] = VERSION;
        frame[5] = self.kind as u8;
        frame[6] = self.origin.context as u8;
        frame[7] = 0;
        frame[8..10].copy_from_slice(&self.origin.cpu.to_le_bytes());
        frame[10..12].fill(0);
        frame[12..16].copy_from_slice(&self.origin.sequence.to_le_bytes());
        frame[16..20].copy_from_slice(&self.record_count.to_le_bytes());
        frame[20..24].copy_from_slice(&self.payload_length.to_le_bytes());
        frame[24..32].copy_from_slice(&self.first_time.to_le_bytes());
        frame[32..40].copy_from_slice(&self.origin.lost.ring_full.to_le_bytes());
        frame[40..48].copy_from_slice(&self.origin.lost.overwritten.to_le_bytes());
        frame[48..56].copy_from_slice(&self.origin.lost.transport.to_le_bytes());
        frame[56..60].fill(0);
        let crc = frame_crc(frame);
        frame[CRC_OFFSET..HEADER_LENGTH].copy_from_slice(&crc.to_le_bytes());
    }
}

/// CRC32C of a whole frame, its own CRC field left out.
fn frame_crc(frame: &[u8]) -> u32 {
    Crc32c::new()
        .update(&frame[..CRC_OFFSET])
        .update(&frame[HEADER_LENGTH..])
        .finish()
}

pub(crate) fn read_u16(bytes: &[u8], offset: usize) -> u16 {
    u16::from_le_bytes(bytes[offset..offset + 2].try_into().expect("two bytes"))
}

pub(crate) fn read_u32(bytes: &[u8], offset: usize) -> u32 {
    u32::from_le_bytes(bytes[offset..offset + 4].try_into().expect("four bytes"))
}

pub(crate) fn read_u64(bytes: &[u8], offset: usize) -> u64 {
    u64::from_le_bytes(bytes[offset..offset + 8].try_into().expect("eight bytes"))
}
