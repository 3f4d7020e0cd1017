//! Records of one fixed size out of a frame.

use super::Frame;
use crate::{FixedRecord, RecordError};
use alloc::vec::Vec;

/// Appends the frame's records to `records` and returns how many they were.
/// Records before a malformed one are kept.
///
/// # Panics
///
/// If the frame is of another kind.
pub fn read_records<R: FixedRecord>(
    frame: &Frame<'_>,
    records: &mut Vec<R>,
) -> Result<usize, RecordError> {
    assert_eq!(frame.header.kind, R::KIND);
    let count = frame.header.record_count as usize;
    let before = records.len();
    for bytes in frame.payload.chunks_exact(R::LENGTH).take(count) {
        records.push(R::read(bytes)?);
    }
    if frame.payload.len() != count * R::LENGTH {
        return Err(RecordError::Count);
    }
    Ok(records.len() - before)
}
