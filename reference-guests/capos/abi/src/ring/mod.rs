//! The capability ring: one page with a submission and a completion queue.
//!
//! The page is writable by the program. Whoever serves it uses the constants
//! here and never the masks and offsets in the page's header, and treats every
//! index and entry read from it as hostile.

mod entry;
mod message;
mod validate;

pub use entry::{Cqe, CqeFlags, Sqe, SqeFlags};
pub use message::{RECV_HEADER_LENGTH, ResultCap, TransferDescriptor, TransferMode, recv_header};
pub use validate::{RequestError, validate};

/// Entries of the submission queue.
pub const SQ_ENTRIES: u32 = 16;
/// Entries of the completion queue.
pub const CQ_ENTRIES: u32 = 32;
/// Offset of the submission queue's entries in the page.
pub const SQE_OFFSET: usize = 128;
/// Offset of the completion queue's entries in the page.
pub const CQE_OFFSET: usize = 1152;

/// The start of the page. Heads and tails run freely and are masked on use.
#[derive(Debug)]
#[repr(C)]
pub struct Header {
    /// Next submission to consume; written by the kernel.
    pub sq_head: u32,
    /// Next free submission slot; written by the program.
    pub sq_tail: u32,
    /// `SQ_ENTRIES - 1`.
    pub sq_mask: u32,
    /// [`SQ_ENTRIES`].
    pub sq_entries: u32,
    /// Bit 0: the kernel wants a wake-up call. Kept clear.
    pub sq_flags: u32,
    /// Next completion to read; written by the program.
    pub cq_head: u32,
    /// Next free completion slot; written by the kernel.
    pub cq_tail: u32,
    /// `CQ_ENTRIES - 1`.
    pub cq_mask: u32,
    /// [`CQ_ENTRIES`].
    pub cq_entries: u32,
    /// No flags are defined.
    pub cq_flags: u32,
    /// Completions dropped because the queue was full.
    pub cq_overflow: u32,
    /// [`SQE_OFFSET`].
    pub sqe_offset: u32,
    /// [`CQE_OFFSET`].
    pub cqe_offset: u32,
}

impl Header {
    /// The header of a fresh page.
    pub const fn new() -> Self {
        Self {
            sq_head: 0,
            sq_tail: 0,
            sq_mask: SQ_ENTRIES - 1,
            sq_entries: SQ_ENTRIES,
            sq_flags: 0,
            cq_head: 0,
            cq_tail: 0,
            cq_mask: CQ_ENTRIES - 1,
            cq_entries: CQ_ENTRIES,
            cq_flags: 0,
            cq_overflow: 0,
            sqe_offset: SQE_OFFSET as u32,
            cqe_offset: CQE_OFFSET as u32,
        }
    }
}

impl Default for Header {
    fn default() -> Self {
        Self::new()
    }
}

/// Operations of a submission.
pub mod opcode {
    /// Invoke a method of a capability.
    pub const CALL: u8 = 0;
    /// Answer a received call.
    pub const RETURN: u8 = 1;
    /// Receive a call on an endpoint.
    pub const RECV: u8 = 2;
    /// Drop a capability.
    pub const RELEASE: u8 = 3;
    /// Reserved; always unsupported.
    pub const FINISH: u8 = 4;
    /// Complete at once.
    pub const NOP: u8 = 5;
    /// Cancel a receive.
    pub const CANCEL: u8 = 6;
    /// Compact park-shaped operation of measurement kernels.
    pub const PARK_BENCH: u8 = 7;
    /// Wait on a word.
    pub const PARK: u8 = 8;
    /// Wake waiters of a word.
    pub const UNPARK: u8 = 9;
}

/// Negative results of a completion.
pub mod result {
    /// The submission breaks a wire rule.
    pub const INVALID_REQUEST: i32 = -1;
    /// The parameter buffer cannot be read.
    pub const INVALID_PARAMS_BUFFER: i32 = -2;
    /// The result buffer cannot be written or is too small.
    pub const INVALID_RESULT_BUFFER: i32 = -3;
    /// No live capability has this id.
    pub const INVOKE_FAILED: i32 = -4;
    /// The operation is not offered.
    pub const UNSUPPORTED_OPCODE: i32 = -5;
    /// The target takes no transferred capabilities.
    pub const TRANSFER_NOT_SUPPORTED: i32 = -6;
    /// A transfer descriptor is malformed.
    pub const INVALID_TRANSFER_DESCRIPTOR: i32 = -7;
    /// A transfer was rolled back.
    pub const TRANSFER_ABORTED: i32 = -8;
    /// A `CapException` is in the result buffer.
    pub const APPLICATION_EXCEPTION: i32 = -9;
    /// A `CapException` did not fit into the result buffer.
    pub const APPLICATION_EXCEPTION_TRUNCATED: i32 = -10;
}

const _: () = {
    assert!(size_of::<Header>() == 52);
    assert!(SQE_OFFSET + SQ_ENTRIES as usize * size_of::<Sqe>() == CQE_OFFSET);
    assert!(CQE_OFFSET + CQ_ENTRIES as usize * size_of::<Cqe>() == 2176);
};
