//! Calls between processes, raw: the submissions, and where a received call says what.

use guest_abi::ring::{RECV_HEADER_LENGTH, Sqe, opcode};

/// Waits for a call. `buffer` takes the header, the parameters and the records of
/// capabilities.
pub fn receive(endpoint: u32, buffer: &mut [u64], user_data: u64) -> Sqe {
    Sqe {
        opcode: opcode::RECV,
        cap_id: endpoint,
        user_data,
        result_addr: buffer.as_mut_ptr() as u64,
        result_len: size_of_val(buffer) as u32,
        ..Sqe::default()
    }
}

/// Answers a call with `length` bytes, behind which are `transfers` descriptors.
pub fn answer(
    endpoint: u32,
    call_id: u32,
    payload: *const u64,
    length: u32,
    transfers: u16,
    user_data: u64,
) -> Sqe {
    Sqe {
        opcode: opcode::RETURN,
        cap_id: endpoint,
        call_id,
        user_data,
        addr: payload as u64,
        len: length,
        xfer_cap_count: transfers,
        ..Sqe::default()
    }
}

/// A received call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Interface of the caller's hold.
    pub interface_id: u64,
    /// Method that was called.
    pub method: u16,
    /// Bytes of parameters.
    pub length: u32,
}

/// Words before the parameters.
pub const HEADER_WORDS: usize = RECV_HEADER_LENGTH / 8;

impl Received {
    /// Reads the header that a RECV left in its buffer.
    pub fn read(buffer: &[u64]) -> Self {
        // SAFETY: the buffer is borrowed; read through a pointer because the kernel
        // wrote it behind the compiler's back.
        let word = |at: usize| unsafe { (&raw const buffer[at]).read_volatile() };
        Self {
            interface_id: word(0),
            method: word(1) as u16,
            length: (word(1) >> 32) as u32,
        }
    }
}
