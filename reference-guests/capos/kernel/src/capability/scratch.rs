//! Buffers for the message at hand.
//!
//! The kernel serves one submission at a time, so one pair of buffers is enough.
//! They live as long as the kernel and are lent out by taking the reference.

use alloc::vec;

/// Longest parameter message: the published scratch of a ring.
const MAX_PARAMETERS: usize = 64 * 1024;
/// Longest result message, in words: a list of all capabilities of a full table.
const RESULT_WORDS: usize = 4096;

/// The buffers.
pub struct Scratch {
    /// Copy of the caller's parameters; capnp wants words.
    pub parameters: &'static mut [u64],
    /// The result being built.
    pub results: &'static mut [u64],
}

impl Scratch {
    /// Empty buffers.
    pub fn new() -> Self {
        Self {
            parameters: vec![0; MAX_PARAMETERS / 8].leak(),
            results: vec![0; RESULT_WORDS].leak(),
        }
    }
}

impl Scratch {
    /// The parameters' bytes.
    pub fn parameter_bytes(&self) -> &[u8] {
        let words = &*self.parameters;
        // SAFETY: bytes have no alignment and no invalid values.
        unsafe { core::slice::from_raw_parts(words.as_ptr().cast(), size_of_val(words)) }
    }
}

/// The bytes of some words.
pub fn bytes_mut(words: &mut [u64]) -> &mut [u8] {
    // SAFETY: bytes have no alignment and no invalid values.
    unsafe { core::slice::from_raw_parts_mut(words.as_mut_ptr().cast(), size_of_val(words)) }
}
