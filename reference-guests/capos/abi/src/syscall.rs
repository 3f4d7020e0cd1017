//! System-call numbers and special results.
//!
//! `syscall` with the number in RAX, arguments in RDI and RSI, result in RAX.
//! Only RAX, RCX, R11 and the flags change; everything else is preserved, the
//! XMM registers included.

/// The retired ambient write; always answers [`REJECTED`].
pub const RETIRED_WRITE: u64 = 0;
/// `exit(code: i64)`; does not return.
pub const EXIT: u64 = 1;
/// `cap_enter(min_complete: u32, timeout_ns: u64)`.
pub const CAP_ENTER: u64 = 2;
/// `checkpoint(id, metadata)`; 0 when accepted.
pub const CHECKPOINT: u64 = 3;

/// The call was refused and changed nothing.
pub const REJECTED: u64 = u64::MAX;
/// The head of the submission queue belongs to another thread.
pub const THREAD_OWNED_HEAD: u64 = u64::MAX - 2;
/// Another consumer owns the submission queue.
pub const CONSUMER_BUSY: u64 = u64::MAX - 3;

/// Timeout that never passes.
pub const TIMEOUT_FOREVER: u64 = u64::MAX;
