//! Cap'n Proto messages between a caller's memory and the kernel.
//!
//! Parameters are copied in whole before anything is read, so a caller cannot
//! change them under the reader, and read in place from the copy, any number of
//! segments, with the `capnp` crate's bounds and limits. Results are built in the
//! scratch and copied out with their segment table.

use super::CallError;
use super::exception::Exception;
use super::scratch::bytes_mut;
use crate::arch::user_copy::{self, BadAddress};
use capnp::message::{Builder, Reader, ReaderOptions, ScratchSpaceHeapAllocator};
use capnp::serialize::{NoAllocSliceSegments, read_message_from_flat_slice_no_alloc};
use capnp::traits::FromPointerReader;
use core::cell::OnceCell;
use guest_abi::ring::ResultCap;

/// A parameter message.
pub struct Message<'a> {
    bytes: &'a [u8],
    reader: OnceCell<Reader<NoAllocSliceSegments<'a>>>,
}

impl<'a> Message<'a> {
    /// No bytes yet. In place, because a message is too large to be moved about.
    #[inline(always)]
    pub const fn new() -> Self {
        Self {
            bytes: &[],
            reader: OnceCell::new(),
        }
    }

    /// Copies a caller's parameters.
    #[inline(always)]
    pub fn copy_in(
        &mut self,
        scratch: &'a mut [u64],
        address: u64,
        length: u32,
    ) -> Result<(), BadAddress> {
        let bytes = bytes_mut(scratch)
            .get_mut(..length as usize)
            .ok_or(BadAddress)?;
        if length != 0 {
            user_copy::read(bytes, address)?;
        }
        self.bytes = bytes;
        Ok(())
    }

    /// The message's root.
    #[inline]
    pub fn root<'m, T: FromPointerReader<'m>>(&'m self) -> Result<T, Exception> {
        if self.reader.get().is_none() {
            let mut bytes = self.bytes;
            let reader = read_message_from_flat_slice_no_alloc(&mut bytes, ReaderOptions::new())?;
            let _ = self.reader.set(reader);
        }
        let reader = self.reader.get().expect("just set");
        Ok(reader.get_root()?)
    }
}

impl From<capnp::Error> for Exception {
    fn from(_: capnp::Error) -> Self {
        Self::invalid_argument("the parameters are no valid message")
    }
}

impl From<core::str::Utf8Error> for Exception {
    fn from(_: core::str::Utf8Error) -> Self {
        Self::invalid_argument("a text is not UTF-8")
    }
}

/// Writes a result into a caller's memory.
pub struct Encoder<'a> {
    /// First segment of the message.
    pub scratch: &'a mut [u64],
    /// Where the caller wants the result.
    pub address: u64,
    /// Room there.
    pub room: u32,
}

impl Encoder<'_> {
    /// Builds a message and copies it out, followed by records of result
    /// capabilities. Bytes of the message.
    #[inline]
    pub fn write(
        &mut self,
        capabilities: &[ResultCap],
        build: impl FnOnce(&mut Builder<ScratchSpaceHeapAllocator<'_>>) -> Result<(), capnp::Error>,
    ) -> Result<usize, CallError> {
        let allocator = ScratchSpaceHeapAllocator::new(bytes_mut(self.scratch));
        let mut builder = Builder::new(allocator);
        build(&mut builder).map_err(|_| CallError::Result)?;
        let segments = builder.get_segments_for_output();
        let table_words = (segments.len() + 2) / 2;
        let payload: usize = segments.iter().map(|segment| segment.len()).sum();
        let length = table_words * 8 + payload;
        if length + size_of_val(capabilities) > self.room as usize {
            return Err(CallError::Result);
        }
        let mut at = self.address;
        for word in 0..table_words {
            let entry = |index: usize| match index {
                0 => segments.len() as u64 - 1,
                _ => segments.get(index - 1).map_or(0, |s| s.len() as u64 / 8),
            };
            let pair = entry(2 * word) | entry(2 * word + 1) << 32;
            put(&mut at, &pair.to_le_bytes())?;
        }
        for segment in segments.iter() {
            put(&mut at, segment)?;
        }
        for capability in capabilities {
            let mut record = [0; 16];
            record[..4].copy_from_slice(&capability.cap_id.to_le_bytes());
            record[8..].copy_from_slice(&capability.interface_id.to_le_bytes());
            put(&mut at, &record)?;
        }
        Ok(length)
    }
}

#[inline]
fn put(at: &mut u64, bytes: &[u8]) -> Result<(), CallError> {
    user_copy::write(*at, bytes).map_err(|_| CallError::Result)?;
    *at += bytes.len() as u64;
    Ok(())
}
