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
use capnp::message::{Builder, Reader, ReaderOptions, SingleSegmentAllocator};
use capnp::serialize::{NoAllocSliceSegments, read_message_from_flat_slice_no_alloc};
use capnp::traits::{FromPointerReader, HasStructSize};
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
    /// Where the message is built.
    pub scratch: &'a mut [u64],
    /// Where the caller wants the result.
    pub address: u64,
    /// Room there.
    pub room: u32,
}

/// Words of a message whose root is such a structure, without what its pointers
/// lead to.
pub const fn root_words<T: HasStructSize>() -> usize {
    1 + T::STRUCT_SIZE.data as usize + T::STRUCT_SIZE.pointers as usize
}

/// Words of a text of this many bytes.
pub const fn text_words(length: usize) -> usize {
    (length + 1).div_ceil(8)
}

impl Encoder<'_> {
    /// Builds a message of at most `words` words, in one segment and without the
    /// heap, and copies it out, followed by records of result capabilities. Bytes
    /// of the message.
    ///
    /// # Panics
    ///
    /// If the message needs more words than stated.
    #[inline]
    pub fn write(
        &mut self,
        words: usize,
        capabilities: &[ResultCap],
        build: impl FnOnce(&mut Builder<SingleSegmentAllocator<'_>>),
    ) -> Result<usize, CallError> {
        let scratch = self.scratch.get_mut(..words).ok_or(CallError::Result)?;
        let mut builder = Builder::new(SingleSegmentAllocator::new(bytes_mut(scratch)));
        build(&mut builder);
        let segments = builder.get_segments_for_output();
        let segment = segments[0];
        // One segment: a table of one word.
        let length = size_of::<u64>() + segment.len();
        if length + size_of_val(capabilities) > self.room as usize {
            return Err(CallError::Result);
        }
        let table = (segment.len() as u64 / 8) << 32;
        let mut at = self.address;
        put(&mut at, &table.to_le_bytes())?;
        put(&mut at, segment)?;
        for capability in capabilities {
            put(&mut at, &capability.to_bytes())?;
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
