//! Finding intact frames, also after damage.

use crate::frame::{CRC_OFFSET, FrameHeader, HEADER_LENGTH, HeaderError, MAGIC};

/// An intact frame: its CRC matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The header.
    pub header: FrameHeader,
    /// The payload.
    pub payload: &'a [u8],
}

/// What the front of some bytes holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scan<'a> {
    /// An intact frame after `skipped` bytes that belong to none.
    Frame {
        /// The frame.
        frame: Frame<'a>,
        /// Damaged bytes before it.
        skipped: usize,
        /// Bytes to drop from the front before the next scan.
        consumed: usize,
    },
    /// No intact frame yet: drop `skipped` bytes, which belong to none, and
    /// scan again with at least `needed` bytes.
    Incomplete {
        /// Damaged bytes to drop.
        skipped: usize,
        /// Bytes needed, counted after dropping.
        needed: usize,
    },
    /// A frame of another version stands after `skipped` bytes.
    OtherVersion {
        /// Its version.
        version: u8,
        /// Damaged bytes before it.
        skipped: usize,
        /// Bytes to drop to look behind its header.
        consumed: usize,
    },
}

/// Looks for the next intact frame in `bytes`.
///
/// A frame that does not check is left byte by byte: a flipped length must not
/// swallow its neighbours.
pub fn scan(bytes: &[u8]) -> Scan<'_> {
    let mut at = 0;
    loop {
        at += match memchr::memmem::find(&bytes[at..], &MAGIC) {
            Some(distance) => distance,
            None => {
                // The magic may have begun in the last bytes.
                let kept = partial_magic(&bytes[at..]);
                return Scan::Incomplete {
                    skipped: bytes.len() - kept,
                    needed: HEADER_LENGTH,
                };
            }
        };
        let rest = &bytes[at..];
        let Some(header) = rest.first_chunk::<HEADER_LENGTH>() else {
            return Scan::Incomplete {
                skipped: at,
                needed: HEADER_LENGTH,
            };
        };
        match FrameHeader::parse(header) {
            Ok(header) => {
                let length = header.frame_length();
                let Some(frame) = rest.get(..length) else {
                    return Scan::Incomplete {
                        skipped: at,
                        needed: length,
                    };
                };
                if crc_matches(frame) {
                    return Scan::Frame {
                        frame: Frame {
                            header,
                            payload: &frame[HEADER_LENGTH..],
                        },
                        skipped: at,
                        consumed: at + length,
                    };
                }
            }
            Err(HeaderError::Version(version)) => {
                return Scan::OtherVersion {
                    version,
                    skipped: at,
                    consumed: at + MAGIC.len(),
                };
            }
            Err(HeaderError::NoMagic | HeaderError::Field(_)) => {}
        }
        at += 1;
    }
}

/// Length of the longest tail of `bytes` that could begin a magic.
fn partial_magic(bytes: &[u8]) -> usize {
    (1..MAGIC.len())
        .rev()
        .find(|&length| bytes.ends_with(&MAGIC[..length]))
        .unwrap_or(0)
}

fn crc_matches(frame: &[u8]) -> bool {
    let stated = crate::frame::read_u32(frame, CRC_OFFSET);
    let head = ::crc32c::crc32c(&frame[..CRC_OFFSET]);
    ::crc32c::crc32c_append(head, &frame[HEADER_LENGTH..]) == stated
}
